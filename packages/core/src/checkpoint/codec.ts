import { sha256 } from '../base/hash.ts'
import type { Json, JsonObject } from '../base/json.ts'
import { StoreError, storeError } from '../errors/store-error.ts'
import type { Checkpoint } from '../snapshot/checkpoint.ts'
import { compactCheckpoint } from './compact-checkpoint.ts'
import type { CheckpointBefore } from './expand-checkpoint.ts'
import { checkpointReaderOf } from './format.ts'
import { joinLargeValues, splitLargeValues, type BlobSource } from './large-values.ts'
import type { Blob } from './store.ts'

/** A checkpoint as it is stored. */
export interface EncodedCheckpoint {
  /** The stored and hashed text. */
  readonly text: string
  /** base64url SHA-256 of the text. */
  readonly hash: string
  /** Large values taken out of the text. */
  readonly blobs: readonly Blob[]
}

/** What a checkpoint's text leaves to what stands around it. */
export interface CheckpointContext extends CheckpointBefore {
  /** Texts of blobs; may be left out for texts without references. */
  readonly blobOf?: BlobSource
}

/**
 * Writes a checkpoint as compact JSON: our fields in a fixed order and left out where they follow from the rest, authors' objects
 * in their own order, values above 64 KB as references to blobs.
 *
 * @param graphBefore - graph hash of the checkpoint before; null writes this one's in any case
 */
export function encodeCheckpoint(checkpoint: Checkpoint, graphBefore: string | null): EncodedCheckpoint {
  // The compact form is JSON by construction; its interface only lacks an index signature.
  const { text, blobs } = splitLargeValues(compactCheckpoint(checkpoint, graphBefore) as unknown as Json)
  return { text, hash: sha256(text), blobs }
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
  return checkpointReaderOf(value, name)(value, context, name)
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
