import { readFileSync } from 'node:fs'
import { Command, CommanderError } from 'commander'
import type { CommandDefinition, CommonOptions, Context } from './command.ts'
import { commands, type CommandEntry } from './commands.ts'
import { exitCode, exitCodes, type ExitName } from './exit-codes.ts'
import { createContext } from './context.ts'
import { selfName, type Surroundings } from './surroundings.ts'

/**
 * Runs one command line.
 *
 * Only the sub-command that is asked for is loaded.
 *
 * @param args - without the program and its file
 * @returns the exit code; errors are printed, never thrown
 */
export async function runCommandLine(args: readonly string[], around: Surroundings): Promise<number> {
  try {
    return exitCode(await parse(args, around))
  } catch (error) {
    if (error instanceof CommanderError) return exitCode(error.exitCode === 0 ? 'done' : 'call')
    // Nothing of the program may be needed to say this: it could not even be loaded.
    const { message, stack } = error instanceof Error ? error : { message: String(error), stack: '' }
    around.err.write(`error: ${message}\nThis was not expected. Add --debug to see where it happened.\n`)
    if (args.includes('--debug')) around.err.write(`${stack ?? ''}\n`)
    return exitCode('bug')
  }
}

async function parse(args: readonly string[], around: Surroundings): Promise<ExitName> {
  const asked = args.find((arg) => !arg.startsWith('-'))
  const helped = asked === 'help' ? args.filter((arg) => !arg.startsWith('-'))[1] : asked
  let exit: ExitName = 'done'
  const known = commands.find(({ name }) => name === helped)
  const program = createProgram(around, (text, write) => {
    if (args.includes('--json')) around.out.write(slipJson(text))
    // A slip in a command is explained by the help of that command.
    write(`${text.trimEnd()}\nSee ${selfName(around)} ${known === undefined ? '' : `${known.name} `}--help.\n`)
  })
  for (const entry of commands) {
    const command = program.command(entry.name).description(entry.summary)
    if (entry.name !== helped) continue
    const definition = await entry.load()
    configure(command, entry, { definition, around, onExit: (name) => void (exit = name) })
  }
  await program.parseAsync(args, { from: 'user' })
  return exit
}

/** A slip that commander found, as `--json` gives errors. */
function slipJson(text: string): string {
  const message = text.trim().replace(/^error: /, '')
  return `${JSON.stringify({ error: { name: 'InputError', code: 'WAYSTONE_INPUT_ARGUMENT', message } }, null, 2)}\n`
}

interface Wiring {
  readonly definition: CommandDefinition<never>
  readonly around: Surroundings
  onExit(name: ExitName): void
}

function configure(command: Command, entry: CommandEntry, wiring: Wiring): void {
  const { definition, around } = wiring
  definition.configure(command)
  command
    .option('--store <path>', 'SQLite file of the runs (default: .waystone/runs.db in the project folder)')
    .option('--json', 'print the result as one JSON document')
    .option('--debug', 'print the stack of an unexpected error')
    .addHelpText('after', () => examplesText(definition, around))
    .action(async () => {
      const options = command.opts<CommonOptions>()
      wiring.onExit(await perform(definition, { args: command.args, options, around, name: entry.name }))
    })
}

interface Performance {
  readonly args: readonly string[]
  readonly options: CommonOptions
  readonly around: Surroundings
  readonly name: string
}

async function perform(definition: CommandDefinition<never>, given: Performance): Promise<ExitName> {
  const { context, close } = createContext(given.options, given.around, definition.makesStore === true)
  try {
    // Commander built the options from what this very definition declared.
    return await definition.run(given.args, given.options as never, context)
  } catch (error) {
    const { reportError } = await import('./output/report-error.ts')
    return reportError(error, context, given.options.debug ?? false)
  } finally {
    await close().catch((error: unknown) => warnOfClose(error, context))
  }
}

function warnOfClose(error: unknown, context: Context): void {
  context.note(`closing the store failed: ${error instanceof Error ? error.message : String(error)}`)
}

type OutputError = (text: string, write: (text: string) => void) => void

/** @param outputError - commands take over what is set before they are added */
function createProgram(around: Surroundings, outputError: OutputError): Command {
  const self = selfName(around)
  return new Command('waystone')
    .description('Check, run, look at and replay AI-agent workflows.')
    .usage('COMMAND [ARGUMENTS] [OPTIONS]')
    .helpOption('-h, --help', 'show help; `waystone COMMAND --help` for one command')
    .version(ownVersion(), '--version', 'show the version')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => around.out.write(text),
      writeErr: (text) => around.err.write(text),
      getOutHelpWidth: () => Math.min(around.out.columns, 120),
      getErrHelpWidth: () => Math.min(around.err.columns, 120),
      getOutHasColors: () => false,
      getErrHasColors: () => false,
      outputError,
    })
    .showSuggestionAfterError()
    .addHelpText('after', () => generalText(self))
}

/** Of this package; the file lies one folder above both sources and build. */
function ownVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { readonly version: string }).version
}

function examplesText({ examples }: CommandDefinition<never>, around: Surroundings): string {
  const self = selfName(around)
  const lines = examples.flatMap(([line, does]) => [`  # ${does}`, `  ${self} ${line}`])
  return `\nExamples:\n${lines.join('\n')}\n`
}

function generalText(self: string): string {
  const codes = Object.values(exitCodes).map(({ code, means }) => `  ${String(code).padStart(3)}  ${means}`)
  return `\nExamples:\n  ${self} run workflow.ts --input '{"topic":"tides"}'\n  ${self} show last --why\n\nExit codes:\n${codes.join('\n')}\n`
}
