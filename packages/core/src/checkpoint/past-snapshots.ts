import type { RunId } from '../base/ids.ts'
import { applyPatch } from '../snapshot/apply-patch.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'
import { readCheckpoints, restoreAt } from './load.ts'
import type { Store } from './store.ts'

/** Checkpoints between two places at which reading may begin again, and snapshots that are kept of the last look. */
const stride = 256

/** A snapshot of a run's past. */
interface PastSnapshot {
  readonly sequence: number
  readonly snapshot: Snapshot
}

/**
 * Snapshots of a run's past for who goes back through it, as undoing does.
 *
 * Each stretch between two keyframes is read once as a whole and once in parts, from its end to its beginning; what was read last is kept.
 * Snapshots share what did not change between them.
 *
 * Cost: going from the end of a run to its beginning, O(all that is stored of it); of a single look that of restoring one snapshot.
 */
export class PastSnapshots {
  readonly #store: Store
  readonly #runId: RunId
  readonly #graphHash: string
  /** Places to begin at: a keyframe, then every {@link stride} checkpoints. Order: by sequence. */
  #marks: readonly PastSnapshot[] = []
  /** What was read last, by sequence. */
  #kept: ReadonlyMap<number, Snapshot> = new Map()

  constructor(store: Store, { runId, graphHash }: { readonly runId: RunId; readonly graphHash: string }) {
    this.#store = store
    this.#runId = runId
    this.#graphHash = graphHash
  }

  /**
   * The snapshot after a checkpoint, which is stored.
   *
   * @throws {StoreError} WAYSTONE_STORE_CORRUPT, WAYSTONE_STORE_RUN_UNKNOWN
   */
  async at(sequence: number): Promise<Snapshot> {
    const known = this.#kept.get(sequence)
    if (known !== undefined) return known
    const kept = new Map<number, Snapshot>()
    const keep = (one: PastSnapshot): void => {
      kept.set(one.sequence, one.snapshot)
      kept.delete(one.sequence - stride)
    }
    const mark = this.#marks.findLast((one) => one.sequence <= sequence)
    if (mark === undefined) this.#marks = await this.#readMarks(sequence, keep)
    else await this.#walk(mark, sequence, keep)
    this.#kept = kept
    const found = kept.get(sequence)
    // A run without such a checkpoint is told of as anywhere.
    return found ?? (await restoreAt(this.#store, this.#runId, sequence)).snapshot
  }

  async #readMarks(sequence: number, tell: (one: PastSnapshot) => void): Promise<readonly PastSnapshot[]> {
    const start = (await this.#store.keyframe(this.#runId, sequence))?.sequence ?? sequence
    const { snapshot } = await restoreAt(this.#store, this.#runId, start)
    let last: PastSnapshot = { sequence: start, snapshot }
    const marks = [last]
    await this.#walk(last, sequence, (one) => {
      if (one.sequence - last.sequence === stride) marks.push((last = one))
      tell(one)
    })
    return marks
  }

  /** Goes on from a snapshot, and tells of it and of each one after it. */
  async #walk(from: PastSnapshot, to: number, tell: (one: PastSnapshot) => void): Promise<void> {
    let { sequence, snapshot } = from
    tell(from)
    while (sequence < to) {
      const upTo = Math.min(to, sequence + stride)
      // The last one again: the chain is checked from there.
      const stored = await this.#store.checkpoints(this.#runId, sequence, upTo)
      for (const { checkpoint } of (await readCheckpoints(this.#store, stored, this.#graphHash)).slice(1)) {
        snapshot = applyPatch(snapshot, checkpoint.patch, checkpoint.event)
        sequence = checkpoint.sequence
        tell({ sequence, snapshot })
      }
      if (sequence < upTo) return
    }
  }
}
