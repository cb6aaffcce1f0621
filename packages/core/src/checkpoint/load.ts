import { sha256 } from '../base/hash.ts'
import type { RunId } from '../base/ids.ts'
import { storeError } from '../errors/store-error.ts'
import { applyKnown, applyPatch } from '../snapshot/apply-patch.ts'
import type { Checkpoint } from '../snapshot/checkpoint.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'
import { freezeJson, parseCheckpoint, readText } from './codec.ts'
import { keyframeBody, parseKeyframe } from './keyframe.ts'
import { blobReferences, type BlobSource } from './large-values.ts'
import type { Packing } from './pack.ts'
import type { LoadedRun, Store, StoredCheckpoint } from './store.ts'
import { mayHaveMarks, privateMarks, type PrivateSource } from './unsealing.ts'
import { groupStoresOf } from './with-group-stores.ts'

/** A run as its last checkpoint leaves it. */
export interface RestoredRun {
  /** Deeply frozen. */
  readonly snapshot: Snapshot
  /** The last checkpoint, as the parent of the next. */
  readonly parent: { readonly runId: string; readonly sequence: number; readonly hash: string }
  readonly packing: Packing
  /** What is private to groups with stores of their own is left out, because these are not bound: nothing can be planned on it. Absent: it is whole. */
  readonly isPartial?: true
}

/**
 * Restores a run from its last keyframe and the patches after it. Runs no guard and no author code.
 *
 * Every text is checked against its hash and every checkpoint against the one before it.
 *
 * Cost: O(keyframe + deltas after it).
 *
 * @throws {StoreError} WAYSTONE_STORE_CORRUPT naming run and sequence
 * @throws {StoreError} WAYSTONE_STORE_NEWER_FORMAT
 */
export async function restoreRun(store: Pick<Store, 'blob'>, loaded: LoadedRun): Promise<RestoredRun> {
  return restoreFrom(loaded.checkpoints, await readSources(store, loaded.checkpoints), loaded.row.graphHash)
}

/**
 * The snapshot after any checkpoint of a run.
 *
 * @throws {StoreError} WAYSTONE_STORE_RUN_UNKNOWN when run or sequence is not there
 * @throws {StoreError} WAYSTONE_STORE_CORRUPT, _NEWER_FORMAT
 */
export async function restoreAt(store: Store, runId: RunId, sequence: number): Promise<RestoredRun> {
  const start = await store.keyframe(runId, sequence)
  const row = start && (await store.row(runId))
  if (start === undefined || row === undefined || row.sequence < sequence) {
    const found = row === undefined ? 'no such run' : `its last sequence is ${row.sequence}`
    throw storeError('WAYSTONE_STORE_RUN_UNKNOWN', `run ${runId} has no sequence ${sequence}: ${found}`, {
      runId,
      sequence,
    })
  }
  // One more than asked for: a store may take a text's hash from the text itself, and then only the next one can tell that it was changed.
  const known = Math.min(sequence + 1, row.sequence)
  const rest = known > start.sequence ? await store.checkpoints(runId, start.sequence + 1, known) : []
  const sources = await readSources(store, [start, ...rest])
  const checkpoints = [start, ...rest.slice(0, sequence - start.sequence)]
  const restored = restoreFrom(checkpoints, sources, row.graphHash)
  const last = checkpoints.at(-1)
  const next = rest[sequence - start.sequence]
  if (last !== undefined && next !== undefined) {
    const { graphHash } = restored.packing
    parseLink(next, { stored: last, graphHash: graphHash ?? row.graphHash }, { graphHash, sources })
  }
  return restored
}

/** A checkpoint beside what the store holds of it. */
export interface ReadCheckpoint {
  readonly stored: StoredCheckpoint
  /** Deeply frozen. */
  readonly checkpoint: Checkpoint
}

/**
 * Decodes checkpoints that follow one another, and checks hashes and chain.
 *
 * @param graphHash - of the run's row
 * @throws {StoreError} WAYSTONE_STORE_CORRUPT, _NEWER_FORMAT
 */
export async function readCheckpoints(
  store: Pick<Store, 'blob'>,
  stored: readonly StoredCheckpoint[],
  graphHash: string | null,
): Promise<readonly ReadCheckpoint[]> {
  const sources = await readSources(store, stored)
  let before: Link | null = null
  return stored.map((entry) => {
    const checkpoint = parseLink(entry, before, { graphHash, sources })
    before = { stored: entry, graphHash: checkpoint.graphHash }
    return { stored: entry, checkpoint: freezeJson(checkpoint) }
  })
}

/** The checkpoint before, as the chain needs it. */
interface Link {
  readonly stored: StoredCheckpoint
  readonly graphHash: string
}

function restoreFrom(checkpoints: readonly StoredCheckpoint[], sources: Sources, graphOfRun: string): RestoredRun {
  let snapshot: Snapshot | null = null
  let before: Link | null = null
  let isPartial = false
  let [deltaLength, keyframeLength] = [0, 0]
  for (const stored of checkpoints) {
    if (before === null && stored.keyframe !== null) {
      checkHash(stored)
      const keyframe = parseKeyframe(stored.keyframe, stored.hash, sources)
      snapshot = keyframe.snapshot
      before = { stored, graphHash: keyframe.graphHash }
      keyframeLength = sources.lengthOf(stored.keyframe)
      isPartial = !keyframe.isWhole
      continue
    }
    const checkpoint: Checkpoint = parseLink(stored, before, { graphHash: graphOfRun, sources })
    if (before === null && checkpoint.sequence > 0)
      throw brokenChain(stored, 'it is the first one read and has no keyframe')
    isPartial ||= checkpoint.withheld !== undefined
    const apply = isPartial ? applyKnown : applyPatch
    snapshot = apply(snapshot, checkpoint.patch, checkpoint.event)
    before = { stored, graphHash: checkpoint.graphHash }
    if (checkpoint.sequence === 0) keyframeLength = sources.lengthOf(stored.text)
    else deltaLength += sources.lengthOf(stored.text)
  }
  if (snapshot === null || before === null) {
    throw storeError('WAYSTONE_STORE_CORRUPT', 'a run is stored without any checkpoint')
  }
  const { runId, sequence, hash } = before.stored
  return {
    snapshot: freezeJson(snapshot),
    parent: Object.freeze({ runId, sequence, hash }),
    packing: { graphHash: before.graphHash, meter: { deltaLength, keyframeLength } },
    ...(isPartial && { isPartial }),
  }
}

function parseLink(
  stored: StoredCheckpoint,
  before: Link | null,
  { graphHash, sources }: { readonly graphHash: string | null; readonly sources: Sources },
): Checkpoint {
  checkHash(stored)
  const { blobOf, privateOf } = sources
  const context = { runId: stored.runId, graphHash: before?.graphHash ?? graphHash, blobOf, privateOf }
  const checkpoint = parseCheckpoint(stored.text, context)
  if (checkpoint.runId !== stored.runId || checkpoint.sequence !== stored.sequence) {
    throw brokenChain(stored, `its text is that of checkpoint ${checkpoint.sequence} of run ${checkpoint.runId}`)
  }
  if (before !== null && stored.sequence !== before.stored.sequence + 1) {
    throw brokenChain(stored, `it follows on checkpoint ${before.stored.sequence}`)
  }
  if (before !== null && checkpoint.parent?.hash !== before.stored.hash) {
    throw brokenChain(stored, 'it does not name the hash of the checkpoint before it')
  }
  return checkpoint
}

function checkHash(stored: StoredCheckpoint): void {
  if (sha256(stored.text) !== stored.hash) throw brokenChain(stored, 'its text does not have its hash')
}

function brokenChain({ runId, sequence }: StoredCheckpoint, why: string): Error {
  return storeError('WAYSTONE_STORE_CORRUPT', `checkpoint ${sequence} of run ${runId} is damaged: ${why}`, {
    runId,
    sequence,
  })
}

/** What texts refer to, as it was read, and how long a text is with its own. */
interface Sources {
  readonly blobOf: BlobSource
  readonly privateOf: PrivateSource
  lengthOf(text: string): number
}

const noPrivate: PrivateSource = () => undefined

/** Reads every blob that checkpoints and their keyframes refer to, also blobs inside blobs, and what stands in the stores of groups that are bound. */
async function readSources(store: Pick<Store, 'blob'>, checkpoints: readonly StoredCheckpoint[]): Promise<Sources> {
  const texts = checkpoints.flatMap(({ text, keyframe }) => (keyframe === null ? [text] : [text, keyframe]))
  const blobs = await readBlobs(store, texts)
  const blobOf: BlobSource = (hash) => blobs.get(hash)
  const lengthOf = (text: string): number =>
    blobReferences(text).reduce((sum, hash) => sum + lengthOf(blobs.get(hash) ?? ''), text.length)
  const marked = checkpoints.flatMap(({ runId, text, keyframe }) =>
    [text, keyframe ?? ''].flatMap((one) => {
      if (!mayHaveMarks(one)) return []
      return [{ runId, text: one, marks: privateMarks(readText(one === keyframe ? keyframeBody(one) : one, blobOf)) }]
    }),
  )
  if (marked.length === 0) return { blobOf, privateOf: noPrivate, lengthOf }
  const groups = groupStoresOf(store)
  const byRun = new Map<RunId, PrivateSource>()
  for (const [runId, ofRun] of Map.groupBy(marked, (one) => one.runId))
    byRun.set(
      runId,
      await groups.read(
        runId,
        ofRun.flatMap(({ marks }) => marks),
      ),
    )
  // A reference is made of its run's id too, so no two runs have the same.
  const privateOf: PrivateSource = (group, reference) => {
    for (const source of byRun.values()) {
      const found = source(group, reference)
      if (found !== undefined) return found
    }
    return undefined
  }
  const sealed = new Map(
    marked.map(({ text, marks }) => [
      text,
      marks.reduce((sum, { group, reference }) => sum + (privateOf(group, reference)?.length ?? 0), 0),
    ]),
  )
  return { blobOf, privateOf, lengthOf: (text) => lengthOf(text) + (sealed.get(text) ?? 0) }
}

async function readBlobs(store: Pick<Store, 'blob'>, from: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const texts = new Map<string, string>()
  const waiting = from.flatMap(blobReferences)
  for (let hash = waiting.pop(); hash !== undefined; hash = waiting.pop()) {
    const text = texts.has(hash) ? undefined : await store.blob(hash)
    if (text === undefined) continue
    texts.set(hash, text)
    waiting.push(...blobReferences(text))
  }
  return texts
}
