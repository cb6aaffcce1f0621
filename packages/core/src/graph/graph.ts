import type { Json, JsonObject } from '../base/json.ts'
import type { UnknownCompensation } from '../define/compensate.ts'
import type { EffectClass } from '../define/effect-class.ts'
import type { FallbackReason } from '../define/fallback.ts'
import type { HandoffSlice } from '../define/handoff.ts'
import type { GroupOwn } from '../define/group.ts'
import type { Extent } from '../define/history.ts'
import type { FailedBranches, LosingBranches } from '../define/join.ts'
import type { ExcessItems } from '../define/map.ts'
import type { NodeKind } from '../define/node.ts'
import type { Place } from '../errors/definition-error.ts'
import type { FailureName } from '../errors/failure-names.ts'

/** Version of the graph's own format, written into every graph. */
export const graphFormat = 1

export { effectClasses } from '../define/effect-class.ts'
export { failedBranches, losingBranches } from '../define/join.ts'
export { excessItems } from '../define/map.ts'
export type { EffectClass, ExcessItems, FailedBranches, LosingBranches, NodeKind }

/** Where an edge may lead beside nodes. Node names never hold a colon. */
export const endTarget = ':end'
/** Ends the run `failed`. */
export const failTarget = ':fail'
/** Ends the run `exhausted`: a workflow limit was hit and nothing else was declared for it. */
export const exhaustedTarget = ':exhausted'
/** Not a move: the node stays where it is and a person is asked what happened (outcome `unknown`, not routed). */
export const personTarget = ':person'

/** Not one place: the branches of the edge's {@link EdgeRecord.fork}. */
export const forkTarget = ':fork'

/** A node name or one of `:end`, `:fail`, `:exhausted`, `:person`, `:fork`. */
export type Target = string

/** How values of one state key are combined with a patch. */
export type MergeRule =
  | { readonly rule: 'replace' }
  /** Lists: the patch's items are added; with `key`, an item whose key is present replaces that one in its place. */
  | { readonly rule: 'append'; readonly key: string | null }
  /** Objects: the patch's keys are written over, one level deep. */
  | { readonly rule: 'merge' }
  /** Lists as sets: items not yet present (by JSON equality) are added in order. */
  | { readonly rule: 'union' }
  | { readonly rule: 'max' }
  | { readonly rule: 'min' }
  | { readonly rule: 'sum' }
  /** A named function of the registry. `version` is declared by its author and part of the graph's identity. */
  | { readonly rule: 'reducer'; readonly name: string; readonly version: number }

/** One key of the shared state. */
export interface StateKeyRecord {
  /** JSON schema of the key's whole value. */
  readonly schema: JsonObject
  readonly merge: MergeRule
  /** True when the key may be absent. */
  readonly optional: boolean
  /** The group it is private to; absent: it is shared by all nodes. */
  readonly group?: string
}

/** Some nodes that keep to themselves. */
export interface GroupRecord {
  readonly name: string
  /** State keys that only its nodes read and write. */
  readonly keys: readonly string[]
  /** Keys of the shared state that its nodes may write. */
  readonly exports: readonly string[]
  /** Its gates and approvals whose verdict nodes outside may hear. */
  readonly verdicts: readonly string[]
  /** What it has to itself at the runtime; absent: nothing. */
  readonly own?: readonly GroupOwn[]
  /** For people; outside the hash. */
  readonly description: string
  readonly place: Place
}

/** A boolean expression over named guards, names of failures and nodes under way. */
export type GuardExpression =
  | { readonly guard: string }
  /** What ended went wrong in this way. Only on edges. */
  | { readonly failure: FailureName }
  /** The node is under way. Only on edges. */
  | { readonly active: string }
  | { readonly not: GuardExpression }
  | { readonly all: readonly GuardExpression[] }
  | { readonly any: readonly GuardExpression[] }

/** A named predicate over declared state keys. */
export interface GuardRecord {
  readonly name: string
  readonly reads: readonly string[]
  /** Declared by the author, default 1; part of the graph's identity, since function text is not. */
  readonly version: number
  /** Source text, for people. */
  readonly text: string
  readonly place: Place
}

/** Retry policy of a node's attempts or of a tool's attempts inside an agent. */
export interface RetryRecord {
  /** Attempts in all, 1 or more. */
  readonly attempts: number
  /** Wait before the second attempt, ms. */
  readonly backoffMs: number
  /** Factor from one wait to the next, 1 or more. */
  readonly factor: number
  /** Longest wait, ms. */
  readonly maxBackoffMs: number
  /** Part of the wait that is drawn (seeded by effect id and attempt), 0 to 1. */
  readonly jitter: number
}

/** What an effect may reach of the long-term memory. */
export interface MemoryUseRecord {
  /** 1 to 8 parts: texts, or tags of the run. */
  readonly scope: readonly ({ readonly name: string } | { readonly tag: string })[]
  readonly access: 'read' | 'write'
}

/** What every node has. */
export interface NodeRecordBase {
  readonly id: string
  /** State keys its work may read. */
  readonly reads: readonly string[]
  /** State keys its patch may write. */
  readonly writes: readonly string[]
  /** Every outcome it can end with, built-in ones that apply included (`done`, `failed`, `timeout`, `unknown`, or its own). */
  readonly outcomes: readonly string[]
  /** The node's own effect class; for an agent, that of its model calls (`idempotent`); its tools have theirs. */
  readonly effect: EffectClass
  readonly retry: RetryRecord
  /** Longest time of one attempt, ms; null: none. */
  readonly timeoutMs: number | null
  /** Nodes (gates, approvals) whose last verdict its work may read. */
  readonly hears: readonly string[]
  /** A name that only one of the branches of a fork may hold at a time. Absent: none. */
  readonly exclusive?: string
  /** `fork`: its work reads the state as it was when the fork around it was taken. Absent: as it is. */
  readonly sees?: 'fork'
  /** The group it is in; absent: none. */
  readonly group?: string
  /** For people; outside the hash. */
  readonly description: string
  /** An operator may redirect a run to it; absent: no. */
  readonly isRedirectable?: true
  readonly place: Place
}

/** What holds for calls of one tool by one agent. Absent: no such rule. */
export interface ToolRuleRecord {
  /** The tool is offered and run only while this holds. */
  readonly when?: GuardExpression
  /** Tools of the agent that must have ended well in the same visit. */
  readonly after?: readonly string[]
  /** Calls per visit that are run, 0 or more. */
  readonly maxCalls?: number
  /** More careful than the tool's own. */
  readonly effect?: EffectClass
  /** Instead of what the tool says; null: nobody is asked. */
  readonly approval?: CallApprovalRecord | null
  /** Where the class is tightened and the tool names no policy of its own: that of the class. */
  readonly retry?: RetryRecord
  /** Keys of {@link Graph.tools}, in the order they are tried. */
  readonly alternates?: readonly string[]
  /** What the model is told when the call and its alternates have failed. */
  readonly otherwise?: Json
}

/** A model call that tells a cut part of a conversation in short. */
export interface SummaryRecord {
  /** Name of a model bound at the runtime; outside the graph hash, in the behaviour hash. */
  readonly model: string
  /** Null: the usual ones; outside the graph hash, in the behaviour hash. */
  readonly instructions: string | null
  /** Reserved for it; null: unknown. */
  readonly maxInputTokens: number | null
  /** Asked of the model and reserved for it; null: the model's own. */
  readonly maxOutputTokens: number | null
  /** What a failed one leads to: the whole conversation, what is kept of it, or the node's end. */
  readonly otherwise: 'keep' | 'forget' | 'fail'
}

/** When an agent's conversation is cut and what is left of it. */
export interface HistoryRecord {
  readonly over: Extent
  readonly keep: Extent
  /** Null: what is cut is forgotten. */
  readonly summary: SummaryRecord | null
}

/** What shapes the model calls of a node, whoever it is. */
export interface ModelTerms {
  /** Name of a model bound at the runtime; outside the graph hash, in the behaviour hash. */
  readonly model: string
  /** Models asked instead, in order; absent: none. How many there are is in the graph hash, their names are not. */
  readonly fallbacks?: readonly { readonly model: string }[]
  /** Why they are asked; absent: for `failure`. */
  readonly fallbackOn?: readonly FallbackReason[]
  /** The text, or null when a function makes it; outside the graph hash, in the behaviour hash. */
  readonly instructions: string | null
  /** Model calls per visit, 1 or more; repairs and attempts count, those of fallbacks too. */
  readonly maxModelCalls: number
  /** Reserved per model call; a request that is certainly larger is not sent. Null: unknown. */
  readonly maxInputTokens: number | null
  /** Asked of the model and reserved per call; null: the model's own. */
  readonly maxOutputTokens: number | null
  /** JSON schema the final answer must fit; null: plain text. */
  readonly outputSchema: JsonObject | null
  /** Bounded repair turns per visit and model for an answer that does not fit. */
  readonly repairs: number
}

/** One way in which an agent may hand over: an outcome of its own. */
export interface HandoffRecord {
  /** For the model; outside the graph hash, in the behaviour hash. */
  readonly description: string
  /** JSON schema of what its model gives with it, beside the reason. */
  readonly contractSchema: JsonObject
  /** Which of its messages go along. */
  readonly slice: HandoffSlice
  /** When the receiver's work is done, for the receiver; outside the graph hash, in the behaviour hash. Absent: not said. */
  readonly doneWhen?: string
}

/** An agent: model calls and tool calls until it answers. */
export interface AgentRecord extends NodeRecordBase, ModelTerms {
  readonly kind: 'agent'
  readonly tools: readonly string[]
  /** By tool; absent when there are none. */
  readonly toolRules?: { readonly [tool: string]: ToolRuleRecord }
  /** Tool calls one model answer may ask for, 1 or more; more are answered with an error and not run. */
  readonly maxCallsPerTurn: number
  /** Tool calls of one answer that run side by side, 1 or more; the others wait. Absent: all of them. */
  readonly maxParallelCalls?: number
  /** Upper bounds of a visit; with any, outcome `exhausted` exists. Absent: none. */
  readonly limits?: { readonly [name in AgentLimitName]?: LimitRecord }
  /** What a later visit starts from: nothing, or the messages of the visits before. */
  readonly memory: 'fresh' | 'continue'
  /** Absent: the conversation is told whole. */
  readonly history?: HistoryRecord
  /** By name, which is an outcome; absent: it hands over to nobody. */
  readonly handoffs?: { readonly [name: string]: HandoffRecord }
}

/** A tool used as a node. */
export interface ToolNodeRecord extends NodeRecordBase, Compensable {
  readonly kind: 'tool'
  /** Key of {@link Graph.tools}. */
  readonly tool: string
}

/**
 * How the work of a node, or the calls of a tool, are undone: what a compensation does is like the work of a tool node or a task. Its `id` is that of
 * the node or the tool.
 */
export type CompensationRecord = NodeRecordBase & {
  readonly whenUnknown: UnknownCompensation
} & ({ readonly kind: 'tool'; readonly tool: string } | { readonly kind: 'task' })

/** What may be undone. */
export interface Compensable {
  /** Null: what the tool says of it does not hold. Absent: as the tool says, if there is one. */
  readonly compensate?: CompensationRecord | null
}

/** A decision: rules in code, or a reviewing model. */
export interface GateRecord extends NodeRecordBase {
  readonly kind: 'gate'
  /** Null: decided by code. Else a model is asked for the verdict. */
  readonly reviewer: (ModelTerms & { readonly outputSchema: JsonObject }) | null
  /** Absent: none. */
  readonly memory?: MemoryUseRecord
}

/** Who decides a request. What is absent does not apply. */
export interface DecidersRecord {
  /** Persons who must approve, 2 or more; who they may be, null: anybody; what their rejections do. */
  readonly quorum?: {
    readonly need: number
    readonly of: readonly string[] | null
    readonly rejected: 'one' | 'unreachable'
  }
  /** Who may decide for whom. */
  readonly delegates?: readonly { readonly person: string; readonly by: readonly string[] }[]
  /** Whom it is for when nobody has decided for so long, ms since it was asked. Order: by time. */
  readonly escalations?: readonly { readonly afterMs: number; readonly role: string }[]
}

/** A person decides. */
export interface ApprovalRecord extends NodeRecordBase, DecidersRecord {
  readonly kind: 'approval'
  /** State keys shown to the person; equals `reads`. A decision is bound to what they held. */
  readonly show: readonly string[]
  /** Keys the person may edit; with any, outcome `edited` exists. */
  readonly edits: readonly string[]
  readonly role: string | null
  /** Why it is asked, for the person. */
  readonly reason: string
  /** Time until outcome `expired`, ms; null: never. */
  readonly expiresInMs: number | null
  /** True: the person may ask back, outcome `asked`. */
  readonly canAskBack: boolean
  /** JSON schema of the answer that a decision may carry; null: none. Its keys are written to state and stand in `writes`. */
  readonly responseSchema: JsonObject | null
  /** The person is told the text of state key `says` and answers with a text, which is key `answer` of the response to `outcome`; absent: it is no talk. */
  readonly talk?: { readonly says: string; readonly answer: string; readonly outcome: string }
  /** It was made for the call of an item, which is made as the person edited it: to edit is to approve. Absent: an author wrote it. */
  readonly isAboutCall?: true
}

/** Plain code with an effect class. */
export interface TaskRecord extends NodeRecordBase, Compensable {
  readonly kind: 'task'
  /** Absent: none. */
  readonly memory?: MemoryUseRecord
}

/** Where the branches of a fork meet. It takes no step: the end that satisfies it goes on along its edges. */
export interface JoinRecord extends NodeRecordBase {
  readonly kind: 'join'
  /** Branches that must have joined, 1 or more; null: all. */
  readonly atLeast: number | null
  readonly failed: FailedBranches
  readonly losers: LosingBranches
  /** Time from the fork until outcome `deadline`, ms; null: none. */
  readonly deadlineMs: number | null
}

/** Work on every item of a list, several at a time. */
export interface MapRecord extends NodeRecordBase, Compensable {
  readonly kind: 'map'
  /** The state key it goes over, which is among `reads`; null: a function makes the list. */
  readonly over: string | null
  /** Key of {@link Graph.tools} that each item calls; null: a function does its work, or a workflow. */
  readonly tool: string | null
  /**
   * Key of {@link Graph.workflows} that each item runs: for an agent one that was made of it, `<map>:agent`; for a tool that is asked about one
   * of the request and the call, `<map>:asked`. Absent: none.
   */
  readonly workflow?: string
  /** A person is asked about the call of each item, or of those of which a function says so. Absent: `approval` was not said. */
  readonly asks?: 'always' | 'arguments'
  /** Most items, 1 or more. */
  readonly maxItems: number
  readonly excess: ExcessItems
  /** Items that run at a time, 1 or more. */
  readonly concurrency: number
  /** `first`: the first whose output its author's function says is wanted. A number: so many must have ended, 1 or more. */
  readonly done: 'all' | 'first' | number
  readonly failed: FailedBranches
  readonly losers: LosingBranches
}

/** What a wait reads a word from: a state key, which is among `reads`, or a function. */
export type WordRecord = { readonly stateKey: string } | 'function'

/** A wait: for an event from outside, or for time to pass. */
export interface WaitRecord extends NodeRecordBase {
  readonly kind: 'wait'
  /** Keys of {@link Graph.events}: whichever comes first is taken. Empty: it waits for time only. */
  readonly events: readonly string[]
  /** What the key of an event must equal; null: any event is taken. */
  readonly key: WordRecord | null
  /** How long it waits, ms; null: it does not wait for so long. */
  readonly delayMs: number | null
  /** The moment it waits for; null: it does not wait for one. */
  readonly until: WordRecord | null
  /** Time until outcome `expired`, ms; null: never. */
  readonly expiresInMs: number | null
}

/** An event that waits take from outside. */
export interface EventRecord {
  /** JSON schema of what it carries; of null for an event that carries nothing. */
  readonly payloadSchema: JsonObject
  /** `lost`: refused when no wait for it is open as it comes. Absent: it is kept. */
  readonly early?: 'lost'
  readonly place: Place
}

/** A nested workflow: it runs inside the run, with a state of its own. */
export interface WorkflowRecord extends NodeRecordBase {
  readonly kind: 'workflow'
  /** Key of {@link Graph.workflows}. */
  readonly workflow: string
}

/** A node of the graph, told apart by `kind`. */
export type NodeRecord = WorkingRecord | JoinRecord

/** A node that takes steps: any but a join. */
export type WorkingRecord =
  | AgentRecord
  | ToolNodeRecord
  | GateRecord
  | ApprovalRecord
  | TaskRecord
  | MapRecord
  | WorkflowRecord
  | WaitRecord

/** When and how a person is asked before a call of an agent's tool runs. */
export interface CallApprovalRecord extends DecidersRecord {
  /** Every call, what a function of the author's says of the arguments, or what a guard says of the state. */
  readonly when: 'always' | 'arguments' | GuardExpression
  readonly role: string | null
  /** For the person; outside the graph hash, in the behaviour hash. */
  readonly reason: string
  /** Time until the call is dropped, ms; null: never. */
  readonly expiresInMs: number | null
  readonly canEdit: boolean
  readonly canAskBack: boolean
  /** How far decisions may be remembered; absent: in their run. */
  readonly remember?: 'never' | 'workflow'
}

/** A tool as the graph knows it. */
export interface ToolRecord {
  readonly name: string
  /** For the model; outside the graph hash, in the behaviour hash. */
  readonly description: string
  readonly effect: EffectClass
  /** Names of the secrets its calls resolve. */
  readonly secrets: readonly string[]
  /** What its calls reach of the long-term memory; absent: nothing. */
  readonly memory?: MemoryUseRecord
  /** Names of limited resources its calls draw on; absent: none. Outside the graph hash, in the behaviour hash. */
  readonly resources?: readonly string[]
  /** Declared by the author, default 1. */
  readonly version: number
  readonly inputSchema: JsonObject
  readonly outputSchema: JsonObject
  /** Retry policy inside an agent; a tool node has its own. */
  readonly retry: RetryRecord
  readonly timeoutMs: number | null
  /** Of its calls by agents that say nothing else about it; absent: nobody is asked. */
  readonly approval?: CallApprovalRecord
  /** `false`: identical pure calls are run each time. Absent: once in a run. */
  readonly cache?: false
  /** Largest output, bytes of JSON; absent: 262144. */
  readonly maxOutputBytes?: number
  /** How its calls are undone; absent: they are not. */
  readonly compensate?: CompensationRecord
  readonly place: Place
}

/** Largest output of a tool unless it says otherwise, bytes of JSON. */
export const defaultMaxOutputBytes = 262_144

/** How often an edge may be taken. */
export interface EdgeLimit {
  /** Times, 0 or more. */
  readonly max: number
  /** Node whose entry sets the count back to 0; null: per run. */
  readonly per: string | null
}

/**
 * One arc: when `from` ends with `outcome`, edges are tried by `index`; the first whose guard holds and whose limit is not
 * used up is taken. A used-up limit with `otherwise` takes that instead and does not count; without, the next edge is tried.
 */
export interface EdgeRecord {
  /** `from.outcome`, or `from.outcome.index` when the outcome has a list; `from:handoffs` for handoffs that are one too many. Unique. */
  readonly id: string
  readonly from: string
  readonly outcome: string
  /** 0-based place among the edges of this outcome: its priority. */
  readonly index: number
  readonly when: GuardExpression | null
  readonly to: Target
  readonly limit: EdgeLimit | null
  readonly otherwise: Target | null
  /**
   * For an edge to `:fork`: first nodes of the branches, in their order, and the join. `guarded`, by first node: a branch that begins only when this
   * holds; the edge itself is taken when one of them does.
   */
  readonly fork?: {
    readonly branches: readonly string[]
    readonly join: string
    readonly guarded?: { readonly [branch: string]: GuardExpression }
  }
  /** Nodes in branches beside its own that are ended with it. Absent: none. */
  readonly cancels?: readonly string[]
  /** The event it was written as: it leads to what is on it. Absent: it was written as an edge. */
  readonly emits?: string
  /** It may lead out of the fork that it is in. Absent: it may not. */
  readonly cancelsFork?: true
  /** True for the rules of outcomes that were not routed: `failed` and `timeout` to `:fail`, `unknown` to `:person`. */
  readonly isImplicit: boolean
  /** Taking it to `to` marks the run as degraded. Absent: it does not. */
  readonly isDegraded?: true
  readonly place: Place
}

/** What a run may use up. Order: the order in which they are tested and printed. */
export const limitNames = [
  'steps',
  'modelCalls',
  'toolCalls',
  'tokens',
  'inputTokens',
  'outputTokens',
  'cachedTokens',
  'reasoningTokens',
  'costUsd',
  'durationMs',
] as const
/** See {@link limitNames}. `tokens` is input plus output. */
export type LimitName = (typeof limitNames)[number]

/** What a visit of an agent may use up. Order: the order in which they are tested. */
export const agentLimitNames = [
  'modelCalls',
  'toolCalls',
  'tokens',
  'costUsd',
  'durationMs',
] as const satisfies LimitName[]
/** See {@link agentLimitNames}. */
export type AgentLimitName = (typeof agentLimitNames)[number]

/** One upper bound. */
export interface LimitRecord {
  readonly max: number
  /** `before`: a call that could exceed it (used + reserved + its own reservation) is not made. `after`: no call once it is exceeded. */
  readonly check: 'before' | 'after'
}

/** Upper bounds of handing over; those that are absent do not apply. */
export interface HandoffLimitsRecord {
  /** In all. */
  readonly max?: number
  /** From one node to another. */
  readonly perPair?: number
  /** From one node to another with the same contract. */
  readonly identical?: number
  /** From the first one. */
  readonly withinMs?: number
  /** Node whose entry begins a new chain; null: the run is one. */
  readonly per: string | null
  /** Where the one too many leads, once a chain: see the edges with outcome `:handoffs`. Null: it is refused. */
  readonly escalateTo: Target | null
  /** That may be out of a fork. Absent: it may not. */
  readonly cancelsFork?: true
}

/** Upper bounds of a run and where it goes when one is hit. */
export interface LimitsRecord {
  readonly bounds: { readonly [name in LimitName]?: LimitRecord }
  /** A node, `:end`, `:fail` or `:exhausted` (default). Taken once; from then on the workflow's limits no longer stop the run, edge limits do. */
  readonly exhausted: Target
  /** Absent: a run may go on without progress as long as edges allow. */
  readonly stall?: StallRecord
  /** Absent: handing over has no limits of its own. */
  readonly handoffs?: HandoffLimitsRecord
  readonly place: Place
}

/** When a run has stalled, and where it then goes from any node: `limit` times to `to`, once to `otherwise`, then it fails. */
export interface StallRecord {
  /** Edges taken in a row without progress, 1 or more. */
  readonly transitions: number
  /** State keys whose change is progress; null: every key, nodes entered for the first time, and what people decide. */
  readonly watch: readonly string[] | null
  readonly to: Target
  /** 1 or more. */
  readonly limit: number
  readonly otherwise: Target
}

/**
 * "Tool `never` does not run unless `without` was crossed since the tool last ran and since the keys shown were last written."
 *
 * `approval`: a person was asked about the very call, or approved at some approval.
 */
export interface PolicyRecord {
  /** Tool name. */
  readonly never: string
  readonly without: { readonly node: string; readonly outcome: string } | 'approval'
  /** Only paths on which this holds are meant; edges only taken when it is false are left out. Null: all paths. */
  readonly given: GuardExpression | null
  /** A yes that a person had remembered counts as well; absent: it does not. */
  readonly remembered?: true
  readonly place: Place
}

/**
 * A workflow as plain frozen JSON: everything that `check`, `compile`, the inspector and other processes need, and no function.
 *
 * Order: `nodes` and `edges` in the order the author wrote them.
 */
export interface Graph {
  readonly format: typeof graphFormat
  readonly name: string
  /** Declared by the author. */
  readonly version: number
  readonly description: string
  readonly state: { readonly [key: string]: StateKeyRecord }
  /** JSON schema of the run's input: an object whose keys are state keys. */
  readonly inputSchema: JsonObject
  /** Keys of the input. */
  readonly inputKeys: readonly string[]
  /** State keys that are the run's result. */
  readonly output: readonly string[]
  readonly nodes: { readonly [id: string]: NodeRecord }
  readonly start: string
  readonly edges: readonly EdgeRecord[]
  readonly guards: { readonly [name: string]: GuardRecord }
  readonly tools: { readonly [name: string]: ToolRecord }
  /** Events that waits of this workflow take, by name. Absent: none. */
  readonly events?: { readonly [name: string]: EventRecord }
  /** By name. Absent: none. */
  readonly groups?: { readonly [name: string]: GroupRecord }
  /** Nested workflows by name, each whole. Absent: none. */
  readonly workflows?: { readonly [name: string]: Graph }
  readonly limits: LimitsRecord
  readonly policies: readonly PolicyRecord[]
  readonly place: Place
}

/** The two hashes of a graph. */
export interface GraphHashes {
  /** Names, kinds, reads and writes, outcomes, edges, limits, policies, schemas, declared versions. A run can only go on under the same. */
  readonly graph: string
  /** Prompts and model names; a difference only warns. */
  readonly behaviour: string
}
