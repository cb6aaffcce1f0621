import type { CallApproval, EffectClass } from '@waystone/core'
import type { AllowRule } from './allow-list.ts'

/** A command: a line without any feature of a shell, or a list of program and arguments. */
export interface ShellInput {
  /** One program with its arguments. */
  readonly command: string | readonly string[]
  /** Working folder, inside of the tool's folder and relative to it. */
  readonly cwd?: string | undefined
}

/** A value that is written down, or the name of a secret that holds it. */
export type ShellValue = string | { readonly secret: string }

/** What holds for a shell tool however its programs are confined. */
export interface ShellBase<Name extends string> {
  /**
   * The folder that programs work in. A relative path begins at the process's working folder when the tool is defined; in what the command `waystone`
   * loads, at the project folder of the file. A file URL means the same in every program.
   */
  readonly root: string | URL
  /** The programs that may be started, with what of each. No program that a program starts in turn is looked up here. */
  readonly allow: readonly AllowRule[]
  /** Default `shell`. */
  readonly name?: Name
  /** For models, before the list of what is allowed. */
  readonly description?: string
  /** All variables that programs see but `HOME`, `PATH`, `PWD` and `TMPDIR`; nothing is inherited. Default none. */
  readonly environment?: { readonly [name: string]: ShellValue }
  /** Folders where programs are looked for, joined by `:`. Default `/usr/local/bin:/usr/bin:/bin`. */
  readonly path?: string
  /** When a program is ended with all it started, ms; what it wrote until then is the result. Default 60 000. */
  readonly timeoutMs?: number
  /** Most bytes of each of its two streams that are kept, beginning and end; 1 to 1 048 576, default 32 768. */
  readonly maxOutputBytes?: number
  /** What may happen when a command's end is not known. Default `unsafe`: never repeated. */
  readonly effect?: EffectClass
  /** Whether, or how, a person is asked before a call of an agent. Default true. */
  readonly approval?: boolean | CallApproval<ShellInput>
  /** Part of a graph's identity: raise it when what the tool may do changes. Default 1. */
  readonly version?: number
}

/** A jail made by the operating system: programs reach the folder, the system's programs and nothing else. */
export interface SystemConfinement {
  /** The default. */
  readonly confinement?: 'system'
  /** Whether programs reach the network: all of it, this machine's own services included. Default false. */
  readonly network?: boolean
  /** Whether the folder cannot be written. Default false. */
  readonly readOnly?: boolean
  /** Further absolute paths that can be read, e.g. where a language keeps its files. */
  readonly readable?: readonly string[]
  /** Most processes and threads at once; default 256. Not enforced by Linux when the runtime is run by root. */
  readonly maxProcesses?: number
  /** Most memory of each process, bytes; default 2 GiB. */
  readonly maxMemoryBytes?: number
  /** Longest file that can be written, bytes; default 1 GiB. */
  readonly maxFileBytes?: number
  /** Largest temporary folder, bytes of memory; default 256 MiB. */
  readonly maxScratchBytes?: number
  /** Absolute path of bubblewrap; default: `bwrap` in one of the system's folders. `PATH` is not asked, for programs may write its folders. */
  readonly bubblewrap?: string
}

/** A plain child process. It keeps honest programs in order and does not hold a hostile one. */
export interface ProcessConfinement {
  /** Has to be asked for by this name. */
  readonly confinement: 'process'
  /** Has to be said: a plain child process reaches the network. */
  readonly network: true
}

/** What makes a shell tool. */
export type ShellToolOptions<Name extends string = string> = ShellBase<Name> & (SystemConfinement | ProcessConfinement)
