import { sha256 } from '../base/hash.ts'
import type { Json, JsonObject } from '../base/json.ts'
import { storeError } from '../errors/store-error.ts'
import { checkpointFormat } from '../snapshot/checkpoint.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'
import { readText } from './codec.ts'
import { newerFormat } from './format.ts'
import { splitLargeValues, type BlobSource, type SplitText } from './large-values.ts'
import { publicSnapshot } from './public-checkpoint.ts'
import { seal, sealedLength, type SealedByGroup, type Sealer } from './sealing.ts'
import { mayHaveMarks, privateMarks, putBack, type PrivateSource } from './unsealing.ts'

/**
 * A keyframe is written when the deltas since the last one are this many times as long as the keyframe would be: loading reads at
 * most about ten times the snapshot, and keyframes add at most an eighth to the deltas.
 *
 * Compared with the keyframe to be written, not with the last: a list that only grows then never writes itself anew. Measured, run of
 * 2,000 small steps: 4 makes the file 18 % larger than 8 and loading 0.1 ms faster; 16 saves another 4 %.
 */
export const keyframeFactor = 8

/**
 * One that was tried and found not yet worth writing has grown by the time its deltas are there, and would be tried in vain again and again:
 * a map of 10,000 items spent a twentieth of its time so. The next try waits for this much more, and loading then reads at most a tenth more.
 */
const nextTry = 1.125

/** What decides when the next keyframe is due. Units: UTF-16 units of stored text, blobs included. */
export interface KeyframeMeter {
  /** Checkpoints stored since the last keyframe. */
  readonly deltaLength: number
  /** The last keyframe; or a little more than the last one that was tried and found not yet worth writing. */
  readonly keyframeLength: number
}

/** The length of a text with what was taken out of it. */
export function lengthOf(split: EncodedKeyframe): number {
  const sealed = split.sealed === undefined ? 0 : sealedLength(split.sealed)
  return split.blobs.reduce((sum, blob) => sum + blob.text.length, split.text.length + sealed)
}

/** A keyframe as it is stored. */
export interface EncodedKeyframe extends SplitText {
  /** What is private to groups with stores of their own; absent: nothing is. */
  readonly sealed?: SealedByGroup
}

/** What a keyframe belongs to. */
export interface KeyframeOf {
  /** Hash of the checkpoint that led to the snapshot. */
  readonly hash: string
  readonly graphHash: string
  /** For a run some of whose groups have stores of their own. */
  readonly sealer?: Sealer | undefined
}

/**
 * The keyframe of a snapshot, if one is due.
 *
 * Cost: O(1) mostly; O(snapshot) once every {@link keyframeFactor} times its length of deltas.
 *
 * @param meter - with the checkpoint `of` counted already
 */
export function keyframeIfDue(
  meter: KeyframeMeter,
  snapshot: Snapshot,
  of: KeyframeOf,
): { readonly meter: KeyframeMeter; readonly keyframe: EncodedKeyframe | null } {
  if (meter.deltaLength < keyframeFactor * meter.keyframeLength) return { meter, keyframe: null }
  const keyframe = encodeKeyframe(snapshot, of)
  const keyframeLength = lengthOf(keyframe)
  if (meter.deltaLength < keyframeFactor * keyframeLength)
    return { meter: { ...meter, keyframeLength: Math.ceil(keyframeLength * nextTry) }, keyframe: null }
  return { meter: { deltaLength: 0, keyframeLength }, keyframe }
}

/** Writes a keyframe: a digest of the rest, then JSON with format, graph hash, the checkpoint it belongs to and the snapshot. */
function encodeKeyframe(snapshot: Snapshot, of: KeyframeOf): EncodedKeyframe {
  const { sealer } = of
  const shown = sealer === undefined ? undefined : publicSnapshot(sealer.graph, snapshot)
  if (sealer !== undefined && shown !== undefined && shown.withheld.length > 0) {
    // The hash is the checkpoint's: no two keyframes of a run have the same.
    const { marks, byGroup } = seal(sealer, `keyframe ${of.hash}`, shown.withheld)
    const body = { format: checkpointFormat, graph: of.graphHash, of: of.hash, snapshot: shown.record, sealed: marks }
    const { text, blobs } = splitLargeValues(body)
    return { text: sha256(text) + text, blobs, sealed: byGroup }
  }
  // A snapshot is JSON by construction; its interfaces only lack an index signature.
  const body = { format: checkpointFormat, graph: of.graphHash, of: of.hash, snapshot: snapshot as unknown as Json }
  const { text, blobs } = splitLargeValues(body)
  return { text: sha256(text) + text, blobs }
}

const digestLength = 43

/** Where a keyframe's values are found. */
export interface KeyframeSources {
  readonly blobOf: BlobSource
  readonly privateOf?: PrivateSource | undefined
}

/** A keyframe that was read. */
export interface ReadKeyframe {
  /** Not frozen. */
  readonly snapshot: Snapshot
  readonly graphHash: string
  /** False: what is private to groups is left out, because their own stores are not at hand. */
  readonly isWhole: boolean
}

/** The JSON of a keyframe. */
export function keyframeBody(text: string): string {
  return text.slice(digestLength)
}

/**
 * Reads a keyframe.
 *
 * @param hash - of the checkpoint it is stored with
 * @throws {StoreError} WAYSTONE_STORE_CORRUPT when it is damaged or belongs to another checkpoint
 * @throws {StoreError} WAYSTONE_STORE_NEWER_FORMAT
 */
export function parseKeyframe(text: string, hash: string, { blobOf, privateOf }: KeyframeSources): ReadKeyframe {
  const body = keyframeBody(text)
  if (sha256(body) !== text.slice(0, digestLength)) throw damaged('its digest does not hold')
  const value = readText(body, blobOf) as JsonObject
  const { format, graph, of, snapshot } = value
  if (typeof format === 'number' && format > checkpointFormat) throw newerFormat('a keyframe', format)
  if (of !== hash) throw damaged(`it belongs to another checkpoint (${JSON.stringify(of)})`)
  if (typeof graph !== 'string' || typeof snapshot !== 'object' || snapshot === null)
    throw damaged('it holds no snapshot')
  const marks = mayHaveMarks(body) ? privateMarks(value) : []
  const withheld = marks.length === 0 ? marks : putBack(snapshot, marks, privateOf)
  return { snapshot: snapshot as unknown as Snapshot, graphHash: graph, isWhole: withheld.length === 0 }
}

function damaged(why: string): Error {
  return storeError('WAYSTONE_STORE_CORRUPT', `a keyframe cannot be used: ${why}`)
}
