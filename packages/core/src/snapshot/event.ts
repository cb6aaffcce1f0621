import type { Json, JsonObject } from '../base/json.ts'
import type { FallbackReason } from '../define/fallback.ts'
import type { ModelMessage } from '../define/model.ts'
import type { ErrorRecord } from '../errors/waystone-error.ts'
import type { Verdict } from '../graph/registry.ts'
import type { GivenHandoff } from './handoff.ts'
import type { EventMessage } from './received-event.ts'
import type { RefusedCall, WithheldTool } from './refusal.ts'
import type { Remembered, StickyRule } from './sticky-rule.ts'
import type { ConversationSummary, Snapshot } from './snapshot.ts'
import type { UsageDelta } from './usage.ts'

/** Who an event comes from. */
export type EventSource = 'effect' | 'timer' | 'person' | 'operator' | 'parent' | 'child' | 'caller'

/** A line an effect logged. */
export interface LogLine {
  readonly at: number
  readonly message: string
  readonly data?: Json
}

/** What starts a run. */
export interface RunStart {
  /** Parsed by the workflow's input schema. */
  readonly input: JsonObject
  /** For people and filters. */
  readonly tags: { readonly [name: string]: string }
  /** What one model call of a node costs at most, USD, by node: the dearest of the models it may ask. Absent: no limit needs it. */
  readonly callCosts?: { readonly [node: string]: number }
}

/** What a forked run starts from. */
export interface RunFork {
  readonly from: { readonly runId: string; readonly sequence: number; readonly hash: string }
  /** The origin's snapshot at that sequence. */
  readonly snapshot: Snapshot
  /** State keys set anew, already parsed. */
  readonly patch: JsonObject
  readonly by: string
  readonly reason: string
  /** Tools whose policies it may break; absent: none. */
  readonly override?: readonly string[]
  readonly tags: { readonly [name: string]: string }
}

/** How an effect ended. Parsed and frozen before it becomes an event. */
export interface EffectEnd {
  readonly step: number
  /** From 1. */
  readonly attempt: number
  /** `done`, `failed`, `timeout`, `unknown`, the node's own; or `lost`: a model call that was under way when its process died, charged and made again; `skipped`: a compensation that had nothing to undo; or `begun`: `output` is the input that a nested workflow begins with, or what a wait waits for. */
  readonly outcome: string
  /** State keys written. For a model step only with the final answer. */
  readonly patch?: JsonObject
  /** State keys removed. */
  readonly unset?: readonly string[]
  /** What the effect gave back, when the patch is not simply that. */
  readonly output?: Json
  readonly verdict?: Verdict
  /** A model step's answer. */
  readonly message?: Extract<ModelMessage, { role: 'assistant' }>
  /** What a summary step wrote. */
  readonly summary?: ConversationSummary
  /** A model step's final answer did not fit its schema: one line an issue. */
  readonly misfit?: readonly string[]
  /** A model step's calls that cannot be run, by call id. */
  readonly refusedCalls?: { readonly [callId: string]: RefusedCall }
  /** Tools of the agent that were not in a model step's request, by name; absent when all were. */
  readonly withheld?: { readonly [tool: string]: WithheldTool }
  /** What rules by arguments say of a model step's calls, by call id: `false`, nobody need be asked; a text, why a person is. */
  readonly askedCalls?: { readonly [callId: string]: string | false }
  /** A model step's answer hands over, if the state then still lets it. */
  readonly handoff?: GivenHandoff
  /** A call step's result as the model is told it. */
  readonly result?: Json
  /** `result` is the beginning of a large output, with a note. */
  readonly isCut?: true
  /** The list that a map goes over. */
  readonly items?: readonly Json[]
  /** Items beyond a map's `maxItems`, which were left out; absent: none. */
  readonly cut?: number
  /** An item's output is what its map was after. */
  readonly isWanted?: true
  /** A tool node's call, a digest of tool, version and input: its output is kept for identical calls of this run. */
  readonly call?: string
  /** The tool of a tool node or call was not run: an identical call of this run gave its output before. */
  readonly isCached?: true
  readonly error?: ErrorRecord
  /** It failed, but what it was to do may have been done: only its output or its patch was wrong. */
  readonly mayHaveHappened?: true
  /** Of work that can be undone: sequence of the checkpoint whose snapshot it was begun with. Absent: whoever began it can say no more. */
  readonly begunAfter?: number
  /** Least wait before another attempt, ms. */
  readonly retryAfterMs?: number
  readonly usage?: UsageDelta
  /** The model that answered, as its provider names it. */
  readonly model?: string
  /** The name by which a fallback model was asked; absent: the node's own model was. */
  readonly asked?: string
  /** A model step without an answer: why another model might do better; absent: none would, or the node has none. */
  readonly fallback?: FallbackReason
  /** A model step whose request was not sent: nothing was used. */
  readonly isUnsent?: true
  /** Where results came from. */
  readonly sources?: readonly string[]
  readonly log?: readonly LogLine[]
  /** When this attempt began, ms since the epoch. The event's `at` is its end. */
  readonly startedAt: number
}

/** A person's answer to a request. */
export interface PersonDecision {
  readonly step: number
  /** The request's outcome: `approved`, `rejected`, `edited`, `asked`, its own; for an unknown outcome `happened`, `did-not-happen`, `failed`. */
  readonly outcome: string
  /** Digest of what was shown; the decision is refused when it no longer matches. */
  readonly digest: string
  readonly reason: string
  /** Edited keys, or the answer's keys: already parsed. */
  readonly patch?: JsonObject
  /** For `edited` of a call: its arguments as they shall be; they fit the tool's input. */
  readonly arguments?: Json
  /** For `happened` of a tool call or an item of a map: what it returned. */
  readonly result?: Json
  /** That result is what its map was after. */
  readonly isWanted?: true
  readonly by: string
  /** Whom they decided for, as their delegate; absent: themselves. */
  readonly for?: string
  /** Through what: `cli`, `terminal`, `api`, `rule`. */
  readonly through: string
  /** For an approved or rejected call: what is to be remembered of it. */
  readonly remember?: Remembered
  /** Nobody was asked: the rule that decided, which is theirs who made it. */
  readonly rule?: StickyRule
}

/** Somebody asks about a request before they decide. */
export interface QuestionAsked {
  readonly step: number
  /** Digest of what was shown. */
  readonly digest: string
  readonly text: string
  readonly by: string
  readonly through: string
}

/** Somebody answers a question about a request. */
export interface QuestionAnswered {
  readonly step: number
  /** Which one, from 1. */
  readonly question: number
  readonly text: string
  readonly by: string
  readonly through: string
}

/** Somebody takes back a rule of the run. */
export interface RuleRevoked extends OperatorMove {
  /** Its id. */
  readonly rule: string
}

/** An operator's move. */
export interface OperatorMove {
  readonly by: string
  readonly reason: string
}

/** An operator's move that is checked against the policies. */
export interface OverridingMove extends OperatorMove {
  /** Tools that may run although it changes what a yes to them was given to, or leads past it; absent: none. */
  readonly override?: readonly string[]
}

/** An operator sends a run to a node. What is open is closed. */
export interface RunRedirect extends OverridingMove {
  /** Path of the node: `review`, or `research/review` in a nested workflow under way. */
  readonly to: string
}

/** An operator sets keys of the state anew. */
export interface RunPatch extends OverridingMove {
  /** State keys as they shall be, parsed; no merge rule applies. */
  readonly state: JsonObject
  /** Optional keys that are removed; absent: none. */
  readonly unset?: readonly string[]
}

/** An event from outside. Who sent it is no secret of a group that takes it. */
export interface OutsideEvent {
  readonly message: EventMessage
  /** Who sent it; absent: they did not say. */
  readonly by?: string
  /** Through what; absent as `by` is. */
  readonly through?: string
}

/** What may be due. */
export interface TimerDue {
  /** `expire/<stepIndex>` (of a request or a wait), `escalate/<stepIndex>/<level>` (from 1), `limit/<stepIndex>` (the time of its agent's visit), `duration` (that of the run) or `duration/<stepIndex>` (that of the nested workflow held by a step). */
  readonly timer: string
}

/** What every event has. */
export interface EventBase {
  /** Unique per run; a second one with the same id is ignored. For effects: `effectId/attempt`. */
  readonly id: string
  /** Ms since the epoch. */
  readonly at: number
}

/** Everything that can reach a run. Time, ids and randomness exist only here. */
export type EngineEvent =
  | (EventBase & { readonly type: 'run.started'; readonly from: 'caller'; readonly payload: RunStart })
  | (EventBase & { readonly type: 'run.forked'; readonly from: 'operator'; readonly payload: RunFork })
  | (EventBase & { readonly type: 'effect.ended'; readonly from: 'effect'; readonly payload: EffectEnd })
  | (EventBase & { readonly type: 'request.decided'; readonly from: 'person'; readonly payload: PersonDecision })
  | (EventBase & { readonly type: 'event.received'; readonly from: 'caller'; readonly payload: OutsideEvent })
  | (EventBase & { readonly type: 'request.asked'; readonly from: 'person'; readonly payload: QuestionAsked })
  | (EventBase & { readonly type: 'request.answered'; readonly from: 'person'; readonly payload: QuestionAnswered })
  | (EventBase & { readonly type: 'timer.due'; readonly from: 'timer'; readonly payload: TimerDue })
  | (EventBase & { readonly type: 'run.hold'; readonly from: 'operator'; readonly payload: OperatorMove })
  | (EventBase & { readonly type: 'run.release'; readonly from: 'operator'; readonly payload: OverridingMove })
  | (EventBase & { readonly type: 'run.patch'; readonly from: 'operator'; readonly payload: RunPatch })
  | (EventBase & { readonly type: 'run.redirect'; readonly from: 'operator'; readonly payload: RunRedirect })
  | (EventBase & { readonly type: 'rule.revoke'; readonly from: 'operator'; readonly payload: RuleRevoked })
  | (EventBase & { readonly type: 'run.cancel'; readonly from: 'operator'; readonly payload: OperatorMove })
