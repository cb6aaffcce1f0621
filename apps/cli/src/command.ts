import type { Store } from '@waystone/core/store'
import type { Command as Commander } from 'commander'
import type { ExitName } from './exit-codes.ts'
import type { Interrupts } from './live/interrupts.ts'
import type { Style } from './output/style.ts'
import type { Surroundings } from './surroundings.ts'

/** Options that every command has. */
export interface CommonOptions {
  readonly store?: string
  readonly json?: boolean
  readonly debug?: boolean
}

/** What a command is given beside its arguments. */
export interface Context {
  readonly around: Surroundings
  readonly style: Style
  /** True with `--json`: {@link Context.print} and {@link Context.note} then write nothing to standard output. */
  readonly isJson: boolean
  /** A command line as a person would type it to act on the same store. @param line - without the program's name */
  readonly advise: (line: string) => string
  /** Writes lines of the result for people to standard output. Text must be safe already. */
  readonly print: (...lines: readonly string[]) => void
  /** Writes remarks, to standard error. */
  readonly note: (...lines: readonly string[]) => void
  /** Writes the result with `--json`: one document to standard output. */
  readonly json: (value: unknown) => void
  readonly interrupts: Interrupts
  /** Opens the store once; closed when the command ends. @param configStore - the store of a configuration, used unless `--store` is given */
  readonly store: (configStore?: Store) => Promise<Store>
}

/** One sub-command. Files of `commands/` export one each. */
export interface CommandDefinition<Options extends CommonOptions = CommonOptions> {
  /** Shown at the end of `--help`: command lines, without the program's name, each with what it does. */
  readonly examples: readonly (readonly [line: string, does: string])[]
  /** True: a store that was named and is not there is made. Otherwise it is refused: who looks does not want a new one. */
  readonly makesStore?: boolean
  /** Declares arguments and options. */
  configure(command: Commander): Commander
  run(args: readonly string[], options: Options, context: Context): Promise<ExitName>
}
