import type { RunId } from '../base/ids.ts'
import { readCheckpoints } from '../checkpoint/load.ts'
import type { Store } from '../checkpoint/store.ts'
import { openedSteps } from './opened-steps.ts'

const chunk = 32

/** Which openings to look for. */
export interface OpeningQuery {
  /** Of the last checkpoint. */
  readonly sequence: number
  readonly steps: readonly number[]
  /** Of the run's row. */
  readonly graphHash: string
}

/** The sequences that opened steps for people, looked for backwards from a sequence. Cost: O(checkpoints since the oldest of them). */
export async function openingSequences(
  store: Store,
  runId: RunId,
  from: OpeningQuery,
): Promise<ReadonlyMap<number, number>> {
  const found = new Map<number, number>()
  for (let to = from.sequence; to >= 0 && found.size < from.steps.length; to -= chunk) {
    const stored = await store.checkpoints(runId, Math.max(0, to - chunk + 1), to)
    for (const { checkpoint } of (await readCheckpoints(store, stored, from.graphHash)).toReversed()) {
      for (const { step, isNew, open } of openedSteps(checkpoint)) {
        const isOpening = isNew || open.kind === 'resolve'
        if (isOpening && from.steps.includes(step) && !found.has(step)) found.set(step, checkpoint.sequence)
      }
    }
  }
  return found
}
