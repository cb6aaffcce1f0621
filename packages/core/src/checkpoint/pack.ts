import type { RunId } from '../base/ids.ts'
import type { Checkpoint } from '../snapshot/checkpoint.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'
import { encodeCheckpoint } from './codec.ts'
import { keyframeIfDue, lengthOf, type KeyframeMeter } from './keyframe.ts'
import type { SealedByGroup, Sealer } from './sealing.ts'
import type { Blob, NewCheckpoint } from './store.ts'

/** What packing the next checkpoint of a run depends on. All but the sealer is plain data and follows from what is stored. */
export interface Packing {
  /** Graph hash of the last checkpoint; null before the first. */
  readonly graphHash: string | null
  readonly meter: KeyframeMeter
  /** For a run some of whose groups have stores of their own; absent: none has. */
  readonly sealer?: Sealer
}

/** Before the first checkpoint of a run. */
export const firstPacking: Packing = Object.freeze({
  graphHash: null,
  meter: Object.freeze({ deltaLength: 0, keyframeLength: 0 }),
})

/** Before the first checkpoint of a run some of whose groups may have stores of their own. */
export function firstPackingWith(sealer: Sealer | undefined): Packing {
  return sealer === undefined ? firstPacking : Object.freeze({ ...firstPacking, sealer })
}

/** A checkpoint ready for {@link Store.commit} or {@link Store.create}. */
export interface PackedCheckpoint {
  readonly checkpoint: NewCheckpoint
  readonly blobs: readonly Blob[]
  /** Keeps what is private to groups in their own stores: to be called, and waited for, before the checkpoint is stored. Absent: there is nothing. */
  readonly keepPrivate?: () => Promise<void>
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
  const { sealer } = packing
  const encoded = encodeCheckpoint(
    checkpoint,
    packing.graphHash,
    sealer === undefined ? undefined : { sealer, snapshot },
  )
  const { text, hash, blobs } = encoded
  const length = lengthOf(encoded)
  if (sequence === 0) {
    // The first patch sets the whole snapshot, so it serves as the first keyframe.
    const meter = { deltaLength: 0, keyframeLength: length }
    const first = { runId, sequence, text, hash, keyframe: null }
    const next = { graphHash, meter, ...(sealer !== undefined && { sealer }) }
    return { checkpoint: first, blobs, ...keeping(sealer, [encoded.sealed]), packing: next }
  }
  const counted = { ...packing.meter, deltaLength: packing.meter.deltaLength + length }
  const { meter, keyframe } = keyframeIfDue(counted, snapshot, { hash, graphHash, sealer })
  return {
    checkpoint: { runId, sequence, text, hash, keyframe: keyframe?.text ?? null },
    blobs: keyframe === null ? blobs : joinBlobs(blobs, keyframe.blobs),
    ...(sealer !== undefined && keeping(sealer, [encoded.sealed, keyframe?.sealed])),
    packing: sealer === undefined ? { graphHash, meter } : { graphHash, meter, sealer },
  }
}

function keeping(
  sealer: Sealer | undefined,
  sealed: readonly (SealedByGroup | undefined)[],
): Pick<PackedCheckpoint, 'keepPrivate'> {
  const found = sealed.flatMap((one) => one ?? [])
  if (sealer === undefined || found.length === 0) return {}
  return {
    async keepPrivate() {
      for (const one of found) await sealer.keep(one)
    },
  }
}

function joinBlobs(left: readonly Blob[], right: readonly Blob[]): readonly Blob[] {
  if (right.length === 0) return left
  return [...new Map([...left, ...right].map((blob) => [blob.hash, blob])).values()]
}
