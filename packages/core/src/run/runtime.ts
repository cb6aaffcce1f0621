import type { Clock } from '../base/clock.ts'
import type { Ids, RunId } from '../base/ids.ts'
import type { Json, JsonObject } from '../base/json.ts'
import type { GroupStore } from '../checkpoint/group-store.ts'
import type { RefusedEvent } from '../checkpoint/refused-event.ts'
import type { Owner, RunFilter, RunPage, RunRow, Store } from '../checkpoint/store.ts'
import type { CompiledWorkflow } from '../compile/compiled-workflow.ts'
import type { CallDecision } from '../define/call-approval.ts'
import type { Duration } from '../define/duration.ts'
import type { NamedEvent } from '../define/event.ts'
import type { Model, ModelPrice } from '../define/model.ts'
import type { Moves, Workflow } from '../define/workflow.ts'
import type { ErrorRecord } from '../errors/waystone-error.ts'
import type { LimitName } from '../graph/graph.ts'
import type { MemoryStore } from '../memory/memory-store.ts'
import type { HandoffMade } from '../snapshot/handoff.ts'
import type { NodeProgress } from '../snapshot/progress.ts'
import type { DegradedMark, RunStatus } from '../snapshot/snapshot.ts'
import type { Undoing, UndoReport } from '../snapshot/undo.ts'
import type { RuleScope } from '../snapshot/sticky-rule.ts'
import type { Usage } from '../snapshot/usage.ts'
import type { Liveness } from './liveness.ts'
import type { RuntimeNotice } from './notice.ts'
import type { SharedLimits } from './resource-limits.ts'
import type { RunEvent } from './run-event.ts'

/** Resolves a secret's name to its value. Default: environment variable of that name. */
export type SecretResolver = (name: string) => string | undefined | Promise<string | undefined>

/** What a group has to itself at a runtime. */
export interface GroupBinding {
  /** Asked instead of the runtime's for the secrets of tools that nodes of the group call. */
  readonly secrets?: SecretResolver
  /** Where what is private to the group is kept; the runtime's store only refers to it. It stays open, it belongs to whoever made it. */
  readonly store?: GroupStore
}

/** What a runtime is bound to; `waystone.config.ts` holds the same object. */
export interface RuntimeOptions {
  /** Workflows, several versions of one side by side if need be. A compiled one is taken as it is, also when it was compiled unchecked. */
  readonly workflows?: readonly (Workflow | CompiledWorkflow)[]
  /** Default: an in-memory store. */
  readonly store?: Store
  /** What is remembered beyond runs. It stays open, as the store does. Default: none, and workflows that use it are refused. */
  readonly memory?: MemoryStore
  /** By the name that agents use. */
  readonly models?: { readonly [name: string]: Model }
  /** By the name that agents use, or by the provider's model name. Without: cost is unknown and counted as 0, and `costUsd` limits are refused. */
  readonly prices?: { readonly [model: string]: ModelPrice }
  /** What all runs of all processes over one store may use of models, tools and named resources. What is not listed is not limited. */
  readonly limits?: SharedLimits
  readonly secrets?: SecretResolver
  /** What groups have to themselves (`own` of `w.group`), by name. A workflow whose group has something of its own that is not here does not run. */
  readonly groups?: { readonly [name: string]: GroupBinding }
  readonly clock?: Clock
  readonly ids?: Ids
  /** Lease on a run, ms, 500 to 5,000; default 5,000. */
  readonly leaseMs?: number
  /** Runs driven at once, default 1,000. */
  readonly maxConcurrentRuns?: number
  /** Every `plan` runs twice and an impure guard or reducer is named. Default: true unless NODE_ENV is `production`. */
  readonly checkPurity?: boolean
  /** Tells whether the owner of a lease still lives; default: processes of this host, by pid and start time. */
  readonly liveness?: Liveness
  /** Told what a person at a terminal or a log should know; nothing depends on it. Default: nobody. */
  readonly onNotice?: (notice: RuntimeNotice) => void
}

/** How a run ended, or where it stands. */
export interface RunResult<Output = JsonObject> {
  readonly runId: RunId
  readonly status: RunStatus
  /** The workflow's output keys. Present when `completed`. */
  readonly output?: Output
  /** For `failed`. */
  readonly error?: ErrorRecord
  /** For `exhausted`. */
  readonly limit?: LimitName
  readonly usage: Usage
  /** By node whose last visit asked a fallback model: the name of the last one asked. Absent: none did. */
  readonly fallbacks?: { readonly [node: string]: string }
  /** What was not done as it was meant to be, in the order it first happened. Absent: nothing. */
  readonly degraded?: readonly DegradedMark[]
  /** Events that came and that no wait has taken, in the order they came; of a run that has ended nobody will. Absent: none. */
  readonly unread?: readonly UnreadEvent[]
  /** What became of what was done and had to be undone. Absent: nothing had to be. */
  readonly compensation?: RunCompensation
  readonly sequence: number
}

/** What became of what a run had done, as far as that has been undone. */
export interface RunCompensation extends UndoReport {
  /** While it is under way: how the run ends after it, and how much is still to be begun (null: what was cancelled has not settled). */
  readonly underWay?: { readonly status: Undoing['status']; readonly left: number | null }
}

/** One way a request can be answered. */
export interface RequestOption {
  readonly outcome: string
  /** Ids of the edges this outcome may take, in order. */
  readonly edges: readonly string[]
  /** Where the first of them leads. */
  readonly to: string
}

/** One voice of a quorum. */
export interface RequestVote {
  readonly outcome: string
  readonly by: string
  /** Whom they decided for; absent: themselves. */
  readonly for?: string
  readonly reason: string
  /** Ms since the epoch. */
  readonly at: number
}

/** Something a person is asked. Everything needed to decide is in here. */
export interface Request {
  /** `runId/stepIndex`. */
  readonly id: string
  readonly runId: RunId
  /** Of the run. */
  readonly workflow: string
  /** By path in a nested workflow: `research/manager`. */
  readonly node: string
  /** The items of maps that it is about or inside of, by their places in their lists, outermost first. Absent: none. */
  readonly items?: readonly number[]
  readonly step: number
  /** `approval` of a node; `call`, before a tool call of an agent runs; `unknown` for an effect whose outcome nobody knows. */
  readonly kind: 'approval' | 'call' | 'unknown'
  /** Why it is asked. */
  readonly reason: string
  /** Whom it is for; another one after an escalation. */
  readonly role: string | null
  /** Several persons must approve: how many, of whom (null: anybody), and who has decided so far about what is asked now; null: one decides. */
  readonly quorum: {
    readonly need: number
    readonly of: readonly string[] | null
    readonly votes: readonly RequestVote[]
    /** Votes that count no more: what was shown then is not what is asked now. Order: as given. Absent: none. */
    readonly lost?: readonly RequestVote[]
  } | null
  /** Who may decide for whom. */
  readonly delegates: readonly { readonly person: string; readonly by: readonly string[] }[]
  /** When it will be for another role, ms since the epoch; null: it will not. */
  readonly escalatesAt: number | null
  /** What will be done, with exact arguments: the nodes each option leads to and, for a tool, its input as it stands. */
  readonly action: readonly {
    readonly outcome: string
    readonly node: string
    readonly tool?: string
    readonly input?: Json
  }[]
  /** State keys shown, in the order declared; for a call what its agent reads. */
  readonly evidence: JsonObject
  /** For a call: what the agent's model wrote with it. The words of a model; null: nothing. */
  readonly said: string | null
  /** Verdicts the node hears. */
  readonly heard: JsonObject
  /** The handoffs of its workflow since their chain began, with their reasons: the words of models. Order: as made. */
  readonly handoffs: readonly HandoffMade[]
  readonly usage: Usage
  readonly options: readonly RequestOption[]
  /** State keys the person may edit. */
  readonly edits: readonly string[]
  /** For a call whose arguments may be edited: the JSON schema they must fit; else null. */
  readonly argumentsSchema: JsonObject | null
  /** How far an answer may be remembered for calls to come, by answer; empty: not at all. */
  readonly remember: { readonly approved: readonly RuleScope[]; readonly rejected: readonly RuleScope[] }
  /** JSON schema of an answer; null: none is asked. */
  readonly responseSchema: JsonObject | null
  /** Of kind `unknown`: what came of the effect, as `result` of a decision (tool: its output; task: the patch), an example of it, and the outcomes that need it; null: nothing is taken. */
  readonly result: { readonly schema: JsonObject; readonly example: Json; readonly neededFor: readonly string[] } | null
  /** What was asked about it before anybody decided. Order: as asked; of a call, first what its agent's model was asked about calls of the tool before. */
  readonly questions: readonly {
    /** From 1, to answer it by; null: the model was asked. */
    readonly number: number | null
    readonly text: string
    readonly by: string
    readonly at: number
    /** Null: nobody has answered. Of the model: what it wrote next, by the agent; the words of a model. */
    readonly answer: { readonly text: string; readonly by: string; readonly at: number | null } | null
  }[]
  /** One turn of a talk: what the person is told (empty: nothing yet), and which outcome and key of the response take what they say; null: it is none. */
  readonly talk: { readonly text: string; readonly outcome: string; readonly answer: string } | null
  readonly openedAt: number
  /** Ms since the epoch; null: it does not expire. */
  readonly expiresAt: number | null
  /** Where the run goes when it expires; null: it does not. */
  readonly expired: RequestOption | null
  /** Sequence of the checkpoint that opened it. */
  readonly sequence: number
  /** Binds a decision to node, action and evidence. */
  readonly digest: string
}

/** A person's answer. */
export interface DecisionInput {
  readonly outcome: string
  readonly reason?: string
  /** For `edited`: the keys as they shall be, of the state or of a call's arguments; others stay as they are. */
  readonly edits?: JsonObject
  /** For `edited` of a call, instead of `edits`: all of its arguments as they shall be. */
  readonly arguments?: Json
  /** The answer, when the request has a response schema. */
  readonly response?: Json
  /** For an unknown outcome that `happened`: what came of it (tool: its output; task: the patch). Needed where the request's `result` says so. */
  readonly result?: Json
  /** Who decides. */
  readonly by: string
  /** Whom they decide for, whose delegate they are; default themselves. */
  readonly for?: string
  /** Through what; default `api`. */
  readonly through?: string
  /** For an approved or rejected call: also decides calls to come. */
  readonly remember?: RememberInput
}

/** A question about a request. */
export interface QuestionInput {
  readonly question: string
  readonly by: string
  /** Through what; default `api`. */
  readonly through?: string
}

/** The answer to a question about a request. */
export interface AnswerInput {
  /** Which question, from 1; default: the only one that is not answered. */
  readonly question?: number
  readonly answer: string
  readonly by: string
  /** Through what; default `api`. */
  readonly through?: string
}

/** How a decision on a call is remembered: for calls of the same tool by the same agent that are asked about from now on. */
export interface RememberInput {
  /** `run`: in this run; `workflow`: in all runs of its workflow, where the approval allows that. */
  readonly scope: RuleScope
  /** `same` (default): with exactly these arguments; `any`; or those that a call must have, by name, whatever the others are. */
  readonly arguments?: 'same' | 'any' | JsonObject
  /** Then it is forgotten; default: with its scope, or when it is revoked. */
  readonly expiresIn?: Duration
}

/** A decision that is remembered. */
export interface RememberedRule {
  /** Of the request with which it was made. */
  readonly id: string
  readonly workflow: string
  readonly scope: RuleScope
  readonly outcome: 'approved' | 'rejected'
  /** The agent, by path in a nested workflow. */
  readonly node: string
  readonly tool: string
  /** Those a call must have; null: any. */
  readonly arguments: Json
  /** All of a call's arguments must be these, not only those named. */
  readonly isExact: boolean
  readonly by: string
  readonly for?: string
  readonly reason: string
  /** Ms since the epoch. */
  readonly at: number
  readonly expiresAt: number | null
  /** Null: it holds. */
  readonly revoked: { readonly by: string; readonly reason: string; readonly at: number } | null
}

/** A request about an effect whose outcome nobody knows. */
type UnknownRequest = Request & {
  readonly kind: 'unknown'
  readonly '~decision': { readonly outcome: 'happened' | 'did-not-happen' | 'failed' }
}

/**
 * Requests of a workflow, told apart by `node` and `kind`, each with what it may be answered by.
 *
 * Shape: `~decision` exists only for the compiler. A workflow that is not known by type has plain requests.
 */
export type RequestOf<Approvals> = [keyof Approvals] extends [never]
  ? Request
  :
      | {
          [Node in keyof Approvals & string]: Request & {
            readonly kind: Approvals[Node] extends CallDecision ? 'call' : 'approval'
            readonly node: Node
            readonly '~decision': Approvals[Node]
          }
        }[keyof Approvals & string]
      | UnknownRequest

/** What a request may be answered by; anything, when it is named by its id only. */
export type DecisionFor<Asked> = Asked extends {
  readonly '~decision': infer Decision extends { readonly outcome: string }
}
  ? Omit<DecisionInput, 'outcome' | 'edits' | 'response' | (Decision extends CallDecision ? never : 'arguments')> & {
      readonly outcome: Decision['outcome']
    } & (Decision extends {
        readonly edits: infer Edits
      }
        ? { readonly edits?: Edits }
        : unknown) &
      (Decision extends { readonly response: infer Response } ? { readonly response?: Response } : unknown)
  : DecisionInput

/** What became of a decision or an operator's move. */
export type Acceptance =
  | { readonly type: 'applied'; readonly sequence: number }
  /**
   * Stored in the inbox; the owner of the run takes it from there, and {@link Run.became} says what it made of it. `message`: why this process could
   * not take it, though nobody else drives the run: it waits for one that knows the definition of the run. Absent: somebody drives it.
   */
  | { readonly type: 'delivered'; readonly eventId: string; readonly message?: string }
  /** Nothing changed. `reason`: `stale-request`, `already-decided`, `request-expired`, `request-withdrawn`, `digest-mismatch`, `outcome-not-offered`, `run-ended`, … */
  | { readonly type: 'refused'; readonly reason: string; readonly message: string }

/** What became of a patch. */
export type PatchAcceptance = Acceptance & {
  /** What goes on as it was begun, with values that the patch has changed. Absent: nothing; and of a patch that was refused. */
  readonly kept?: readonly KeptByPatch[]
}

/**
 * A map, or a nested workflow, that was under way when what it was made from was patched. The list of the map, or what the workflow was given, stays as it was; to
 * have it made anew the run is redirected to the node, or forked at `begunAt`. Items that begin later read other keys as they are then.
 */
export interface KeptByPatch {
  readonly node: string
  readonly kind: 'map' | 'workflow'
  /** The step that made the list, or began the workflow. */
  readonly step: number
  /** Patched keys that it was made from: the list's own, or what the node reads. */
  readonly keys: readonly string[]
  /** The checkpoint that asked for that step: a fork there makes it anew. */
  readonly begunAt: number
}

/** What became of a rule that was to be taken back. */
export type Revocation =
  | { readonly type: 'revoked' }
  /** Stored in the inbox; the owner of the run takes it from there. */
  | { readonly type: 'delivered' }
  /** `rule-unknown`, `run-ended`, `revoked-before`. */
  | { readonly type: 'refused'; readonly reason: string; readonly message: string }

/** What became of a run that was to be deleted. */
export type RunDeletion =
  /**
   * `checkpoints` of the run, and `blobs`: large values that nothing else refers to. `kept`: groups whose own stores were not bound here, so that they still hold
   * what is private to them, which happens only by force; absent: none.
   */
  | {
      readonly type: 'deleted'
      readonly checkpoints: number
      readonly blobs: number
      readonly kept?: readonly string[]
    }
  /** It is as it was. `owned`: a process drives it; `not-ended`: it could still move. */
  | { readonly type: 'refused'; readonly reason: 'owned' | 'not-ended'; readonly message: string }

/** What became of an event that was sent: as {@link Acceptance}, or one with its id had come to the run before, and nothing changed. */
export type Receipt = Acceptance | { readonly type: 'duplicate' }

/** How an event is sent. */
export interface SendOptions {
  /** Its id where it comes from: a second one with it is dropped, for as long as the run is stored. Default: a new one. */
  readonly id?: string
  /** What it is about: waits with a key take it only when it is theirs. */
  readonly key?: string
  /** Who sends it; stored with it. Default: nobody is named. */
  readonly by?: string
  /** With `by`: through what; default `api`. */
  readonly through?: string
  /** It is only put into the run's inbox, and nothing starts here; whoever takes the run up next takes it. */
  readonly isRecordedOnly?: boolean
}

/** A wait that is open. */
export interface OpenWait {
  readonly step: number
  /** By path in a nested workflow: `research/paid`. */
  readonly node: string
  /** The events it takes; empty: it waits for time to pass. */
  readonly events: readonly string[]
  /** Only with this key; null: with any. */
  readonly key: string | null
  /** Ms since the epoch. */
  readonly since: number
  /** When it ends by itself, ms since the epoch; null: never. */
  readonly expiresAt: number | null
}

/** An event that came and that no wait has taken. */
export interface UnreadEvent {
  readonly id: string
  readonly event: string
  readonly key: string | null
}

/** An operator's move that is checked against the policies. */
export interface OverridableMove {
  readonly by: string
  readonly reason: string
  /** Tools that may run although the move breaks a policy about them; recorded. Default none. */
  readonly override?: readonly string[]
}

/** Where an operator sends a run. */
export interface RedirectInput<Name extends string = string> extends OverridableMove {
  /** The node: a name, or a path into a nested workflow under way, `research/review`. */
  readonly to: Name
}

/** A change of the state by an operator. */
export interface PatchInput<State = JsonObject, Optional extends string = string> {
  /** State keys as they shall be, whatever their merge rules; parsed by the state's schemas. */
  readonly state?: State
  /** Optional state keys to be removed. */
  readonly unset?: readonly Optional[]
  readonly by: string
  readonly reason: string
  /** Tools that may run although the patch changes what a yes to them was given to; stored with it. */
  readonly override?: readonly string[]
}

/** What operators may do to a run whose workflow is not known by type. */
export type AnyMoves = Moves<JsonObject, string, string>

/** What operators may do to runs of a workflow; anything when it is not known by type. */
export type MovesFor<Known> = Known extends Moves<unknown, string, string> ? Known : AnyMoves

/** A run, in this or any process. `Asked`: the requests it may have. `Known`: what operators may do to it. */
export interface Run<
  Output = JsonObject,
  Asked extends Request = Request,
  Known extends Moves<unknown, string, string> = AnyMoves,
> {
  readonly runId: RunId
  /** Facts of this run. Order: as stored; gap-free. @param cursor - last seen cursor; default from the start. Ends when the run has ended. */
  events(options?: {
    readonly cursor?: string
    readonly tokens?: boolean
    readonly signal?: AbortSignal
  }): AsyncIterable<RunEvent>
  /**
   * Waits until the run ends, or until it can go no further by itself (`waiting`, `held`, `parked`). An abort of `signal`, or closing the runtime,
   * ends the wait with where the run stands then.
   *
   * @throws {StoreError} when this process drives the run and a commit failed
   */
  result(options?: { readonly until?: 'rest' | 'end'; readonly signal?: AbortSignal }): Promise<RunResult<Output>>
  /** Where it stands now, from the store. */
  status(): Promise<RunResult<Output>>
  /**
   * How far every node is now, or was at a checkpoint. Order: from the start on. Cost: O(checkpoints).
   *
   * @throws {InputError} WAYSTONE_INPUT_SEQUENCE when the run has no such checkpoint
   */
  progress(options?: { readonly at?: number }): Promise<readonly NodeProgress[]>
  /** What is open for people now. Order: by step. */
  requests(): Promise<readonly Asked[]>
  /**
   * Answers a request. The run goes on in this process when nobody else drives it.
   *
   * @param options - `isRecordedOnly`: the decision is only put into the run's inbox, and nothing starts here; whoever takes the run up next applies it
   * @throws {InputError} WAYSTONE_INPUT_DECISION naming what does not fit
   */
  decide<One extends Request | string>(
    request: One,
    decision: DecisionFor<One>,
    options?: { readonly isRecordedOnly?: boolean },
  ): Promise<Acceptance>
  /**
   * Asks something about a request before deciding. It stays open, and whoever can answers; what was answered is shown with it, and what was decided
   * on it before does not count. Refused as decisions are, and `too-many-questions`. The model of an agent is asked by outcome `asked` instead.
   *
   * @throws {InputError} WAYSTONE_INPUT_QUESTION
   */
  ask(request: Request | string, question: QuestionInput): Promise<Acceptance>
  /** Answers a question about a request. Refused as decisions are, `no-such-question` and `answered-before`. @throws {InputError} WAYSTONE_INPUT_QUESTION */
  answer(request: Request | string, answer: AnswerInput): Promise<Acceptance>
  /** Decisions that are remembered for calls to come: in this run, then in all runs of its workflow; revoked and expired ones of the workflow too. Order: as made. */
  rules(): Promise<readonly RememberedRule[]>
  /** What is open for events from outside and for time to pass. Order: by step. */
  waits(): Promise<readonly OpenWait[]>
  /**
   * Sends an event: the open wait with the lowest step that takes it goes on, or it is kept until one opens. It is stored before this
   * returns, whoever drives the run. Refused `not-awaited` or `key-expected` when no wait of the workflow could ever take it, `run-ended`,
   * `too-many-kept`.
   *
   * @param payload - null for an event that carries nothing
   * @throws {InputError} WAYSTONE_INPUT_EVENT naming what does not fit
   */
  send<Input>(
    event: NamedEvent<string, Input> | string,
    payload: NoInfer<Input>,
    options?: SendOptions,
  ): Promise<Receipt>
  /** Begins nothing new until it is released: what is under way ends and is stored. Refused `already-held`, `run-ended`. @throws {InputError} WAYSTONE_INPUT_MOVE */
  hold(move: { readonly by: string; readonly reason: string }): Promise<Acceptance>
  /**
   * Lets a held run go on. Refused `policy-broken` when what operators changed while it was held would let a tool run on a yes to something
   * else, unless the release overrides the tool.
   *
   * @throws {InputError} WAYSTONE_INPUT_RELEASE
   */
  release(move: OverridableMove): Promise<Acceptance>
  /**
   * Ends the run `cancelled`: what is under way is told to stop, held or not. What it did that can be undone is undone first, by the runtime that
   * drives it: this one where nobody owned the run, and `result()` waits for that; where it was `delivered`, the owner. Closing the runtime meanwhile
   * leaves the rest to whoever resumes the run. A second one, while that is undone, stops the undoing. Refused `run-ended`.
   *
   * @throws {InputError} WAYSTONE_INPUT_MOVE
   */
  cancel(move: { readonly by: string; readonly reason: string }): Promise<Acceptance>
  /**
   * Sends the run to a node that is declared `redirectable`: what is open is closed, and the node is entered as from an edge. A node in a branch
   * of a fork is entered from within that branch only, beside which the others go on; a node of a nested workflow while that is under way.
   *
   * Refused `not-redirectable`; `not-under-way`; `limit-reached`; `not-written` when a key that is read from there on has never been written;
   * `policy-broken` when a tool could run without having been approved on the way, unless the move overrides the tool.
   *
   * @throws {InputError} WAYSTONE_INPUT_REDIRECT naming what does not fit
   */
  redirect(move: RedirectInput<Known['node']>): Promise<Acceptance>
  /**
   * Sets keys of the state anew: a checkpoint of its own, with who and why. Requests that show one of them have to be looked at again.
   *
   * Refused `policy-broken` or `approval-outlived` when a tool could then run on a yes to something else, unless the patch overrides
   * the tool; what breaks a policy in a held run is noted, and looked at when it is released. `effect-under-way` while an effect that must not be repeated reads one of the keys.
   * `kept` names maps and nested workflows under way that go on with what they were begun with.
   *
   * @throws {InputError} WAYSTONE_INPUT_PATCH naming every key that does not fit
   */
  patch(patch: PatchInput<Known['state'], Known['unset']>): Promise<PatchAcceptance>
  /**
   * What became of a move, decision or event that was `delivered`: waits until whoever drives the run has taken or refused it. While nobody does, that is never;
   * an abort of `signal`, or closing the runtime, ends the wait with `delivered`.
   *
   * @throws {StoreError} WAYSTONE_STORE_RUN_UNKNOWN
   */
  became(eventId: string, options?: { readonly signal?: AbortSignal }): Promise<Acceptance>
  /** What was delivered to the run and could not be used, and why: nothing of it is a checkpoint. Order: as delivered. */
  refused(): Promise<readonly RefusedEvent[]>
  /**
   * Takes the run and drives it in this process. A live owner is a conflict that names it; a dead one on this host is replaced at once; otherwise it waits
   * until the lease has run out.
   *
   * @throws {StoreError} WAYSTONE_STORE_OWNED naming the live owner
   */
  resume(): Promise<void>
}

/** Options of a start. */
export interface StartOptions<Input = JsonObject> {
  readonly input: Input
  /** A second start of the same workflow with the same key gives the first one's run; with another input it is refused. */
  readonly key?: string
  readonly tags?: { readonly [name: string]: string }
}

/** The bound environment: starts, opens and drives runs. */
export interface Runtime {
  readonly store: Store
  readonly clock: Clock
  readonly ids: Ids
  /** Who this runtime is to the store. */
  readonly owner: Owner
  start<Input extends object, Output extends object, Approvals extends object, Known extends object>(
    workflow: Workflow<Input, Output, Approvals, Known>,
    options: StartOptions<Input>,
  ): Promise<Run<Output, RequestOf<Approvals>, MovesFor<Known>>>
  /** @throws {StoreError} WAYSTONE_STORE_RUN_UNKNOWN */
  open<Input extends object, Output extends object, Approvals extends object, Known extends object>(
    workflow: Workflow<Input, Output, Approvals, Known>,
    runId: string,
  ): Promise<Run<Output, RequestOf<Approvals>, MovesFor<Known>>>
  /** Opens a run of any workflow this runtime knows, or only to look at it. */
  open(runId: string): Promise<Run>
  /**
   * Sends an event to a run, as {@link Run.send} does.
   *
   * @param to - the run's id, or a workflow and the key its run was started with
   * @throws {StoreError} WAYSTONE_STORE_RUN_UNKNOWN
   */
  send<Input>(
    to: string | { readonly workflow: string | { readonly name: string }; readonly key: string },
    event: NamedEvent<string, Input> | string,
    ...sent: readonly [payload: NoInfer<Input>, options?: SendOptions]
  ): Promise<Receipt>
  list(filter?: RunFilter): Promise<RunPage>
  row(runId: string): Promise<RunRow | undefined>
  /**
   * Deletes a run: what is stored of it, and the large values that no other run has. There is no way back; what of its bytes is left is a matter of the store. Long-term memory, and runs forked from it stay; those can be read and go on, they only lack what was before the fork.
   *
   * A run that has not ended, or that a process drives, is refused unless `isForced`; its effects may then end without anybody hearing of it.
   *
   * @throws {StoreError} WAYSTONE_STORE_RUN_UNKNOWN
   */
  delete(runId: string, options?: { readonly isForced?: boolean }): Promise<RunDeletion>
  /** Decisions that are remembered in all runs of a workflow, or of any; revoked and expired ones too. Those of one run: `run.rules()`. Order: as made. */
  rules(workflow?: string): Promise<readonly RememberedRule[]>
  /**
   * Takes a rule back: of its run, or of its workflow. What it has decided stays decided.
   *
   * @throws {InputError} WAYSTONE_INPUT_RULE when it is no id of a rule, or nobody says who takes it back and why
   */
  revokeRule(id: string, move: { readonly by: string; readonly reason: string }): Promise<Revocation>
  /** Facts of all runs in the store. Order: as committed; gap-free. Does not end by itself. */
  events(options?: { readonly cursor?: string; readonly signal?: AbortSignal }): AsyncIterable<RunEvent>
  /** Keeps driving whatever can go on (free runs, due timers, inboxes) until closed. */
  work(): void
  /** The compiled form of a workflow this runtime knows. */
  compiled(workflow: string, graphHash?: string): CompiledWorkflow | undefined
  /** Stops. `drain: true` lets running effects end and commit first, or their time run out; else they are aborted and stay open for a later resume. */
  close(options?: { readonly drain?: boolean }): Promise<void>
}
