import type { Json, JsonObject } from '../base/json.ts'
import { indexEntries } from '../base/with-index.ts'
import type { ModelMessage } from '../define/model.ts'
import type { ErrorRecord } from '../errors/waystone-error.ts'
import type { LimitName, LimitRecord } from '../graph/graph.ts'
import type { Verdict } from '../graph/registry.ts'
import type { GivenHandoff, HandoffMade } from './handoff.ts'
import type { OpenMap } from './open-map.ts'
import type { OpenFork } from './open-fork.ts'
import type { AwaitedEvents, EventMessage } from './received-event.ts'
import type { RefusalRule } from './refusal.ts'
import type { StickyRule } from './sticky-rule.ts'
import type { UndoEntry, Undoing, UndoReport } from './undo.ts'
import type { Usage, UsageDelta } from './usage.ts'

/**
 * What a step is: a node's work, one model call, a model call that tells a cut part of a conversation in short, one tool call of an
 * agent, a person's answer (of an approval, or before a call of an agent runs, which then goes on as `call`), or a person's word on an
 * unknown outcome. A map's steps make its list (`map`), work on one item of it (`item`), and apply the results (`collect`). The step of a nested
 * workflow, and of an item that is one, is `input` while its input is made, `workflow` while it runs, and `output` while what it gave is taken over. That of a
 * wait is `prepare` while its key or its moment is made, `wait` while nothing runs, and `receive` while what came is taken over. `compensate` undoes what another step did.
 */
export type StepKind =
  | 'task'
  | 'tool'
  | 'gate'
  | 'model'
  | 'summary'
  | 'call'
  | 'map'
  | 'item'
  | 'collect'
  | 'approval'
  | 'resolve'
  | 'input'
  | 'workflow'
  | 'output'
  | 'prepare'
  | 'wait'
  | 'receive'
  | 'compensate'

/** True for steps that only run a mapping of the author's around what a node does: they touch nothing. */
export function isMapping({ kind }: { readonly kind: StepKind }): boolean {
  return kind === 'map' || kind === 'collect' || kind === 'input' || kind === 'output'
}

/** True for steps that are one call of a model. */
export function isModelCall({ kind }: { readonly kind: StepKind }): boolean {
  return kind === 'model' || kind === 'summary'
}

/** What one person of a quorum has decided. */
export interface Vote {
  readonly outcome: 'approved' | 'rejected'
  readonly by: string
  /** Whom they decided for; absent: themselves. */
  readonly for?: string
  readonly reason: string
  /** Ms since the epoch. */
  readonly at: number
  /** Of what they were shown: it counts only while that is what is asked. */
  readonly digest: string
  /** Somebody has voted on what is asked since: it counts no more, whatever is asked later. */
  readonly isVoid?: true
}

/** What somebody asked about a request before they decided, and what they were told. */
export interface Question {
  readonly text: string
  readonly by: string
  readonly through: string
  /** Ms since the epoch. */
  readonly at: number
  /** Null: nobody has answered. */
  readonly answer: { readonly text: string; readonly by: string; readonly through: string; readonly at: number } | null
}

/** What a person asked the model of an agent instead of deciding about its call. */
export interface AskedBack {
  readonly text: string
  readonly by: string
  /** Ms since the epoch. */
  readonly at: number
}

/** True for steps that only a person ends. */
export function isAsking({ kind }: { readonly kind: StepKind }): boolean {
  return kind === 'approval' || kind === 'resolve'
}

/** True for steps that nothing of the run's own ends: they wait for a person, for an event from outside, or for time to pass. */
export function isIdle(step: { readonly kind: StepKind }): boolean {
  return isAsking(step) || step.kind === 'wait'
}

/** An effect that has been asked for and has not ended: the only things that can move a run. */
export interface OpenStep {
  readonly node: string
  /** Entry into the node, from 1. */
  readonly visit: number
  readonly kind: StepKind
  /** From 1. */
  readonly attempt: number
  /** When it was asked for, ms since the epoch. */
  readonly since: number
  /** Earliest start of this attempt, ms since the epoch; absent: at once. */
  readonly notBefore?: number
  /** For `model`: which of the node's fallbacks is asked, from 1; absent: its own model. */
  readonly model?: number
  /** Attempts of this step that were made with other models; absent: none. */
  readonly attemptsBefore?: number
  /** For `call` and an `item` that calls a tool, and for whatever is asked of a person about one: the tool's name; of a `call` the model's id of it. */
  readonly tool?: string
  readonly callId?: string
  /** For an item of a map, and for what is asked of a person about one: its place in the list, from 0. */
  readonly item?: number
  /** When the time of its agent's visit ends, ms since the epoch; absent: never. */
  readonly limitAt?: number
  /** For a `wait`: the events it takes; absent: it waits for time only. */
  readonly awaits?: AwaitedEvents
  /** For `receive`: id of the event that is taken over. */
  readonly event?: string
  /** For `approval` and `wait`: when it expires, ms since the epoch. */
  readonly expiresAt?: number
  /** Of a quorum that is not there yet: who has approved or rejected so far; absent: nobody. */
  readonly votes?: readonly Vote[]
  /** What was asked about it, in order; absent: nothing. */
  readonly questions?: readonly Question[]
  /** When its next escalation is, ms since the epoch; absent: there is none. */
  readonly escalatesAt?: number
  /** Escalations that have been; absent: none. */
  readonly escalated?: number
  /** For what a person has approved: tool and arguments, hashed; with other ones it does not run. As `approval` it waits for others of its turn to end. */
  readonly approved?: string
  /** For `resolve`: what kind of step its outcome is unknown of. */
  readonly unknown?: 'task' | 'tool' | 'call' | 'gate' | 'item' | 'compensate'
  /** For `resolve` in a fork: it was the origin that did what is asked about, and it is the origin's to undo. */
  readonly isOrigins?: true
  /** What is set aside for this attempt until it settles. */
  readonly reserved?: UsageDelta
  /** Its attempt was asked for while the run was held, and nobody has released it since: it certainly has not begun. */
  readonly isWithheld?: true
  /** An attempt before this one may have happened; absent: none may. */
  readonly isUnsure?: true
  /** For an item of a map that can be undone: the step that made the list. */
  readonly list?: number
  /** For `compensate`, and for what is asked of a person about one: what it undoes. */
  readonly undoes?: UndoEntry
  /** In `closing`: it may end by itself, although nobody takes what it gives. */
  readonly finishes?: true
}

/** A tool call of a turn, in the order the model asked. Its arguments stand in the assistant message before it, under the same `callId`. */
export interface AgentCall {
  readonly callId: string
  readonly tool: string
  /** Step that runs it; absent while it is queued, and for a call that was answered without running (unknown tool, bad arguments, too many). */
  readonly step?: number
  /** `queued`: waits until others of its turn have ended. `asked`: a person is asked, whether it may run or what came of it. */
  readonly phase: 'queued' | 'running' | 'done' | 'asked'
  /** A person is asked before it runs; what the rule said of it, which may be empty. */
  readonly asks?: string
  /** What it runs with instead of the model's arguments: a person changed them, and said why. */
  readonly arguments?: Json
  readonly editReason?: string
  /** What the model is told. Present when `done`, unless it stands in the run's cache. */
  readonly result?: Json
  /** Not run: an identical call of a pure tool was made before in this run, whose result stands in the run's cache under this key. */
  readonly cached?: string
  /** Not run on its own: the call of this turn, by its id, whose step and result it shares. */
  readonly sameAs?: string
  readonly isError?: boolean
  /** The rule because of which it was answered without running. */
  readonly refused?: RefusalRule
  /** The alternate that is to run, runs or ran in place of `tool`; `step` is then its step. */
  readonly ran?: string
  /** A person asked the model about it instead of deciding. */
  readonly question?: AskedBack
  /** It has failed for good; `result` is what the author gave for that case. */
  readonly isDegraded?: boolean
  /** Nobody knows whether it happened, and the agent has an edge for that. */
  readonly isUnknown?: boolean
  /** No call of a tool: it hands over once the others of its turn have ended. Such a one is `done` and has no result yet. */
  readonly handoff?: GivenHandoff
}

/**
 * What a model wrote in place of older entries. Always the first entry; it tells what the summary before it told as well.
 *
 * Untrusted: models are told it as a note, never as instructions.
 */
export interface ConversationSummary {
  readonly type: 'summary'
  readonly text: string
  /** The step that wrote it: what it stands for is in the checkpoints before that one. */
  readonly step: number
}

/** What one agent of a conversation that was handed over had been given and had said. */
export interface ToldPart {
  readonly node: string
  /** What it was given; absent: that does not go along, or stands among the entries. */
  readonly input?: { readonly state: JsonObject; readonly heard: { readonly [node: string]: Verdict } }
  /** Without what is only for its own model. */
  readonly entries: readonly AgentEntry[]
}

/** At the start of a visit: who handed over, why, and what went along. Untrusted: models are told it as a note. */
export interface HandoffEntry {
  readonly type: 'handoff'
  readonly from: string
  readonly handoff: string
  readonly reason: string
  readonly contract: JsonObject
  readonly summary?: string
  /** Order: as it was said; of `all` those before it first. Absent: no messages go along. */
  readonly told?: readonly ToldPart[]
  /** Of one too many: the chain before it. */
  readonly chain?: readonly Pick<HandoffMade, 'from' | 'to' | 'reason'>[]
}

/**
 * One entry of an agent's private conversation, oldest first.
 *
 * Values are never moved from place to place, so that checkpoints point to them instead of copying them.
 */
export type AgentEntry =
  | ConversationSummary
  /** The start of a visit of an agent that continues: what it was given. Rendered again at each call. */
  | { readonly type: 'input'; readonly state: JsonObject; readonly heard: { readonly [node: string]: Verdict } }
  /** The start of a visit that another agent handed over to. */
  | HandoffEntry
  /** What the model answered, as it came. */
  | Extract<ModelMessage, { role: 'assistant' }>
  /** The tool calls of the answer before, filled in as they end. */
  | { readonly type: 'results'; readonly calls: readonly AgentCall[] }
  /** From here on answers are of another of the node's models: 0 its own, from 1 its fallbacks. */
  | { readonly type: 'model'; readonly model: number }
  /** The answer before did not fit; what the model is told, one line an issue. */
  | { readonly type: 'repair'; readonly issues: readonly string[] }

/** What is private to an agent (or a gate with a reviewer): never in shared state unless it writes it there. */
export interface AgentMemory {
  readonly entries: readonly AgentEntry[]
  /** Model calls of this visit, attempts included. */
  readonly modelCalls: number
  /** Repairs of the model that is asked now. */
  readonly repairs: number
  /** What this visit has used, settled; absent: the agent has no limits of its own. */
  readonly used?: Usage
  /** When this visit began, ms since the epoch; absent as `used`. */
  readonly since?: number
  /** Which of the node's fallbacks is asked in this visit, from 1; absent: its own model. */
  readonly model?: number
  /** Calls of this visit by tool, for tools that a rule counts: how many were begun, how many ended well. Absent: none. */
  readonly called?: { readonly [tool: string]: { readonly begun: number; readonly done: number } }
  /** For conversations that are cut by tokens: what the first `upTo` entries counted, as the model reported it; absent: not reported yet. */
  readonly tokens?: { readonly upTo: number; readonly count: number }
  /** No summary could be written in this visit. */
  readonly hasNoSummary?: true
}

/** What a call of a pure tool gave, for identical calls later in the run. */
export interface CachedResult {
  readonly tool: string
  /** Step that ran it. */
  readonly step: number
  readonly result: Json
  /** What a model was told of a large output, not the output itself: for identical calls of agents only. */
  readonly isCut?: true
  /** The group with a store of its own inside which it was made; absent: none. */
  readonly group?: string
}

/** Something of a run was not done as it was meant to be. */
export interface DegradedMark {
  readonly node: string
  /** An alternate tool answered · the author's answer for a failed call was given · a fallback model answered · an edge that says so was taken. */
  readonly by: 'alternate' | 'otherwise' | 'fallback' | 'edge'
  /** Step after which it was marked last. */
  readonly step: number
  /** For people; of the last time. */
  readonly why: string
  /** How often. */
  readonly times: number
}

/** The handoffs of a run, or of a nested workflow, since its chain began. */
export interface HandoffLedger {
  /** When the first was made, ms since the epoch; absent: none has been. */
  readonly since?: number
  /** Order: as made. */
  readonly made: readonly HandoffMade[]
  /** Calls of models for handoffs that were not made: none of that name, not possible then, not fitting. Absent: none. */
  readonly refused?: number
  /** What agents are told as they are entered: at rest only for nodes at which branches meet. Order: as made. Absent: nothing. */
  readonly going?: readonly { readonly to: string; readonly entry: HandoffEntry }[]
}

/** How a run ended. */
export interface Ending {
  readonly status: 'completed' | 'failed' | 'cancelled' | 'exhausted'
  readonly at: number
  /** For `failed`: what failed last. */
  readonly error?: ErrorRecord
  /** For `exhausted`. */
  readonly limit?: LimitName
  /** For `cancelled`: who and why. */
  readonly by?: string
  readonly reason?: string
}

/** Everything of a run that is not the machine's state value. Immutable; plain JSON. */
export interface RunContext {
  /** The user's shared state. */
  readonly state: JsonObject
  /** By agent node. */
  readonly private: { readonly [node: string]: AgentMemory }
  /** Last verdict by gate or approval. */
  readonly verdicts: { readonly [node: string]: Verdict }
  /** The next step index: steps begun so far. */
  readonly steps: number
  /** Entries by node. */
  readonly visits: { readonly [node: string]: number }
  /** Times taken, by edge with a limit; what `per` resets. */
  readonly taken: { readonly [edge: string]: number }
  /** By step index. */
  readonly open: { readonly [stepIndex: string]: OpenStep }
  /** Cancelled, not settled yet, by step index. */
  readonly closing: { readonly [stepIndex: string]: OpenStep }
  /** Nested workflows under way, by the step that holds each. Absent: none. */
  readonly children?: { readonly [stepIndex: string]: Snapshot }
  /** Of a nested workflow: how many steps of the run before `steps` are not its own. Absent: it is the run itself. */
  readonly others?: number
  /** Only inside a transition of a nested workflow: what those around it have used and may use. Order: the run first. */
  readonly above?: readonly AboveLimits[]
  /** By join. Absent when no fork is under way. */
  readonly forks?: { readonly [join: string]: OpenFork }
  /** By node. Absent when no map is under way. */
  readonly maps?: { readonly [node: string]: OpenMap }
  /** What waits for others to give back what they have set aside. Absent: nothing does. */
  readonly short?: Short
  /** Of the run: events from outside that are not used up, by id, in the order they came; an open step that takes one over names it. Absent: none. */
  readonly received?: { readonly [id: string]: EventMessage }
  /** Settled. */
  readonly usage: Usage
  readonly startedAt: number
  /** What one model call of a node costs at most, USD, by node; absent: cost is not reserved. */
  readonly callCosts?: { readonly [node: string]: number }
  /** Decisions that are remembered in this run. Only of the run itself. Absent: none. Order: as made. */
  readonly rules?: readonly StickyRule[]
  /** Keys that operators have patched, and when last, ms since the epoch: what was decided before on what they held is asked anew. Only of a run with remembered decisions. Absent: none. */
  readonly patched?: { readonly [key: string]: number }
  /** By an operator. */
  readonly held: Hold | null
  /** The workflow limit whose edge has been taken. */
  readonly exhausted: { readonly limit: LimitName; readonly at: number } | null
  /** How far a run whose workflow has `limits.stall` is from it: edges taken in a row without progress, and times it has stalled. Absent: neither. */
  readonly stall?: { readonly count: number; readonly times: number }
  /** The last error of a node, until another node ends well. */
  readonly error: ErrorRecord | null
  /** Results of pure tools by call, a digest of tool and arguments; absent: none. They stay as long as the run, nested workflows share them: stored in the run's own context only. */
  readonly cached?: { readonly [call: string]: CachedResult }
  /** By node and what it was, `node:by`; absent: nothing was degraded. */
  readonly degraded?: { readonly [place: string]: DegradedMark }
  /** Absent: no agent has handed over, or tried to, since the chain began. */
  readonly handoffs?: HandoffLedger
  /** What was done, or may have been, and can be undone. Order: of ending. Absent: nothing. */
  readonly undo?: readonly UndoEntry[]
  /** Absent: it is not about to end. */
  readonly undoing?: Undoing
  /** Absent: nothing was to be undone. */
  readonly undone?: UndoReport
  readonly ending: Ending | null
}

/** What cannot begin yet: it would fit into the limits if less was set aside by what is under way. Order: as they began to wait, or last began something. */
export interface Short {
  /** Maps with items, and agents with calls of an answer, that are to begin. */
  readonly nodes: readonly string[]
  /** Steps of nested workflows in which something waits so. */
  readonly inside: readonly number[]
}

/** The limits of a workflow around a nested one, and what all but the nested one have used of them. */
export interface AboveLimits {
  /** How far up it is: 1 is the workflow that holds the nested one. */
  readonly up: number
  readonly bounds: { readonly [name in LimitName]?: LimitRecord }
  /** By limit: settled, and set aside by calls under way. */
  readonly used: { readonly [name in LimitName]?: number }
  readonly reserved: { readonly [name in LimitName]?: number }
  readonly startedAt: number
}

/** State value of the machine: a name, or names by region. */
export type MachineValue = string | { readonly [state: string]: MachineValue }

/** Who holds a run, and what must be right before it is released. */
export interface Hold {
  readonly by: string
  readonly reason: string
  /** Ms since the epoch. */
  readonly at: number
  /** Policies that what an operator did meanwhile has broken, and nothing since has mended. Absent: none. */
  readonly broken?: readonly BrokenPolicy[]
}

/** A tool that could run on a yes to something else. */
export interface BrokenPolicy {
  readonly tool: string
  /** What would have to be crossed again: `manager.approved`, or `an approval`. */
  readonly crossing: string
}

/** A run at rest between two transitions. */
export interface Snapshot {
  readonly value: MachineValue
  readonly context: RunContext
}

/** Run status, a closed set. `parked` is known only to a runtime, not to a snapshot. */
export type RunStatus = 'running' | 'waiting' | 'held' | 'parked' | 'completed' | 'failed' | 'cancelled' | 'exhausted'

/** The status a snapshot implies. `waiting` when everything open waits for a person, an event or a timer, in nested workflows too. */
export function statusOf(context: RunContext): RunStatus {
  if (context.ending !== null) return context.ending.status
  if (context.held !== null) return 'held'
  let mayUndo = context.undoing !== undefined
  for (const [index, step] of indexEntries(context.open)) {
    mayUndo = false
    if (isIdle(step)) continue
    const child = step.kind === 'workflow' ? context.children?.[index] : undefined
    // One that has ended waits for what it cancelled.
    if (child === undefined || statusOf(child.context) !== 'waiting') return 'running'
  }
  // What was cancelled settles before anything is undone.
  return mayUndo || isHeldBack(context) || isShort(context) ? 'running' : 'waiting'
}

/** True while something waits for what others have set aside, and something that was cancelled may give it back. */
function isShort(context: RunContext): boolean {
  return context.short !== undefined && isSettling(context)
}

function isSettling({ closing, children }: RunContext): boolean {
  return indexEntries(closing).length > 0 || Object.values(children ?? {}).some(({ context }) => isSettling(context))
}

/** True while a branch waits for a name, and something is cancelled that may hold it and has not settled. */
function isHeldBack({ forks, closing }: RunContext): boolean {
  if (forks === undefined || indexEntries(closing).length === 0) return false
  return Object.values(forks).some(({ branches }) => Object.values(branches).includes('ready'))
}
