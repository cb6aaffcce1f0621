import type { Readable } from 'node:stream'

/** Where text goes. */
export interface Output {
  /** Writes text as it is, without adding a line feed. */
  readonly write: (text: string) => void
  readonly isTerminal: boolean
  /** Columns of the terminal, 80 where there is none. */
  readonly columns: number
}

/** Everything of the world that a command may touch beside the store: given in, so that tests can give another. */
export interface Surroundings {
  readonly cwd: string
  readonly env: { readonly [name: string]: string | undefined }
  /** Results. */
  readonly out: Output
  /** Errors and remarks. */
  readonly err: Output
  readonly input: Readable & { readonly isTTY?: boolean }
  /** Ms since the epoch; only for what is shown. */
  now(): number
  /** Calls back at every Ctrl-C (or SIGTERM) instead of ending the process. @returns a function that ends this */
  onInterrupt(callback: () => void): () => void
  /** How long what was handed to another process may lie there before that is said, ms; default 10,000. */
  readonly patienceMs?: number
  /** Ends the process at once. */
  exit(code: number): void
  /** Lets a program take over the terminal. @returns its exit code */
  edit(command: string, path: string): number | null
}

/** How a person calls this command: in a clone of the repository through npm, in a project through npx, else by its name. */
export function selfName(around: Surroundings): string {
  const event = around.env['npm_lifecycle_event']
  if (event === 'waystone') return 'npm run -s waystone --'
  return event === 'npx' ? 'npx waystone' : 'waystone'
}
