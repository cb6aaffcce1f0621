import type { RunId } from '../base/ids.ts'
import type { Checkpoint } from '../snapshot/checkpoint.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'
import { encodeCheckpoint } from './codec.ts'
import { keyframeIfDue, lengthOf, type KeyframeMeter } from './keyframe.ts'
import type { Blob, NewCheckpoint } from './store.ts'

/** What packing the next checkpoint of a run depends on. Plain data; follows from what is stored. */
export interface Packing {
  /** Graph hash of the last checkpoint; null before the first. */
  readonly graphHash: string | null
  readonly meter: KeyframeMeter
}

/** Before the first checkpoint of a run. */
export const firstPacking: Packing = Object.freeze({
  graphHash: null,
  meter: Object.freeze({ deltaLength: 0, keyframeLength: 0 }),
})

/** A checkpoint ready for {@link Store.commit} or {@link Store.create}. */
export interface PackedCheckpoint {
  readonly checkpoint: NewCheckpoint
  readonly blobs: readonly Blob[]
  /** For the next checkpoint, once this one is stored. */
  readonly packing: Packing
}

/**
 * Encodes a checkpoint for the store, with a keyframe when one is due.
 *
 * @param snapshot - after the checkpoint
 * @param packing - of the checkpoint before
 */
export function packCheckpoint(checkpoint: Checkpoint, snapshot: Snapshot, packing: Packing): PackedCheckpoint {
  const { sequence, graphHash } = checkpoint
  // Checkpoints are plain data, without brands.
  const runId = checkpoint.runId as RunId
  const encoded = encodeCheckpoint(checkpoint, packing.graphHash)
  const { text, hash, blobs } = encoded
  const length = lengthOf(encoded)
  if (sequence === 0) {
    // The first patch sets the whole snapshot, so it serves as the first keyframe.
    const meter = { deltaLength: 0, keyframeLength: length }
    return { checkpoint: { runId, sequence, text, hash, keyframe: null }, blobs, packing: { graphHash, meter } }
  }
  const counted = { ...packing.meter, deltaLength: packing.meter.deltaLength + length }
  const { meter, keyframe } = keyframeIfDue(counted, snapshot, { hash, graphHash })
  return {
    checkpoint: { runId, sequence, text, hash, keyframe: keyframe?.text ?? null },
    blobs: keyframe === null ? blobs : joinBlobs(blobs, keyframe.blobs),
    packing: { graphHash, meter },
  }
}

function joinBlobs(left: readonly Blob[], right: readonly Blob[]): readonly Blob[] {
  if (right.length === 0) return left
  return [...new Map([...left, ...right].map((blob) => [blob.hash, blob])).values()]
}
