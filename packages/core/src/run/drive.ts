import type { RunId } from '../base/ids.ts'
import { keepThenStore } from '../checkpoint/keep-private.ts'
import { packCheckpoint, type PackedCheckpoint } from '../checkpoint/pack.ts'
import { refusedEvent } from '../checkpoint/refused-event.ts'
import type { Commit, Lease } from '../checkpoint/store.ts'
import { commandsFor, isSettled } from '../compile/commands.ts'
import type { CompiledWorkflow } from '../compile/compiled-workflow.ts'
import type { Plan } from '../compile/plan.ts'
import { invariantError } from '../errors/invariant-error.ts'
import { inputError } from '../errors/input-error.ts'
import type { Command } from '../snapshot/command.ts'
import type { EngineEvent } from '../snapshot/event.ts'
import { statusOf, type Snapshot } from '../snapshot/snapshot.ts'
import { DriveEffects, type EffectsOwner } from './drive-effects.ts'
import type { DriveHost, Standing } from './drive-host.ts'
import { endEventId, type EndOf } from './end-event-id.ts'
import { inboxProblem } from './inbox-event.ts'
import { RuleDesk, type RuleDeskOwner } from './rule-desk.ts'
import { summaryOf } from './run-summary.ts'
import type { Acceptance } from './runtime.ts'
import { createTimers, timerEvent } from './timers.ts'

/** An event on its way into the run. */
export interface Entry {
  readonly event: EngineEvent
  /** It stands in the store's inbox and is taken out with the checkpoint it makes. */
  readonly isDelivered?: boolean
  /** It was delivered a moment ago: another process may have taken it out of the inbox since. */
  readonly isUnproven?: boolean
  /** Told what became of it, once that is stored. */
  readonly onTaken?: (acceptance: Acceptance) => void
  /** Told when the drive stopped before it was taken. */
  readonly onStopped?: (error: unknown) => void
}

/** What a drive is made of. */
export interface DriveParts {
  readonly compiled: CompiledWorkflow
  readonly lease: Lease
  readonly standing: Standing
  /** What happened while nobody drove the run. Planned before anything else comes and before anything is performed. */
  readonly missed: readonly Entry[]
  /** Attempts that another process may have begun, by step; absent: none. */
  readonly begunBefore?: ReadonlyMap<number, number>
}

/**
 * Drives one run: next event → plan → commit → perform, strictly one after the other.
 *
 * It ends by itself when the run can go no further (ended, waiting, held), and stops at once when a commit fails or another owner
 * has the run.
 */
export class Drive implements EffectsOwner, RuleDeskOwner {
  readonly runId: RunId
  readonly compiled: CompiledWorkflow
  readonly lease: Lease
  readonly #host: DriveHost
  readonly #queue: Entry[]
  /** What became of delivered events: a look into the inbox that began before may still bring them. */
  readonly #taken = new Map<string, Acceptance>()
  /** Told too what becomes of a delivered event that a look into the inbox had brought before. */
  readonly #alsoTold = new Map<string, NonNullable<Entry['onTaken']>>()
  readonly #effects: DriveEffects
  readonly #rules: RuleDesk
  readonly #timers: ReturnType<typeof createTimers>
  #standing: Standing
  #performed: Standing
  #hasBegun = false
  #isLooping = false
  #looping: Promise<void> = Promise.resolve()
  /** Commands are withheld until everything that happened meanwhile has been planned. */
  #isCatchingUp: boolean
  #isDraining = false
  #isOver = false

  constructor(host: DriveHost, parts: DriveParts) {
    this.#host = host
    this.runId = parts.lease.runId
    this.compiled = parts.compiled
    this.lease = parts.lease
    this.#standing = parts.standing
    this.#performed = parts.standing
    this.#queue = [...parts.missed]
    this.#isCatchingUp = true
    this.#effects = new DriveEffects(this, host, parts.begunBefore ?? new Map())
    this.#rules = new RuleDesk(this, host)
    this.#timers = createTimers(host.clock, (timer, at) =>
      this.bring(timerEvent(timer, Math.max(at, host.clock.now()))),
    )
  }

  /** The run as its last stored checkpoint leaves it. */
  get snapshot(): Snapshot {
    return this.#standing.snapshot
  }

  get performed(): Standing {
    return this.#performed
  }

  /** Sequence of the last stored checkpoint. */
  get sequence(): number {
    return this.#standing.parent.sequence
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /** Takes up what was missed, then performs everything that is open. */
  begin(): void {
    this.#hasBegun = true
    this.#start()
  }

  /** Resolves when no commit of this drive is under way. */
  whenIdle(): Promise<void> {
    return this.#looping
  }

  /** Adds an event: it is taken when the drive has begun, and refused when it is over. */
  post(entry: Entry): void {
    if (this.#isOver)
      return entry.onStopped?.(
        inputError('WAYSTONE_INPUT_RUNTIME_CLOSED', `run ${this.runId} is not driven here any more`),
      )
    const { id } = entry.event
    const became = entry.isDelivered === true ? this.#taken.get(id) : undefined
    if (became !== undefined) return entry.onTaken?.(became)
    if (entry.isDelivered === true && this.#queue.some(({ event }) => event.id === id)) {
      if (entry.onTaken !== undefined) this.#alsoTold.set(id, entry.onTaken)
      return
    }
    this.#queue.push(entry)
    this.#start()
  }

  /** Lets what runs end and be committed, also by its time being over, begins nothing new, and rests. */
  drain(): void {
    this.#isDraining = true
    this.#effects.withhold()
    this.begin()
  }

  /** Stops now: aborts what runs and leaves it open for a later resume. @param error - null: asked for */
  stop(error: unknown): void {
    if (this.#isOver) return
    this.#close()
    const reason = error ?? inputError('WAYSTONE_INPUT_RUNTIME_CLOSED', `run ${this.runId} is not driven here any more`)
    for (const entry of this.#queue.splice(0)) entry.onStopped?.(reason)
    for (const [eventId, told] of this.#alsoTold) told({ type: 'delivered', eventId })
    this.#host.onStopped(this, error)
  }

  /** Takes an event of an effect or a timer when it is its turn. */
  bring(event: EngineEvent): void {
    this.post({ event })
  }

  /** What was looked for in the store has come, or has not. */
  onLooked(): void {
    if (!this.#isOver && !this.#isLooping && this.#queue.length === 0) this.#restIfDone()
  }

  #start(): void {
    if (!this.#hasBegun || this.#isLooping || this.#isOver) return
    this.#isLooping = true
    this.#looping = this.#loop()
  }

  async #loop(): Promise<void> {
    try {
      await this.#takeAll()
    } catch (error) {
      return this.stop(error)
    } finally {
      this.#isLooping = false
    }
    if (this.#isOver) return
    // An effect may have ended between the last look at the queue and now.
    if (this.#queue.length > 0) this.#start()
    else this.#restIfDone()
  }

  async #takeAll(): Promise<void> {
    do {
      for (let entry = this.#queue[0]; entry !== undefined && !this.#isOver; entry = this.#queue[0]) {
        // It leaves the queue only when it is stored, so that a delivered event is not taken up twice meanwhile.
        if (isPlainEnd(entry)) await this.#takeEnds(entry)
        else await this.#take(entry)
        const turn = this.#host.turn()
        if (turn !== null) await turn
      }
      this.#catchUp()
      if (!this.#isOver && !this.#isDraining) this.#rules.look()
    } while (this.#queue.length > 0 && !this.#isOver)
  }

  #catchUp(): void {
    if (!this.#isCatchingUp || this.#isOver) return
    this.#isCatchingUp = false
    this.#perform(commandsFor(this.compiled, this.snapshot))
    this.#effects.settleClosing()
  }

  async #take(entry: Entry): Promise<void> {
    const isGone = entry.isUnproven === true && !(await this.#isInInbox(entry))
    const plan = isGone ? undefined : this.#planAt(this.#standing, entry)
    if (plan !== undefined && isMove(plan)) return await this.#commitAll([this.#packed(this.#standing, entry, plan)])
    if (plan === undefined) this.#tell(entry, { type: 'delivered', eventId: entry.event.id })
    else await this.#drop(entry, plan)
    this.#leave(entry)
  }

  /**
   * What has ended by now shares one commit, a checkpoint each. They are planned one after the other, as they would be had each waited for
   * the commit before it; only what their commands begin comes after all of them.
   */
  #takeEnds(first: Entry): Promise<void> {
    const plan = this.#planAt(this.#standing, first)
    if (!isMove(plan)) return this.#drop(first, plan).then(() => this.#leave(first))
    let last = this.#packed(this.#standing, first, plan)
    const moves = [last]
    while (moves.length < mostAtOnce) {
      const next = this.#nextEnd(last.standing, this.#queue[moves.length])
      if (next === undefined) break
      moves.push((last = next))
    }
    return this.#commitAll(moves)
  }

  /**
   * What does not move the run, or cannot be planned, must not keep what came before it from being stored: it is met again as the first. So
   * is what calls work off, which an end before it may have asked for: nothing may begin of which the store says already that it is cancelled.
   */
  #nextEnd(standing: Standing, entry: Entry | undefined): Move | undefined {
    if (entry === undefined || !isPlainEnd(entry)) return undefined
    try {
      const plan = this.#planAt(standing, entry)
      return isMove(plan) && !plan.commands.some(callsOff) ? this.#packed(standing, entry, plan) : undefined
    } catch {
      return undefined
    }
  }

  #planAt({ parent, snapshot }: Standing, entry: Entry): Plan {
    const position = { runId: this.runId, sequence: parent.sequence + 1, parent }
    return this.#refusal(entry) ?? this.#host.plan(this.compiled, position, snapshot, entry.event)
  }

  /** Only the owner of a run takes anything out of its inbox, so what is there now stays there. */
  async #isInInbox({ event }: Entry): Promise<boolean> {
    const inboxes = await this.#host.store.inbox([this.runId])
    return inboxes.get(this.runId)?.some(({ id }) => id === event.id) === true
  }

  #refusal({ event, isDelivered }: Entry): Extract<Plan, { type: 'refused' }> | undefined {
    const message = isDelivered === true ? inboxProblem(this.compiled, event) : undefined
    return message === undefined ? undefined : { type: 'refused', reason: 'bad-payload', message }
  }

  // oxlint-disable-next-line max-params -- where it stands, what came, what it does
  #packed(before: Standing, entry: Entry, plan: MovingPlan): Move {
    const packed = packCheckpoint(plan.checkpoint, plan.snapshot, before.packing)
    const { runId, sequence, hash } = packed.checkpoint
    const standing = { snapshot: plan.snapshot, parent: { runId, sequence, hash }, packing: packed.packing }
    return { entry, plan, packed, standing }
  }

  /** Stores what moves have come to, then performs them, each as it left the run. */
  async #commitAll(moves: readonly Move[]): Promise<void> {
    const last = moves.at(-1)
    if (last === undefined) return
    await this.#store(moves, this.#commitOf(moves, last))
    this.#standing = last.standing
    this.#host.onCommitted(this)
    for (const { entry, plan, standing } of moves) {
      if (this.#isOver) return
      this.#performed = standing
      this.#tell(entry, { type: 'applied', sequence: standing.parent.sequence })
      if (!this.#isCatchingUp) this.#perform(plan.commands)
      if (plan.snapshot.context.held !== null) this.#effects.withhold()
      this.#leave(entry)
      const turn = moves.length === 1 ? null : this.#host.turn()
      if (turn !== null) await turn
    }
  }

  /** What is private comes before the checkpoint that refers to it; a crash in between leaves what nothing refers to. */
  #store(moves: readonly Move[], commit: Commit): Promise<void> {
    const { store } = this.#host
    if (!moves.some(({ packed }) => packed.keepPrivate !== undefined)) return store.commit(commit)
    const keep = async (): Promise<void> => {
      for (const { packed } of moves) await packed.keepPrivate?.()
    }
    return keepThenStore(store, { runId: this.runId, keep, store: () => store.commit(commit) })
  }

  #commitOf(moves: readonly Move[], { packed, plan, standing, entry }: Move): Commit {
    const { checkpoint, blobs } = packed
    const commit = {
      fence: this.lease.fence,
      checkpoint,
      blobs,
      summary: summaryOf(this.compiled, standing.snapshot.context),
      // Only one that comes alone was delivered, or makes a rule.
      consumed: entry.isDelivered === true ? [entry.event.id] : noIds,
      ...(plan.rule !== undefined && { rule: plan.rule }),
      at: entry.event.at,
    }
    if (moves.length === 1) return commit
    const earlier = moves.slice(0, -1).map((move) => move.packed.checkpoint)
    return { ...commit, earlier, blobs: moves.flatMap((move) => move.packed.blobs) }
  }

  /** An event has been taken. */
  #leave({ event }: Entry): void {
    const { type, payload } = event
    if (type === 'effect.ended') this.#effects.letGo(payload.step, payload.attempt)
    if (this.#queue[0]?.event === event) this.#queue.shift()
  }

  async #drop(entry: Entry, plan: Extract<Plan, { type: 'stale' | 'early' | 'refused' }>): Promise<void> {
    if (plan.type === 'early') {
      // A timer that fired too soon is set again; nothing else can be early.
      if (entry.event.type === 'timer.due')
        this.#perform(commandsFor(this.compiled, this.snapshot).filter(({ type }) => type === 'setTimer'))
      return
    }
    const { event, isDelivered } = entry
    const { runId, lease } = this
    const { message } = plan
    const reason = plan.type === 'refused' ? plan.reason : 'already-decided'
    if (isDelivered === true) {
      const refused = refusedEvent(event, { at: this.#host.clock.now(), reason, message })
      await this.#host.store.discard(runId, lease.fence, [refused])
    }
    if (this.#isNews(entry))
      this.#host.notify({ type: 'event.dropped', runId, eventId: event.id, event: event.type, message })
    this.#tell(entry, { type: 'refused', reason, message })
  }

  /** Whoever waits here for what becomes of it is told; and a timer of this process for what is over by now is nobody's concern. */
  #isNews({ event, onTaken, isDelivered }: Entry): boolean {
    const isOver = event.type === 'timer.due' && isDelivered !== true
    return onTaken === undefined && !this.#alsoTold.has(event.id) && !isOver
  }

  #tell({ event, onTaken, isDelivered }: Entry, acceptance: Acceptance): void {
    if (isDelivered === true) this.#taken.set(event.id, acceptance)
    onTaken?.(acceptance)
    this.#alsoTold.get(event.id)?.(acceptance)
    this.#alsoTold.delete(event.id)
  }

  #perform(commands: readonly Command[]): void {
    for (const command of commands) {
      switch (command.type) {
        case 'effect':
          if (!this.#isDraining) this.#effects.start(command)
          break
        case 'cancelEffect':
          this.#effects.cancel(command.step)
          this.#effects.letGo(command.step)
          break
        case 'leaveEffect':
          if (!this.#effects.runs(command.step)) this.#effects.cancel(command.step)
          this.#effects.letGo(command.step)
          break
        case 'setTimer':
          this.#timers.set(command.timer, command.at)
          break
        case 'clearTimer':
          this.#timers.unset(command.timer)
          break
        case 'withdrawRequest':
        case 'closeWait':
        case 'finish':
          break
      }
    }
  }

  /** A release asks for everything open anew, also for what has ended and waits to be taken. */
  isEndQueued(end: EndOf): boolean {
    for (const { event } of this.#queue) {
      // Most that begins has never ended: its id is made only where it may have.
      if (event.type !== 'effect.ended' || event.payload.step !== end.step) continue
      if (event.id === endEventId(this.runId, end)) return true
    }
    return false
  }

  #restIfDone(): void {
    if (this.#effects.isBusy || this.#rules.isBusy || this.#queue.length > 0) return
    const { context } = this.snapshot
    const status = statusOf(context)
    const isStuck = !this.#isDraining && (status === 'running' || (context.ending !== null && !isSettled(context)))
    if (isStuck) {
      return this.stop(
        invariantError(
          'WAYSTONE_BUG_STUCK',
          `run ${this.runId} is ${status} at sequence ${this.sequence} and nothing moves it`,
          { runId: this.runId },
        ),
      )
    }
    this.#close()
    this.#host.onRest(this)
  }

  #close(): void {
    this.#isOver = true
    this.#timers.clear()
    this.#effects.abandon()
  }
}

const noIds: readonly string[] = Object.freeze([])

/** Ends that share a commit at most. */
const mostAtOnce = 64

type MovingPlan = Extract<Plan, { type: 'applied' | 'late' }>

function isMove(plan: Plan): plan is MovingPlan {
  return plan.type === 'applied' || plan.type === 'late'
}

function callsOff({ type }: Command): boolean {
  return type === 'cancelEffect' || type === 'leaveEffect'
}

/** An event that moves the run, and where the run stands after it. */
interface Move {
  readonly entry: Entry
  readonly plan: MovingPlan
  readonly packed: PackedCheckpoint
  readonly standing: Standing
}

/** True for the end of an effect that this process performed: nobody else knows of it. */
function isPlainEnd({ event, isDelivered }: Entry): boolean {
  return event.type === 'effect.ended' && isDelivered !== true
}
