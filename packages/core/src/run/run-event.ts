import type { RunId } from '../base/ids.ts'
import type { Json } from '../base/json.ts'
import type { ErrorRecord } from '../errors/waystone-error.ts'
import type { LimitName } from '../graph/graph.ts'
import type { Decision } from '../snapshot/decision.ts'
import type { EffectEnd } from '../snapshot/event.ts'
import type { HandoffLimitHit } from '../snapshot/handoff.ts'
import type { RunStatus, StepKind } from '../snapshot/snapshot.ts'
import type { RuleScope } from '../snapshot/sticky-rule.ts'
import type { Undoing } from '../snapshot/undo.ts'
import type { UsageDelta } from '../snapshot/usage.ts'
import type { CalledOffBy } from './called-off.ts'

interface RunEventBase {
  readonly runId: RunId
  /** Checkpoint it follows from. */
  readonly sequence: number
  /** Give it back to go on after this event. Opaque. */
  readonly cursor: string
  /** Ms since the epoch. */
  readonly at: number
}

/**
 * Facts of runs, a closed union. Each follows from one stored checkpoint, so nobody learns of anything before it is committed;
 * `token.received` is the exception, is marked provisional and has no cursor of its own.
 */
export type RunEvent =
  | (RunEventBase & {
      readonly type: 'run.started'
      readonly workflow: string
      readonly input: Json
      readonly tags: { readonly [name: string]: string }
    })
  | (RunEventBase & {
      readonly type: 'run.forked'
      readonly from: { readonly runId: string; readonly sequence: number }
    })
  | (RunEventBase & {
      readonly type: 'step.started'
      readonly step: number
      readonly node: string
      readonly kind: StepKind
      readonly attempt: number
      readonly tool?: string
      /** For an item of a map: its place in the list, from 0. */
      readonly item?: number
      /** The items of maps that it is inside of, outermost first; absent: none. */
      readonly items?: readonly number[]
      /** Which of the node's fallback models is asked, from 1, when that is new; absent: as before, its own model at first. */
      readonly fallback?: number
      /** Of a compensation: the step that it undoes. */
      readonly undoes?: number
    })
  | (RunEventBase & {
      readonly type: 'step.ended'
      readonly step: number
      readonly node: string
      readonly visit: number
      readonly kind: StepKind
      readonly attempt: number
      readonly outcome: string
      readonly startedAt: number
      readonly usage?: UsageDelta
      /** The model that answered, as its provider names it. */
      readonly model?: string
      /** The name by which a fallback model was asked; absent: the node's own model was. */
      readonly asked?: string
      readonly tool?: string
      /** For an item of a map: its place in the list, from 0. */
      readonly item?: number
      /** The items of maps that it is inside of, outermost first; absent: none. */
      readonly items?: readonly number[]
      readonly error?: ErrorRecord
      /** A model's answer did not fit its schema: one line an issue. It is asked again while its `repairs` allow. */
      readonly misfit?: readonly string[]
      /** Tools that a model was not offered, by name, each with the rule that says so. */
      readonly withheld?: EffectEnd['withheld']
      /** Calls a model asked for that were not run, by call id. */
      readonly refusedCalls?: EffectEnd['refusedCalls']
      /** A tool node was not run: an identical call of the run gave its output before. For calls of agents see the decision's `cached`. */
      readonly isCached?: true
      /** Of a compensation: the step that it undoes. Outcome `skipped`: there was nothing to undo. */
      readonly undoes?: number
      /** It was called off, by what, and stopped without a result: no failure of its node. `outcome` and `error` are what it said when it stopped. */
      readonly calledOff?: CalledOffBy
      /** What it belongs to had gone on without it: only its usage counts. */
      readonly isLate: boolean
    })
  /** The run, or a workflow nested in it, is about to end, and undoes what it did first. */
  | (RunEventBase & {
      readonly type: 'compensation.started'
      /** How it ends after that. */
      readonly status: Undoing['status']
      /** The nested workflow, by the node that holds it. Absent: the run itself. */
      readonly within?: string
    })
  /** All of that has been tried, or somebody stopped it. */
  | (RunEventBase & { readonly type: 'compensation.ended'; readonly within?: string })
  | (RunEventBase & {
      readonly type: 'edge.taken'
      readonly decision: Decision
      /** The items of maps that it is inside of, outermost first; absent: none. */
      readonly items?: readonly number[]
    })
  /** An agent has handed over. One that was refused stands among the `refusedCalls` of its step. */
  | (RunEventBase & {
      readonly type: 'handoff.made'
      readonly node: string
      readonly handoff: string
      /** Node or target. */
      readonly to: string
      /** The words of a model. */
      readonly reason: string
      /** It was one too many: the limit. */
      readonly tooMany?: HandoffLimitHit
      /** The items of maps that it is inside of, outermost first; absent: none. */
      readonly items?: readonly number[]
    })
  | (RunEventBase & {
      readonly type: 'state.changed'
      readonly keys: readonly string[]
      readonly node: string | null
      /** The nested workflow whose state it is, by the node that holds it: `research`. Absent: the run's own. */
      readonly within?: string
    })
  | (RunEventBase & {
      readonly type: 'request.opened'
      readonly step: number
      readonly node: string
      readonly kind: 'approval' | 'call' | 'unknown'
      /** For what is asked about a tool call of an agent, or about an item of a map that calls a tool. */
      readonly tool?: string
      /** For what is asked about an item of a map: its place in the list, from 0. */
      readonly item?: number
      /** The items of maps that it is inside of, outermost first; absent: none. */
      readonly items?: readonly number[]
      readonly expiresAt: number | null
    })
  | (RunEventBase & {
      readonly type: 'request.decided'
      readonly step: number
      readonly node: string
      readonly outcome: string
      /** Others have to decide as well: the request stays open. */
      readonly isPartial?: true
      readonly by: string
      /** Whom they decided for; absent: themselves. */
      readonly for?: string
      readonly through: string
      /** Nobody was asked: the rule that decided. */
      readonly rule?: string
      readonly reason: string
      /** For what was asked about a tool call of an agent, or about an item of a map that calls a tool. */
      readonly tool?: string
      /** For what was asked about an item of a map: its place in the list, from 0. */
      readonly item?: number
      /** The items of maps that it is inside of, outermost first; absent: none. */
      readonly items?: readonly number[]
    })
  /** A question to a person that nobody waits for any more: its branch has lost, or a limit was hit. */
  | (RunEventBase & { readonly type: 'request.withdrawn'; readonly step: number })
  | (RunEventBase & {
      readonly type: 'request.escalated'
      readonly step: number
      readonly node: string
      /** How often it has been, from 1. */
      readonly level: number
    })
  /** A wait has begun. */
  | (RunEventBase & {
      readonly type: 'wait.opened'
      readonly step: number
      readonly node: string
      /** The events it takes; empty: it waits for time to pass. */
      readonly events: readonly string[]
      /** Only with this key; null: with any. */
      readonly key: string | null
      /** When it ends by itself, ms since the epoch; null: never. */
      readonly expiresAt: number | null
    })
  /** A wait that nothing can end any more: its branch has lost, or a limit was hit. */
  | (RunEventBase & { readonly type: 'wait.closed'; readonly step: number })
  /** An event has come from outside. It is kept until a wait takes it. */
  | (RunEventBase & {
      readonly type: 'event.received'
      readonly id: string
      readonly event: string
      readonly key: string | null
      /** Who sent it, through what; absent: they did not say. */
      readonly by?: string
      readonly through?: string
    })
  /** A wait takes over what has come. */
  | (RunEventBase & {
      readonly type: 'event.taken'
      readonly step: number
      readonly node: string
      readonly id: string
    })
  | (RunEventBase & {
      readonly type: 'limit.hit'
      readonly limit: LimitName
      readonly used: number
      readonly max: number
      /** The agent whose own limit it is; absent: the workflow's. */
      readonly node?: string
      /** In a nested workflow: how many levels up the workflow is whose limit it is. Absent: its own. */
      readonly up?: number
    })
  /** Nothing was gained for as many edges in a row as `limits.stall` allows; the run goes another way. */
  | (RunEventBase & {
      readonly type: 'run.stalled'
      readonly node: string
      readonly transitions: number
      /** How often it has stalled, from 1. */
      readonly times: number
      /** Where it goes on. */
      readonly to: string
    })
  /** Fewer branches can still reach a join than it waits for: it fires `unsatisfied`. */
  | (RunEventBase & {
      readonly type: 'run.deadlocked'
      readonly node: string
      readonly joined: number
      readonly needed: number
      /** Where it goes on. */
      readonly to: string
    })
  | (RunEventBase & {
      readonly type: 'log.written'
      readonly step: number
      readonly node: string
      readonly message: string
      readonly data?: Json
    })
  | (RunEventBase & {
      readonly type: 'run.held' | 'run.released' | 'run.cancelled'
      readonly by: string
      readonly reason: string
      /** Of a release: tools that may run although what was changed meanwhile is not what the yes was for. */
      readonly override?: readonly string[]
    })
  | (RunEventBase & {
      readonly type: 'run.patched'
      readonly by: string
      readonly reason: string
      /** State keys that were set anew or removed. */
      readonly keys: readonly string[]
      /** Tools that may run although it changes what a yes to them was given to. */
      readonly override?: readonly string[]
    })
  | (RunEventBase & {
      readonly type: 'run.redirected'
      readonly by: string
      readonly reason: string
      /** Path of the node. */
      readonly to: string
      readonly override?: readonly string[]
    })
  /** Somebody has asked something about a request, or answered that; it stays open. */
  | (RunEventBase & {
      readonly type: 'request.asked' | 'request.answered'
      readonly step: number
      readonly node: string
      readonly text: string
      readonly by: string
      readonly through: string
      /** Of an answer: which question, from 1. */
      readonly question?: number
    })
  /** A decision is remembered from now on: by its request, and how far. */
  | (RunEventBase & {
      readonly type: 'rule.made'
      readonly rule: string
      readonly scope: RuleScope
      readonly outcome: string
      readonly node: string
      readonly tool: string
      readonly by: string
    })
  /** A rule of the run is remembered no longer. */
  | (RunEventBase & {
      readonly type: 'rule.revoked'
      readonly rule: string
      readonly by: string
      readonly reason: string
    })
  | (RunEventBase & { readonly type: 'run.status-changed'; readonly status: RunStatus })
  | (RunEventBase & {
      readonly type: 'token.received'
      readonly step: number
      readonly node: string
      readonly text: string
      readonly isProvisional: true
    })
