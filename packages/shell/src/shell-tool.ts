import { defineTool, NodeError, type EffectContext, type Tool } from '@waystone/core'
import { z } from 'zod'
import { readAllowList, type AllowList } from './allow-list.ts'
import { executable, findProgram } from './find-program.ts'
import { folderInside, jailFolder } from './folder.ts'
import type { ShellInput, ShellToolOptions, ShellValue } from './options.ts'
import { readOptions, type CheckedOptions } from './read-options.ts'
import { runProgram } from './run-program.ts'

/** How a command ended. An exit code that is not 0 is a result like any other. */
export interface ShellOutput {
  /** null: it was ended by a signal. */
  readonly exitCode: number | null
  /** Such as `SIGKILL`; null: it ended by itself. */
  readonly signal: string | null
  /** It was ended because its time was over. */
  readonly timedOut: boolean
  /** Of a long one its beginning and end, with a note between them; bytes that are no UTF-8 are replaced. */
  readonly stdout: string
  /** The same of its errors. */
  readonly stderr: string
  /** Bytes of both that are missing. */
  readonly omittedBytes: number
}

const outputSchema = z.object({
  exitCode: z.int().nullable(),
  signal: z.string().nullable(),
  timedOut: z.boolean(),
  stdout: z.string(),
  stderr: z.string(),
  omittedBytes: z.int(),
})

/**
 * Makes a tool that runs programs of an allow-list in a folder. There is no shell in it: arguments reach the program as they are.
 *
 * It is `unsafe` and asks a person before each call of an agent, unless it is told otherwise. Where the machine cannot confine programs
 * as asked, every call fails; nothing is ever run with less.
 *
 * @throws {InputError} WAYSTONE_INPUT_SHELL_OPTIONS
 * @example
 * const shell = shellTool({ root: 'checkout', allow: ['node', { program: 'git', subcommands: ['log', 'diff', 'show'] }] })
 */
export function shellTool<const Name extends string = 'shell'>(
  options: ShellToolOptions<Name>,
): Tool<Name, ShellInput, ShellOutput> {
  const checked = readOptions(options)
  const allow = readAllowList(options.allow)
  return defineTool({
    // Without a name there is no type argument either, so the default of both is the same.
    name: (options.name ?? 'shell') as Name,
    description: describe(checked, allow),
    effect: checked.effect,
    approval: options.approval ?? true,
    secrets: checked.secrets,
    ...(options.version !== undefined && { version: options.version }),
    input: inputSchema(allow),
    output: outputSchema,
    run: (input, context) => runCommand(checked, allow, input, context),
  })
}

function describe({ description, timeoutMs, isNetworked, isReadOnly }: CheckedOptions, allow: AllowList): string {
  return [
    description ?? 'Runs one program in a folder and gives back its exit code and what it wrote.',
    `Allowed: ${allow.text}.`,
    'There is no shell: no pipes, redirections, variables, file patterns or several commands in one.',
    isReadOnly ? 'Nothing in the folder can be changed.' : '',
    isNetworked ? '' : 'The network cannot be reached.',
    `A program is ended after ${timeoutMs / 1000} seconds. It gets no input.`,
  ]
    .filter((sentence) => sentence !== '')
    .join(' ')
}

function inputSchema(allow: AllowList): z.ZodType<ShellInput, ShellInput> {
  return z
    .strictObject({
      command: z
        .union([z.string(), z.array(z.string())])
        .describe('A command line such as: git log --oneline; or a list of the program and its arguments'),
      cwd: z.string().optional().describe('Working folder, relative to the folder of the tool; default that folder'),
    })
    .superRefine(({ command }, issues) => {
      const { refusal } = allow.read(command)
      if (refusal !== undefined) issues.addIssue({ code: 'custom', path: ['command'], message: refusal })
    })
}

async function runCommand(
  checked: CheckedOptions,
  allow: AllowList,
  { command, cwd = '.' }: ShellInput,
  context: EffectContext,
): Promise<ShellOutput> {
  const { signal } = context
  const { program, args, refusal } = allow.read(command)
  if (refusal !== undefined) throw failed(refusal)
  const root = await jailFolder(checked.root)
  const folder = await folderInside(root, cwd)
  const file = await programFile(program, allow.fileOf(program), checked.path)
  const { confinement, timeoutMs, maxOutputBytes, effect } = checked
  const { environment, secrets } = await resolveEnvironment(checked.environment, context)
  const launch = await confinement.launch({ file, args, root, cwd: folder, environment, path: checked.path })
  const { isAborted, isTimedOut, ...end } = await runProgram(launch, { timeoutMs, maxOutputBytes, signal, secrets })
  if (!isAborted) return { ...end, timedOut: isTimedOut }
  if (effect !== 'unsafe') throw signal.reason
  throw new NodeError(
    'WAYSTONE_NODE_OUTCOME_UNKNOWN',
    `${program} was ended before it had finished, and nobody knows what it had done by then`,
  )
}

async function programFile(program: string, file: string | undefined, path: string): Promise<string> {
  const found = file === undefined ? await findProgram(program, path) : await executable(file)
  if (found !== undefined) return found
  throw failed(`program ${JSON.stringify(program)} is not installed: looked at ${file ?? path}`)
}

async function resolveEnvironment(
  environment: { readonly [name: string]: ShellValue },
  context: EffectContext,
): Promise<{ readonly environment: { readonly [name: string]: string }; readonly secrets: readonly string[] }> {
  const resolved = await Promise.all(
    Object.entries(environment).map(
      async ([name, value]) => [name, typeof value === 'string' ? value : await context.secret(value.secret)] as const,
    ),
  )
  const secrets = resolved.flatMap(([name, value]) => (typeof environment[name] === 'string' ? [] : [value]))
  return { environment: Object.fromEntries(resolved), secrets }
}

function failed(message: string): NodeError {
  return new NodeError('WAYSTONE_NODE_SHELL_FAILED', message)
}
