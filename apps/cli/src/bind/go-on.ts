import type { Run } from '@waystone/core'
import type { Context } from '../command.ts'
import { driveRun } from '../live/drive.ts'
import { printable } from '../output/printable.ts'
import { isOwned } from './is-owned.ts'
import type { OpenedRun } from './open-run.ts'

/** Drives the run here, unless another process does. */
export async function takeOver(run: Run, context: Context): Promise<void> {
  try {
    await run.resume()
  } catch (error) {
    if (!isOwned(error)) throw error
    context.note(`${printable(error.message)}; it goes on there.`)
  }
}

/**
 * Goes on with a run after it refused what it was brought. Taking it up may have moved it: what was due is taken first, and a run that is left there, say in the
 * middle of undoing, would wait for nobody.
 *
 * @param after - sequence after which steps are shown
 */
export async function goOnAfterRefusal(
  { run, bound }: Pick<OpenedRun, 'run' | 'bound'>,
  { context, after }: { context: Context; after: number },
): Promise<void> {
  if ((await run.status()).status !== 'running') return
  await takeOver(run, context)
  await driveRun(run, bound, { context: { ...context, json: () => undefined }, options: { after } })
}
