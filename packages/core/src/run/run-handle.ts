import type { RunId } from '../base/ids.ts'
import { eventWord } from '../compile/event-word.ts'
import type { ReplayError } from '../errors/replay-error.ts'
import type { EngineEvent } from '../snapshot/event.ts'
import { isAsking } from '../snapshot/snapshot.ts'
import { openIn } from '../snapshot/tree.ts'
import { decisionEvent, stepOfRequest, type EventStamp } from './decision-event.ts'
import { closedRequestText, readClosedRequest } from './closed-request.ts'
import type { NamedEvent } from '../define/event.ts'
import { becameOf } from './became-of.ts'
import { deliver } from './deliver.ts'
import type { Entry } from './drive.ts'
import type { Engine, Rest } from './engine.ts'
import { followRun } from './follow.ts'
import { withKept } from './kept-by-patch.ts'
import { checkOptions, knownOptions } from './known-options.ts'
import { openingSequences } from './opening-sequence.ts'
import { requestsOf } from './requests.ts'
import { moveStored, needsNoFunctions } from './move-stored.ts'
import { readProgress } from './run-progress.ts'
import { requireMover } from './parse-override.ts'
import {
  otherDefinition,
  resultOfRest,
  standingAnyhow,
  standingOf,
  statusOfRun,
  type StandingRun,
} from './run-status.ts'
import { patchEvent } from './patch-event.ts'
import { answerEvent, questionEvent } from './question-event.ts'
import { redirectEvent, releaseEvent } from './redirect-event.ts'
import { revokeEvent, shownRule } from './rules.ts'
import { secondReceipt } from './same-event.ts'
import { sendOptions, sentEvent } from './send-event.ts'
import type {
  Acceptance,
  AnswerInput,
  DecisionInput,
  OpenWait,
  OverridableMove,
  PatchAcceptance,
  PatchInput,
  QuestionInput,
  Receipt,
  RedirectInput,
  Request,
  RememberedRule,
  Run,
  RunResult,
  SendOptions,
} from './runtime.ts'
import { waitForRest } from './wait-for-rest.ts'
import { waitsOf } from './waits-of.ts'

const closedReasons = {
  decided: 'already-decided',
  expired: 'request-expired',
  withdrawn: 'request-withdrawn',
} as const

const decideOptions = knownOptions<Parameters<Run['decide']>[2] & object>(
  'decide was given',
  'WAYSTONE_INPUT_DECISION',
  { isRecordedOnly: true },
)
const moveCode = 'WAYSTONE_INPUT_MOVE'
const moveNames = { by: true, reason: true } as const
const moveOptions = {
  'run.hold': knownOptions<Parameters<Run['hold']>[0]>('a hold was given', moveCode, moveNames),
  'run.cancel': knownOptions<Parameters<Run['cancel']>[0]>('a cancel was given', moveCode, moveNames),
}

/** The handle of a run; nothing of the run is kept in it but how it ended. */
export class RunHandle implements Run {
  readonly runId: RunId
  readonly #engine: Engine
  /** How the drive that began with this handle came to rest; saves a load when the run has ended. */
  #firstRest: Promise<Rest> | undefined

  constructor(engine: Engine, runId: RunId) {
    this.#engine = engine
    this.runId = runId
    this.#firstRest = engine.nextRest(runId)
    this.#firstRest?.catch(() => (this.#firstRest = undefined))
  }

  events(options: Parameters<Run['events']>[0] = {}): ReturnType<Run['events']> {
    return followRun(this.#engine, this.runId, options)
  }

  async result(options: Parameters<Run['result']>[0] = {}): Promise<RunResult> {
    const rest = this.#engine.driveOf(this.runId) === undefined ? await this.#firstRest : undefined
    if (rest !== undefined && rest.snapshot.context.ending !== null) return resultOfRest(this.runId, rest)
    return await waitForRest(this.#engine, this.runId, { until: options.until ?? 'rest', signal: options.signal })
  }

  status(): Promise<RunResult> {
    return statusOfRun(this.#engine, this.runId)
  }

  progress(options: Parameters<Run['progress']>[0] = {}): ReturnType<Run['progress']> {
    return readProgress(this.#engine.store, this.runId, options.at)
  }

  async requests(): Promise<readonly Request[]> {
    const { compiled, context, sequence } = await standingOf(this.#engine, this.runId)
    const open = openIn(context)
    const asked = Object.keys(open).filter((index) => {
      const step = open[index]
      return step !== undefined && isAsking(step)
    })
    if (asked.length === 0) return []
    const opened = await openingSequences(this.#engine.store, this.runId, {
      sequence,
      steps: asked.map(Number),
      graphHash: compiled.hashes.graph,
    })
    return requestsOf({ runId: this.runId, compiled, context, openedAt: (step) => opened.get(step) ?? sequence })
  }

  async decide(
    request: Request | string,
    decision: DecisionInput,
    options: Parameters<Run['decide']>[2] = {},
  ): Promise<Acceptance> {
    checkOptions(decideOptions, options)
    const standing = await standingOf(this.#engine, this.runId)
    const made = decisionEvent({ runId: this.runId, ...standing }, request, {
      decision,
      stamp: this.#stamp(),
    })
    if (made.type !== 'event') return await this.#explained(made, request)
    if (options.isRecordedOnly !== true)
      return await this.#explained(await this.#send(made.event, true, standing), request)
    await deliver(this.#engine, { runId: this.runId, standing }, made.event)
    return { type: 'delivered', eventId: made.event.id }
  }

  async ask(request: Request | string, given: QuestionInput): Promise<Acceptance> {
    const standing = await standingOf(this.#engine, this.runId)
    const made = questionEvent({ runId: this.runId, ...standing }, request, { given, stamp: this.#stamp() })
    return await this.#explained(made.type === 'event' ? await this.#send(made.event, false, standing) : made, request)
  }

  async answer(request: Request | string, given: AnswerInput): Promise<Acceptance> {
    const standing = await standingOf(this.#engine, this.runId)
    const made = answerEvent({ runId: this.runId, ...standing }, request, { given, stamp: this.#stamp() })
    return await this.#explained(made.type === 'event' ? await this.#send(made.event, false, standing) : made, request)
  }

  async rules(): Promise<readonly RememberedRule[]> {
    const { compiled, context } = await standingOf(this.#engine, this.runId)
    const { name } = compiled.graph
    const stored = await this.#engine.store.rules(name)
    const own = (context.rules ?? []).map((rule) => shownRule(name, rule))
    return [...own, ...stored.map(({ rule, revoked }) => shownRule(name, rule, revoked))]
  }

  /** Takes back a rule of this run. */
  async revokeRule(rule: string, move: { readonly by: string; readonly reason: string }): Promise<Acceptance> {
    return await this.#send(revokeEvent(rule, move, this.#stamp()), false)
  }

  async waits(): Promise<readonly OpenWait[]> {
    const { compiled, context } = await standingOf(this.#engine, this.runId)
    return waitsOf(compiled, context)
  }

  /** Stored first, so that it is neither lost nor taken twice, whatever becomes of this process and of the run's owner. */
  async send(event: NamedEvent | string, payload: unknown, options: SendOptions = {}): Promise<Receipt> {
    checkOptions(sendOptions, options)
    const { clock, ids } = this.#engine.parts
    const standing = await standingAnyhow(this.#engine, this.runId)
    const name = typeof event === 'string' ? event : event.name
    const made = sentEvent(standing, { ...options, event: name, payload }, { id: ids.event(), at: clock.now() })
    if (made.type !== 'event') {
      const { late, ...refusal } = made
      return late === undefined || options.id === undefined
        ? refusal
        : ((await this.#second(standing, late)) ?? refusal)
    }
    if ((await deliver(this.#engine, { runId: this.runId, standing }, made.event)) === 'duplicate')
      return (await this.#second(standing, made.event)) ?? { type: 'duplicate' }
    if (standing.lacks !== undefined) return kept(made.event, standing.lacks)
    if (options.isRecordedOnly === true) return { type: 'delivered', eventId: made.event.id }
    const taken = Promise.withResolvers<Acceptance>()
    const entry: Entry = {
      event: made.event,
      isDelivered: true,
      isUnproven: true,
      onTaken: taken.resolve,
      // Whoever takes the run up next finds it in the inbox.
      onStopped: () => taken.resolve({ type: 'delivered', eventId: made.event.id }),
    }
    const isTaken = await this.#engine.takeUp(this.runId, { isPatient: false, needsBindings: true, entry })
    return isTaken ? await taken.promise : { type: 'delivered', eventId: made.event.id }
  }

  #second({ compiled }: StandingRun, event: Parameters<typeof secondReceipt>[2]): Promise<Receipt | undefined> {
    return secondReceipt(this.#engine.store, { runId: this.runId, compiled }, event)
  }

  hold(move: { readonly by: string; readonly reason: string }): Promise<Acceptance> {
    return this.#move('run.hold', move)
  }

  async release(move: OverridableMove): Promise<Acceptance> {
    const { compiled } = await standingAnyhow(this.#engine, this.runId)
    return await this.#send(releaseEvent(compiled, move, this.#stamp()), true)
  }

  async redirect(move: RedirectInput): Promise<Acceptance> {
    const { compiled } = await standingAnyhow(this.#engine, this.runId)
    return await this.#send(redirectEvent(compiled, move, this.#stamp()), true)
  }

  cancel(move: { readonly by: string; readonly reason: string }): Promise<Acceptance> {
    return this.#move('run.cancel', move)
  }

  async patch(given: PatchInput): Promise<PatchAcceptance> {
    const standing = await standingOf(this.#engine, this.runId)
    const acceptance = await this.#send(patchEvent(standing.compiled, given, this.#stamp()), true, standing)
    return await withKept(this.#engine, { runId: this.runId, standing }, { acceptance, given })
  }

  became(eventId: string, options: Parameters<Run['became']>[1] = {}): Promise<Acceptance> {
    return becameOf(this.#engine, { runId: this.runId, eventId }, options.signal)
  }

  refused(): ReturnType<Run['refused']> {
    return this.#engine.store.refused(this.runId)
  }

  async resume(): Promise<void> {
    await this.#engine.takeUp(this.runId, { isPatient: true, needsBindings: true })
  }

  async #move(
    type: 'run.hold' | 'run.cancel',
    move: { readonly by: string; readonly reason: string },
  ): Promise<Acceptance> {
    const what = type.slice('run.'.length)
    checkOptions(moveOptions[type], move)
    requireMover(move, what, moveCode)
    const payload = Object.freeze({ by: move.by, reason: move.reason })
    return await this.#send(Object.freeze({ ...this.#stamp(), type, from: 'operator', payload }), false)
  }

  /** A request that is closed is refused with what became of it: who decided what, that it expired, who moved the run. */
  async #explained(acceptance: Acceptance, request: Request | string): Promise<Acceptance> {
    if (acceptance.type !== 'refused') return acceptance
    const { reason, message } = acceptance
    const step = stepOfRequest(this.runId, request)
    if (step === undefined || (reason !== 'already-decided' && reason !== 'run-ended')) return acceptance
    const closed = await readClosedRequest(this.#engine.store, { runId: this.runId, step })
    if (closed === undefined) return acceptance
    const told = closedRequestText(closed)
    return reason === 'run-ended'
      ? { type: 'refused', reason, message: `${message}; ${told}` }
      : { type: 'refused', reason: closedReasons[closed.how], message: told }
  }

  #stamp(): EventStamp {
    const { clock, ids } = this.#engine.parts
    return { id: ids.event(), at: clock.now() }
  }

  /** To the drive of this process, or to one made for it; to the inbox when another process owns the run. */
  async #send(event: EngineEvent, needsBindings: boolean, standing: StandingRun | null = null): Promise<Acceptance> {
    const here = await this.#sendHere(event, needsBindings).catch(otherDefinition)
    if (here !== undefined) return 'lacks' in here ? await this.#sendAnyhow(event, here.lacks) : here
    await deliver(this.#engine, { runId: this.runId, standing }, event)
    // The owner may have let go between the two: then the event stands in the inbox and is taken up from there.
    const taken = await this.#engine.takeUp(this.runId, { isPatient: false, needsBindings }).catch(otherDefinition)
    return typeof taken === 'object' ? kept(event, taken.lacks) : { type: 'delivered', eventId: event.id }
  }

  /** To a run whose definition is not known here, and that nobody drove just now. */
  async #sendAnyhow(event: EngineEvent, lacks: ReplayError): Promise<Acceptance> {
    const moved = needsNoFunctions(event) ? await moveStored(this.#engine, this.runId, event) : undefined
    if (moved !== undefined) return moved
    await deliver(this.#engine, { runId: this.runId, standing: null }, event)
    return kept(event, lacks)
  }

  async #sendHere(event: EngineEvent, needsBindings: boolean): Promise<Acceptance | undefined> {
    const accepted = Promise.withResolvers<Acceptance>()
    // When taking the run up throws, nobody is left to look at this one.
    accepted.promise.catch(() => undefined)
    const entry = { event, onTaken: accepted.resolve, onStopped: accepted.reject }
    const isTaken = await this.#engine.takeUp(this.runId, { isPatient: false, needsBindings, entry })
    return isTaken ? await accepted.promise : undefined
  }
}

/** It waits in the inbox for a process that knows the definition of the run. */
function kept({ id, type }: EngineEvent, lacks: ReplayError): Extract<Acceptance, { type: 'delivered' }> {
  const message = `the ${eventWord(type)} is kept until a process takes it that knows the definition the run began with: ${lacks.message}`
  return { type: 'delivered', eventId: id, message }
}
