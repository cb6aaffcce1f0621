import { readSync, writeSync } from 'node:fs'

/** Variable that tells a child process that its parent listens at its points. */
export const killPointsVariable = 'WAYSTONE_KILL_POINTS'

/** File descriptors between child and parent: points go up, permission to go on comes down. */
export const killPointFds = { up: 3, down: 4 } as const

/** Places in a program at which a parent may kill it. */
export interface KillPoints {
  /** Says where the program is and stands still, the whole process, until the parent lets it go on or kills it. */
  reach(name: string): void
}

/**
 * The child's side of the kill harness. Without a parent that listens, points do nothing.
 *
 * @example
 * const points = killPoints()
 * const store = withKillPoints(createSqliteStore({ path }), points)
 */
export function killPoints(): KillPoints {
  if (process.env[killPointsVariable] !== '1') return { reach: () => undefined }
  const answer = new Uint8Array(1)
  return {
    reach(name) {
      writeSync(killPointFds.up, `${name.replaceAll('\n', ' ')}\n`)
      // Synchronous on purpose: nothing else of the process may go on in between. An end of the pipe means that the parent is gone.
      readSync(killPointFds.down, answer, 0, 1, null)
    },
  }
}
