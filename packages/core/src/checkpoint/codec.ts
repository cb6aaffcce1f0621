import { sha256 } from '../base/hash.ts'
import type { Json, JsonObject } from '../base/json.ts'
import { StoreError, storeError } from '../errors/store-error.ts'
import type { Checkpoint } from '../snapshot/checkpoint.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'
import { compactCheckpoint } from './compact-checkpoint.ts'
import type { CheckpointBefore } from './expand-checkpoint.ts'
import { checkpointReaderOf } from './format.ts'
import { itemText } from './item-text.ts'
import { holdsNothingLarge, joinLargeValues, splitLargeValues, type BlobSource } from './large-values.ts'
import { isWithheld, publicCheckpoint } from './public-checkpoint.ts'
import { seal, type SealedByGroup, type Sealer } from './sealing.ts'
import type { Blob } from './store.ts'
import { mayHaveMarks, privateMarks, putBack, type PrivateSource } from './unsealing.ts'

/** A checkpoint as it is stored. */
export interface EncodedCheckpoint {
  /** The stored and hashed text. */
  readonly text: string
  /** base64url SHA-256 of the text. */
  readonly hash: string
  /** Large values taken out of the text. */
  readonly blobs: readonly Blob[]
  /** What is private to groups with stores of their own, to be kept there before the text is stored. Absent: nothing is. */
  readonly sealed?: SealedByGroup
}

/** What sealing a checkpoint takes. */
export interface Sealing {
  readonly sealer: Sealer
  /** After the checkpoint. */
  readonly snapshot: Snapshot
}

/** What a checkpoint's text leaves to what stands around it. */
export interface CheckpointContext extends CheckpointBefore {
  /** Texts of blobs; may be left out for texts without references. */
  readonly blobOf?: BlobSource
  /** Values that stand with their groups; left out: what they are is left out. */
  readonly privateOf?: PrivateSource
}

/**
 * Writes a checkpoint as compact JSON: our fields in a fixed order and left out where they follow from the rest, authors' objects
 * in their own order, values above 64 KB as references to blobs.
 *
 * @param graphBefore - graph hash of the checkpoint before; null writes this one's in any case
 * @param sealing - for a run some of whose groups have stores of their own: what is private to them is left out of the text
 */
export function encodeCheckpoint(
  checkpoint: Checkpoint,
  graphBefore: string | null,
  sealing?: Sealing,
): EncodedCheckpoint {
  if (sealing !== undefined) return encodeSealed(checkpoint, graphBefore, sealing)
  const item = itemText(checkpoint, graphBefore)
  if (item !== undefined && holdsNothingLarge(item)) return { text: item, hash: sha256(item), blobs: [] }
  // The compact form is JSON by construction; its interface only lacks an index signature.
  const { text, blobs } = splitLargeValues(compactCheckpoint(checkpoint, graphBefore) as unknown as Json)
  return { text, hash: sha256(text), blobs }
}

function encodeSealed(
  checkpoint: Checkpoint,
  graphBefore: string | null,
  { sealer, snapshot }: Sealing,
): EncodedCheckpoint {
  const { record, withheld } = publicCheckpoint(sealer.graph, checkpoint, snapshot)
  if (withheld.length === 0) return encodeCheckpoint(checkpoint, graphBefore)
  const { marks, byGroup } = seal(sealer, `checkpoint ${checkpoint.sequence}`, withheld)
  const compact = compactCheckpoint(record, graphBefore)
  compact.sealed = marks
  const { text, blobs } = splitLargeValues(compact as unknown as Json)
  return { text, hash: sha256(text), blobs, sealed: byGroup }
}

/**
 * Reads a stored checkpoint of this or any older format.
 *
 * @returns deeply frozen; large values in full
 * @throws {StoreError} WAYSTONE_STORE_CORRUPT naming run, sequence and place
 * @throws {StoreError} WAYSTONE_STORE_NEWER_FORMAT
 */
export function decodeCheckpoint(text: string, context: CheckpointContext): Checkpoint {
  return freezeJson(parseCheckpoint(text, context))
}

/** Like {@link decodeCheckpoint}, not frozen: for readers that keep only what they freeze themselves. */
export function parseCheckpoint(text: string, context: CheckpointContext): Checkpoint {
  const value = readText(text, context.blobOf)
  const name = nameOf(value, context)
  const checkpoint = checkpointReaderOf(value, name)(value, context, name)
  return mayHaveMarks(text) ? openCheckpoint(checkpoint, value, context.privateOf) : checkpoint
}

/** Puts what stands with its groups back into a checkpoint, in place. */
function openCheckpoint(checkpoint: Checkpoint, value: Json, privateOf: PrivateSource | undefined): Checkpoint {
  const marks = privateMarks(value)
  if (marks.length === 0) return checkpoint
  const withheld = putBack(checkpoint, marks, privateOf)
  if (withheld.length === 0) return checkpoint
  return { ...checkpoint, patch: checkpoint.patch.filter((operation) => !isWithheld(operation)), withheld }
}

/** Parses stored JSON with its large values. @throws {StoreError} WAYSTONE_STORE_CORRUPT */
export function readText(text: string, blobOf: BlobSource = () => undefined): Json {
  try {
    return joinLargeValues(text, blobOf)
  } catch (error) {
    const start = text.slice(0, 80)
    const reason = StoreError.isInstance(error) ? error.message : 'it is no JSON'
    throw storeError(
      'WAYSTONE_STORE_CORRUPT',
      `a stored record cannot be read: ${reason}; it starts ${start}`,
      {},
      error,
    )
  }
}

function nameOf(value: Json, { runId }: CheckpointBefore): string {
  const seq = typeof value === 'object' && value !== null ? (value as JsonObject)['seq'] : undefined
  return `checkpoint ${JSON.stringify(seq)} of run ${runId ?? '(unknown)'}`
}

/**
 * Freezes a parsed value deeply.
 *
 * Cost: O(size), also for what is frozen already. Lists are walked by index: `for in` over them is five times slower.
 */
export function freezeJson<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null) freezeContainer(value)
  return value
}

function freezeContainer(container: object): void {
  if (Array.isArray(container)) {
    for (const item of container as readonly unknown[])
      if (typeof item === 'object' && item !== null) freezeContainer(item)
  } else {
    for (const key in container) {
      const item: unknown = container[key as never]
      if (typeof item === 'object' && item !== null) freezeContainer(item)
    }
  }
  Object.freeze(container)
}
