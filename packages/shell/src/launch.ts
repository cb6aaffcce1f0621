/** One command as it is to be run. */
export interface Command {
  /** Absolute path of the program's file, without symbolic links. */
  readonly file: string
  readonly args: readonly string[]
  /** The folder it is jailed to, and the one it begins in; without symbolic links. */
  readonly root: string
  readonly cwd: string
  /** All variables it sees but HOME, PATH, PWD and TMPDIR. */
  readonly environment: { readonly [name: string]: string }
  readonly path: string
}

/** What is started for a command: the program itself, or what confines it. */
export interface Launch {
  readonly file: string
  readonly args: readonly string[]
  readonly cwd: string
  readonly env: { readonly [name: string]: string }
  /** A folder that is removed when everything has ended. */
  readonly scratch?: string
  /** Reads the exit code of what was started. */
  readonly endOf: (exitCode: number) => ProgramExit
}

/** How a program ended: by itself, or by a signal. */
export interface ProgramExit {
  readonly exitCode: number | null
  readonly signal: string | null
}

/** A way to run commands. */
export interface Confinement {
  /** @throws {NodeError} WAYSTONE_NODE_SHELL_CONFINEMENT when this machine does not have it @throws {NodeError} WAYSTONE_NODE_SHELL_FAILED */
  launch(command: Command): Promise<Launch>
}
