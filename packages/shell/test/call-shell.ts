import { mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRuntime, defineState, END, type Run, type RunResult, type Tool } from '@waystone/core'
import { createMemoryStore, type Store } from '@waystone/core/store'
import { afterEach } from 'vitest'
import { z } from 'zod'
import { shellTool, type AllowRule, type ShellInput, type ShellOutput, type ShellToolOptions } from '../src/index.ts'

const cleanUps: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const work of cleanUps.splice(0).toReversed()) await work()
})

/** Something that is done after the test. */
export function atEnd(work: () => Promise<void>): void {
  cleanUps.push(work)
}

/** A new folder, gone after the test. */
export function newFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'waystone-shell-test-')))
  atEnd(async () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))
  return folder
}

/** How programs are confined. */
export type Level = 'system' | 'process'

/** Programs that tests use. Node is the one that runs the tests. */
export const programs: readonly AllowRule[] = ['cat', 'ls', 'sh', { program: 'node', file: process.execPath }]

/** Options that tests may set. */
export interface CallOptions extends Partial<Omit<ShellToolOptions, 'confinement' | 'network'>> {
  readonly network?: boolean
  readonly readOnly?: boolean
  readonly readable?: readonly string[]
  readonly maxProcesses?: number
  readonly maxMemoryBytes?: number
  readonly maxFileBytes?: number
  readonly secrets?: (name: string) => string | undefined
}

/** What a test runs: an input, or its command alone. */
export type Given = ShellInput | ShellInput['command']

const w = defineState({ output: z.json().optional() })

function isInput(given: Given): given is ShellInput {
  return typeof given === 'object' && 'command' in given
}

/** Starts a run that calls a shell tool once. */
export async function startShell(
  level: Level,
  given: Given,
  { secrets = () => undefined, root = newFolder(), allow = programs, network, ...options }: CallOptions = {},
): Promise<{ readonly run: Run<object>; readonly store: Store }> {
  // A node that asks would need an approval on its way.
  const base = { approval: false, ...options, root, allow }
  const tool =
    level === 'process'
      ? shellTool({ ...base, confinement: 'process', network: true })
      : shellTool({
          ...base,
          ...(network !== undefined && { network }),
          ...(bubblewrap !== undefined && { bubblewrap }),
        })
  return await startTool(tool, given, secrets)
}

async function startTool(
  tool: Tool<string, ShellInput, ShellOutput>,
  given: Given,
  secrets: (name: string) => string | undefined,
): Promise<{ readonly run: Run<object>; readonly store: Store }> {
  const n = w.nodes({
    call: w.tool(tool, {
      input: () => (isInput(given) ? given : { command: given }),
      writes: ['output'],
      apply: (output) => ({ output: { ...output } }),
    }),
  })
  const workflow = w.workflow('one', {
    input: z.object({}),
    output: ['output'],
    nodes: n,
    start: n.call,
    edges: { call: { done: END } },
  })
  const store = createMemoryStore()
  const runtime = createRuntime({ store, secrets })
  atEnd(() => runtime.close())
  return { run: await runtime.start(workflow, { input: {} }), store }
}

/** The end of such a run. */
export async function endOfShell(level: Level, given: Given, options: CallOptions = {}): Promise<RunResult<object>> {
  const { run } = await startShell(level, given, options)
  return await run.result()
}

/** The end of a run that calls a tool once. */
export async function endOfTool(tool: Tool<string, ShellInput, ShellOutput>, given: Given): Promise<RunResult<object>> {
  const { run } = await startTool(tool, given, () => undefined)
  return await run.result()
}

/** How a command ended, which has to be a result. */
export async function callShell(level: Level, given: Given, options: CallOptions = {}): Promise<ShellOutput> {
  const result = await endOfShell(level, given, options)
  if (result.status !== 'completed') throw new TypeError(JSON.stringify(result))
  return (result.output as { readonly output: ShellOutput }).output
}

/** A command that runs a script of Node in the folder. */
export function nodeScript(script: string, ...args: readonly string[]): readonly string[] {
  return ['node', '-e', script, ...args]
}

/** Where bubblewrap is when it is not installed: tests of a jail use it. */
export const bubblewrap = process.env['WAYSTONE_TEST_BWRAP']

/** Ids of processes of this machine whose arguments hold a text. */
export function processesWith(text: string): readonly string[] {
  return readdirSync('/proc').filter((entry) => {
    if (!/^\d+$/.test(entry) || entry === String(process.pid)) return false
    try {
      return readFileSync(`/proc/${entry}/cmdline`, 'utf8').includes(text)
    } catch {
      return false
    }
  })
}
