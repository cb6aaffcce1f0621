/* oxlint-disable max-lines -- what authors may import is one list */
export { DefinitionError, formatPlace, type DefinitionIssue, type Place } from './errors/definition-error.ts'
export { errorCodes, type ErrorCode, type ErrorFamily } from './errors/codes.ts'
export { progressOf, type NodeProgress, type ProgressStatus } from './snapshot/progress.ts'
export { failureNames, type FailureName } from './errors/failure-names.ts'
export { InputError } from './errors/input-error.ts'
export { InvariantError } from './errors/invariant-error.ts'
export { NodeError, nodeFailure, type NodeErrorOptions } from './errors/node-error.ts'
export { ReplayError } from './errors/replay-error.ts'
export { StoreError } from './errors/store-error.ts'
export { WaystoneError, type ErrorDetails, type ErrorRecord } from './errors/waystone-error.ts'
export { formatPath, type Json, type JsonObject, type JsonPath } from './base/json.ts'
export { exampleOfSchema } from './base/example-of-schema.ts'
export { systemClock, type Clock } from './base/clock.ts'
export { randomIds, type EffectId, type Ids, type RunId } from './base/ids.ts'
export type {
  ContentPart,
  FinishReason,
  Model,
  ModelCallOptions,
  ModelMessage,
  ModelPrice,
  ModelQuota,
  ModelRequest,
  ModelResponse,
  ModelTool,
  ModelToolCall,
  ModelUsage,
  QuotaLeft,
} from './define/model.ts'
export {
  defineAgent,
  type Agent,
  type AgentBounds,
  type AgentConfig,
  type AgentDefinition,
  type AgentOptions,
  type AgentUse,
} from './define/agent.ts'
export type { CallApproval, CallDecision } from './define/call-approval.ts'
export type { DeciderTerms, EscalationOptions, QuorumOptions } from './define/deciders.ts'
export type {
  ApprovalConfig,
  ApprovalOutcomes,
  ChosenOutcome,
  DecisionOf,
  ResponseOf,
  TalkOptions,
} from './define/approval.ts'
export type { Extent, HistoryOptions, SummaryOptions } from './define/history.ts'
export { fallbackReasons, type FallbackOptions, type FallbackReason } from './define/fallback.ts'
export type { Duration } from './define/duration.ts'
export type { EventDefinition, EventInput, EventOptions, EventPayload, NamedEvent, Signal } from './define/event.ts'
export type {
  AwaitsOneThing,
  ForOrDelayOrUntilIsMissing,
  PayloadOf,
  ReceivedOf,
  ReceiveMapping,
  WaitNode,
  WaitOptions,
  WaitOutcome,
  WaitTerms,
} from './define/wait.ts'
export {
  END,
  FAIL,
  type EdgeOf,
  type EdgeOptions,
  type EdgeTarget,
  type EmitEdge,
  type EndingTarget,
  type ForkEdge,
  type GuardedBranch,
  type OneEdge,
  type RoutesOf,
} from './define/edge.ts'
export type {
  FailedBranches,
  JoinConfig,
  JoinNode,
  JoinOutcome,
  JoinTarget,
  JoinWait,
  LosingBranches,
  WorkingNode,
} from './define/join.ts'
export type {
  ApplyIsMissing,
  ApplyResults,
  ApprovalsOfWork,
  ExcessItems,
  GivenItem,
  ItemApproval,
  ItemCompensation,
  ItemFailure,
  ItemOf,
  ItemOptions,
  ItemOrRunIsMissing,
  ItemOutput,
  ItemResult,
  ItemRule,
  ItemWork,
  MapDone,
  MapNode,
  MapOptions,
  MapOutcome,
  ToolsOfWork,
  WantedIsMissing,
  WantedOutput,
} from './define/map.ts'
export type {
  Compensation,
  CompensationRun,
  CompensationTerms,
  CompensationTool,
  Undone,
  UndoneNode,
  UnknownCompensation,
} from './define/compensate.ts'
export { effectClasses } from './define/effect-class.ts'
export type { CodeGate, GateBase, ReviewGate } from './define/gate.ts'
export { formatStep, type StepAddress } from './base/step-address.ts'
export { closedRequestText, readClosedRequest, type ClosedRequest } from './run/closed-request.ts'
export type { GroupBinding } from './run/runtime.ts'
export type { GroupConfig, GroupDefinition, GroupOwn } from './define/group.ts'
export type { Guard, GuardDefinition, GuardOptions, GuardTree } from './define/guard.ts'
export type {
  AgentNode,
  AnyNode,
  ApprovalNode,
  EffectOutcome,
  GateNode,
  Given,
  JsonLike,
  Later,
  Node,
  NodeReading,
  NotInWrites,
  PatchOf,
  Slice,
  TaskNode,
  ToolNode,
  WorkflowNode,
} from './define/node.ts'
export type {
  ApplyMapping,
  ApplyRule,
  EffectOptions,
  ExtraKeys,
  InputDiffers,
  InputMapping,
  InputRule,
  NodeOptions,
  NothingToApply,
  OutputDiffers,
} from './define/node-options.ts'
export type { AgentLimits, Limit } from './define/limit.ts'
export type { RetryOptions } from './define/retry.ts'
export {
  rule,
  type Present,
  type PresenceOf,
  type ReducerOptions,
  type Rule,
  type RuleDefinition,
} from './define/rule.ts'
export type { SourceLine } from './define/source-line.ts'
export { defineState, type AgentApply, type GroupBuilder, type StateBuilder } from './define/state.ts'
export type {
  CheckedShape,
  EntryProblem,
  IsOptional,
  JsonProblem,
  Needed,
  PatchesOf,
  StateEntry,
  ValueOf,
  ValuesOf,
} from './define/state-values.ts'
export type { KeysOf, TaskConfig, TaskResult, TaskRun } from './define/task.ts'
export {
  defineTool,
  type AnyTool,
  type Compensable,
  type EffectContext,
  type Tool,
  type ToolConfig,
  type ToolDefinition,
} from './define/tool.ts'
export type {
  EffectMemory,
  MemoryKeep,
  MemoryLook,
  MemoryScopePart,
  MemoryUnder,
  MemoryUse,
} from './define/effect-memory.ts'
export {
  recallTool,
  rememberTool,
  type MemoryToolOptions,
  type Recalled,
  type RecallToolOptions,
  type RememberToolOptions,
} from './define/memory-tools.ts'
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
export { createVolatileMemory } from './memory/volatile-memory.ts'
export type { HandoffEscalation, HandoffLimits, HandoffOptions, Handoffs, HandoffSlice } from './define/handoff.ts'
export type { NodeToolRule, ToolRule, ToolRules } from './define/tool-rule.ts'
export { UNSET, type Unset } from './define/unset.ts'
export type { VerdictInput } from './define/verdict.ts'
export {
  isWorkflow,
  type ApprovalsOf,
  type NestedApprovalsOf,
  type KeyOfAny,
  type Moves,
  type MovesOf,
  type NestingOf,
  type OptionalKeyOf,
  type OwnApprovalsOf,
  type PatchableOf,
  type ValueInAny,
  type CrossingOf,
  type EdgesOf,
  type FitsState,
  type KeysOfSchema,
  type Limits,
  type StallLimit,
  type WorkflowLimits,
  type NodeTable,
  type Policy,
  type ToolNameOf,
  type UnionToIntersection,
  type Workflow,
  type WorkflowConfig,
  type WorkflowDefinition,
} from './define/workflow.ts'
export { buildGraph, type BuiltGraph } from './graph/build.ts'
export { everyModelOf, modelsOf } from './graph/asked-models.ts'
export { roomOutcome } from './compile/names.ts'
export { compensationOf, compensationsOf } from './graph/compensations.ts'
export { graphsOf, nodeAt, nodePathsOf } from './graph/nested-graphs.ts'
export { parseGraph } from './graph/parse.ts'
export {
  agentLimitNames,
  endTarget,
  exhaustedTarget,
  failTarget,
  forkTarget,
  graphFormat,
  limitNames,
  personTarget,
  type AgentRecord,
  type ApprovalRecord,
  type CallApprovalRecord,
  type DecidersRecord,
  type EdgeLimit,
  type EdgeRecord,
  type EffectClass,
  type EventRecord,
  type GateRecord,
  type Graph,
  type GraphHashes,
  type CompensationRecord,
  type GuardExpression,
  type GroupRecord,
  type GuardRecord,
  type HandoffLimitsRecord,
  type HandoffRecord,
  type JoinRecord,
  type MapRecord,
  type LimitName,
  type LimitRecord,
  type MemoryUseRecord,
  type LimitsRecord,
  type MergeRule,
  type HistoryRecord,
  type WaitRecord,
  type WordRecord,
  type SummaryRecord,
  type ModelTerms,
  type NodeKind,
  type NodeRecord,
  type NodeRecordBase,
  type PolicyRecord,
  type RetryRecord,
  type StateKeyRecord,
  type Target,
  type TaskRecord,
  type ToolNodeRecord,
  type ToolRecord,
  type ToolRuleRecord,
  type WorkflowRecord,
  type WorkingRecord,
} from './graph/graph.ts'
export { escalationOutcome, handoffTool } from './graph/handoff.ts'
export type { Verdict } from './graph/registry.ts'
export { closingIn, contextsOf, openIn } from './snapshot/tree.ts'
export { check } from './check/check.ts'
export type { CheckOptions } from './check/rule.ts'
export { modelSchemaFaults, type SchemaFault } from './check/schema-faults.ts'
export {
  hasErrors,
  type BoundAmount,
  type BoundName,
  type BoundRow,
  type Bounds,
  type CheckReport,
  type DominatingCycle,
  type Finding,
  type Severity,
} from './check/report.ts'
export { compile, compileGraph, type CompileOptions } from './compile/compile.ts'
export { createMemoryStore } from './checkpoint/memory-store.ts'
export type { GroupStore, SealedValue } from './checkpoint/group-store.ts'
export { createMemoryGroupStore, type MemoryGroupStoreOptions } from './checkpoint/memory-group-store.ts'
export type { SealedByGroup, Sealer } from './checkpoint/sealing.ts'
export { withGroupStores } from './checkpoint/with-group-stores.ts'
export { optionPath, setOptionFolder } from './base/option-path.ts'
export { groupsWithStores } from './graph/group-at.ts'
export type { CompiledWorkflow } from './compile/compiled-workflow.ts'
export { eventWord } from './compile/event-word.ts'
export { createRuntime } from './run/create-runtime.ts'
export type { ResourceLimit, SharedLimits, UseLimit } from './run/resource-limits.ts'
export { defineConfig, type WaystoneConfig } from './run/config.ts'
export type {
  Acceptance,
  AnswerInput,
  DecisionInput,
  KeptByPatch,
  PatchAcceptance,
  Request,
  RequestOf,
  RequestOption,
  RequestVote,
  DecisionFor,
  OpenWait,
  OverridableMove,
  PatchInput,
  QuestionInput,
  Receipt,
  AnyMoves,
  MovesFor,
  RedirectInput,
  RememberInput,
  RememberedRule,
  Revocation,
  Run,
  RunCompensation,
  RunDeletion,
  RunResult,
  Runtime,
  RuntimeOptions,
  SecretResolver,
  SendOptions,
  StartOptions,
  UnreadEvent,
} from './run/runtime.ts'
export { compensationOfRun } from './run/run-result.ts'
export { processLiveness, type Liveness } from './run/liveness.ts'
export type { RuntimeNotice } from './run/notice.ts'
export { requestSchema } from './run/request-schema.ts'
export { calledOffIn, type CalledOffBy } from './run/called-off.ts'
export type { RunEvent } from './run/run-event.ts'
export type { Checkpoint, CheckpointStep } from './snapshot/checkpoint.ts'
export type { Arrival, CachedCall, Candidate, Decision, GuardReading, JoinedBranches } from './snapshot/decision.ts'
export type { EngineEvent } from './snapshot/event.ts'
export type { GivenHandoff, HandoffLimitHit, HandoffLimitName, HandoffMade } from './snapshot/handoff.ts'
export type { AwaitedEvents, EventMessage } from './snapshot/received-event.ts'
export type { RefusalRule, RefusedCall, WithheldTool } from './snapshot/refusal.ts'
export type { FailedUndo, UndoEntry, Undoing, UndoReport } from './snapshot/undo.ts'
export type { ItemErrors, MapOver, OpenMap } from './snapshot/open-map.ts'
export type { AddedItems, BranchStatus, JoinFired, MovedItems, OpenFork } from './snapshot/open-fork.ts'
export type {
  AboveLimits,
  DegradedMark,
  HandoffEntry,
  HandoffLedger,
  OpenStep,
  RunContext,
  RunStatus,
  Snapshot,
  StepKind,
  ToldPart,
} from './snapshot/snapshot.ts'
export { addUsage, noUsage, type Usage, type UsageDelta } from './snapshot/usage.ts'
export type { AuditEntry } from './replay/audit-entry.ts'
export { itemsAroundStep, type AuditCompensation } from './replay/audit-undoing.ts'
export type { AuditEvent } from './replay/audit-events.ts'
export { auditRun, type Audit, type AuditHandoff, type AuditPerson, type AuditPolicy } from './replay/audit-run.ts'
export type { VoidedVote } from './replay/voided-votes.ts'
export { blamePath, type Blame, type BlameApproval, type BlameCall, type BlameEvent } from './replay/blame.ts'
export type { Change } from './replay/diff-values.ts'
export { forkRun, type ForkOptions } from './replay/fork-run.ts'
export { readHistory, type History, type Moment, type ReadOptions } from './replay/history.ts'
export {
  replayRun,
  replayTransitions,
  type Divergence,
  type Replay,
  type StoredTransition,
} from './replay/replay-run.ts'
export { readStats, statsGroups, type StatsGroup, type StatsOptions, type StatsRow } from './replay/stats.ts'
