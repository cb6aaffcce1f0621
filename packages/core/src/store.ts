export { sha256 } from './base/hash.ts'
export type { RunId } from './base/ids.ts'
export type {
  Acquisition,
  Blob,
  Commit,
  Durability,
  EffectMark,
  Lease,
  LoadedRun,
  NewCheckpoint,
  NewRun,
  Owner,
  RunFilter,
  RunPage,
  RunRow,
  RunSummary,
  Store,
  StoredCheckpoint,
} from './checkpoint/store.ts'
export { hasEnded, isClaimable, matchesFilter, pageLimit } from './checkpoint/store-rules.ts'
export { createMemoryStore } from './checkpoint/memory-store.ts'
export { decodeCheckpoint, encodeCheckpoint } from './checkpoint/codec.ts'
export type { CheckpointContext, EncodedCheckpoint } from './checkpoint/codec.ts'
export { readCheckpoints, restoreAt, restoreRun } from './checkpoint/load.ts'
export type { ReadCheckpoint, RestoredRun } from './checkpoint/load.ts'
export { firstPacking, packCheckpoint } from './checkpoint/pack.ts'
export type { PackedCheckpoint, Packing } from './checkpoint/pack.ts'
export { StoreError, storeError } from './errors/store-error.ts'
export type { Checkpoint } from './snapshot/checkpoint.ts'
export type { EngineEvent } from './snapshot/event.ts'
export type { RunStatus, Snapshot } from './snapshot/snapshot.ts'
export type { Usage } from './snapshot/usage.ts'
export { noUsage } from './snapshot/usage.ts'
