/** What the keeper is to run: one line of JSON on its standard input, which stays open as long as the command may run. */
export interface KeeperOrder {
  readonly file: string
  readonly args: readonly string[]
  readonly cwd: string
  readonly env: { readonly [name: string]: string }
  readonly scratch?: string
}

/** How the command ended. */
export type KeeperEnd =
  | { readonly exitCode: number | null; readonly signal: string | null; readonly problem?: never; readonly pid?: never }
  | { readonly problem: string; readonly exitCode?: never; readonly signal?: never; readonly pid?: never }

/** A line of JSON on file descriptor 3: first the process group of the command, then its end. */
export type KeeperReport = { readonly pid: number } | KeeperEnd
