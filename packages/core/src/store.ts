export { sha256 } from './base/hash.ts'
export type { RunId } from './base/ids.ts'
export type {
  Acquisition,
  Blob,
  Commit,
  Deletion,
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
  StoredRule,
} from './checkpoint/store.ts'
export type { RefusedEvent } from './checkpoint/refused-event.ts'
export type {
  PermitAnswer,
  PermitAsk,
  PermitBegin,
  PermitChanges,
  PermitClaim,
  PermitEnd,
  PermitKey,
  PermitRequest,
  PermitRow,
  PermitState,
  PermitWait,
  RateWindow,
  ResourceBlock,
  WaitReason,
  WindowUse,
} from './checkpoint/permit.ts'
export { decidePermits, permitName, type PermitDecision } from './checkpoint/permit-rules.ts'
export { checkpointsOf, hasEnded, isClaimable, keptFrom, matchesFilter, pageLimit } from './checkpoint/store-rules.ts'
export { createMemoryStore } from './checkpoint/memory-store.ts'
export type { GroupStore, SealedValue } from './checkpoint/group-store.ts'
export { createMemoryGroupStore, type MemoryGroupStoreOptions } from './checkpoint/memory-group-store.ts'
export { withGroupStores } from './checkpoint/with-group-stores.ts'
export { optionPath } from './base/option-path.ts'
export { decodeCheckpoint, encodeCheckpoint } from './checkpoint/codec.ts'
export type { CheckpointContext, EncodedCheckpoint, Sealing } from './checkpoint/codec.ts'
export type { SealedByGroup, Sealer } from './checkpoint/sealing.ts'
export type { PrivateSource, PrivateValues } from './checkpoint/unsealing.ts'
export type { CheckpointBefore } from './checkpoint/expand-checkpoint.ts'
export type { KeyframeMeter } from './checkpoint/keyframe.ts'
export type { BlobSource } from './checkpoint/large-values.ts'
export { readCheckpoints, restoreAt, restoreRun } from './checkpoint/load.ts'
export type { ReadCheckpoint, RestoredRun } from './checkpoint/load.ts'
export { firstPacking, packCheckpoint } from './checkpoint/pack.ts'
export { parseStoredRule } from './checkpoint/parse-rule.ts'
export type { PackedCheckpoint, Packing } from './checkpoint/pack.ts'
export {
  checkPlace,
  checkPut,
  checkScope,
  checkWrite,
  listCursor,
  listLimit,
  memoryLimit,
  readListCursor,
  readSearchCursor,
  revisionError,
  scopeEnd,
  scopeOf,
  scopeText,
  searchLimit,
  writeIdMs,
  type CheckedPut,
} from './memory/memory-rules.ts'
export type {
  MemoryEntry,
  MemoryFilter,
  MemoryPage,
  MemoryPut,
  MemoryScope,
  MemorySearch,
  MemoryStore,
  MemoryWrite,
  MemoryWritten,
} from './memory/memory-store.ts'
export { asciiTerm, queryTermsOf, termsOf } from './memory/terms.ts'
export { createVolatileMemory } from './memory/volatile-memory.ts'
export type { Json, JsonObject, JsonPath } from './base/json.ts'
export type { ContentPart, ModelMessage, ModelToolCall } from './define/model.ts'
export { errorCodes } from './errors/codes.ts'
export type { ErrorCode, ErrorFamily } from './errors/codes.ts'
export { StoreError, storeError } from './errors/store-error.ts'
export { WaystoneError } from './errors/waystone-error.ts'
export type { ErrorDetails, ErrorRecord } from './errors/waystone-error.ts'
export type { LimitName } from './graph/graph.ts'
export { limitNames } from './graph/graph.ts'
export type { Verdict } from './graph/registry.ts'
export type { Checkpoint, CheckpointStep } from './snapshot/checkpoint.ts'
export { checkpointFormat } from './snapshot/checkpoint.ts'
export type { Command } from './snapshot/command.ts'
export type { CachedCall, Candidate, Decision, GuardReading } from './snapshot/decision.ts'
export type {
  EffectEnd,
  EngineEvent,
  EventBase,
  EventSource,
  LogLine,
  OperatorMove,
  PersonDecision,
  RunFork,
  RunPatch,
  RunStart,
  TimerDue,
} from './snapshot/event.ts'
export type { Patch, PatchOperation, PatchValue } from './snapshot/patch.ts'
export type {
  AboveLimits,
  AgentCall,
  AgentEntry,
  AgentMemory,
  Ending,
  MachineValue,
  OpenStep,
  RunContext,
  RunStatus,
  Snapshot,
  StepKind,
} from './snapshot/snapshot.ts'
export type { Remembered, RuleScope, StickyRule } from './snapshot/sticky-rule.ts'
export type { Usage, UsageDelta } from './snapshot/usage.ts'
export { noUsage } from './snapshot/usage.ts'
