import { effectIdOf, type RunId } from '../base/ids.ts'
import { packCheckpoint, type Packing } from '../checkpoint/pack.ts'
import type { Lease } from '../checkpoint/store.ts'
import { commandsFor, isSettled } from '../compile/commands.ts'
import type { CompiledWorkflow } from '../compile/compiled-workflow.ts'
import type { Plan } from '../compile/plan.ts'
import { invariantError } from '../errors/invariant-error.ts'
import { inputError } from '../errors/input-error.ts'
import type { Checkpoint } from '../snapshot/checkpoint.ts'
import type { Command } from '../snapshot/command.ts'
import type { EffectEnd, EngineEvent } from '../snapshot/event.ts'
import { isModelCall, statusOf, type Snapshot } from '../snapshot/snapshot.ts'
import { closingIn } from '../snapshot/tree.ts'
import { awaitPermit } from './await-permit.ts'
import type { DrivenRun, DriveHost } from './drive-host.ts'
import { EffectScope } from './effect-context.ts'
import { itemOf, type EffectJob } from './effect-job.ts'
import { stepMemory } from './effect-memory.ts'
import { lostUsage } from './execute-model.ts'
import { IdenticalCalls, isPureCall } from './identical-calls.ts'
import { lostLease } from './leases.ts'
import { lostEnd } from './lost-effects.ts'
import { closingStepOf, openStepOf } from './open-step.ts'
import { effectClassOf } from './perform.ts'
import { RunningEffect, type EffectHost } from './running-effect.ts'
import { summaryOf } from './run-summary.ts'
import type { Acceptance } from './runtime.ts'
import { secretsOfStep } from './step-secrets.ts'
import { createTimers, timerEvent } from './timers.ts'

/** Where a run stands, as its last checkpoint leaves it: everything a drive keeps of it. */
export interface Standing {
  readonly snapshot: Snapshot
  readonly parent: NonNullable<Checkpoint['parent']>
  readonly packing: Packing
}

/** An event on its way into the run. */
export interface Entry {
  readonly event: EngineEvent
  /** It stands in the store's inbox and is taken out with the checkpoint it makes. */
  readonly isDelivered?: boolean
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
}

/**
 * Drives one run: next event → plan → commit → perform, strictly one after the other.
 *
 * It ends by itself when the run can go no further (ended, waiting, held), and stops at once when a commit fails or another owner
 * has the run.
 */
export class Drive implements DrivenRun {
  readonly runId: RunId
  readonly compiled: CompiledWorkflow
  readonly lease: Lease
  readonly #host: DriveHost
  readonly #queue: Entry[]
  /** Delivered events that have been taken: a look into the inbox that began before may still bring them. */
  readonly #taken = new Set<string>()
  readonly #effects = new Map<number, RunningEffect>()
  readonly #effectHost: EffectHost
  readonly #identical = new IdenticalCalls()
  readonly #timers: ReturnType<typeof createTimers>
  #standing: Standing
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
    this.#queue = [...parts.missed]
    this.#isCatchingUp = true
    this.#effectHost = { clock: host.clock, onEnd: (effect, end) => this.#ended(effect, end) }
    this.#timers = createTimers(host.clock, (timer, at) =>
      this.#post(timerEvent(timer, Math.max(at, host.clock.now()))),
    )
  }

  /** The run as its last stored checkpoint leaves it. */
  get snapshot(): Snapshot {
    return this.#standing.snapshot
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
    const isKnown =
      entry.isDelivered === true && (this.#taken.has(id) || this.#queue.some(({ event }) => event.id === id))
    if (isKnown) return
    this.#queue.push(entry)
    this.#start()
  }

  /** Lets what runs end and be committed, begins nothing new, and rests. */
  drain(): void {
    this.#isDraining = true
    this.#timers.clear()
    this.#withhold()
    this.begin()
  }

  /** Stops now: aborts what runs and leaves it open for a later resume. @param error - null: asked for */
  stop(error: unknown): void {
    if (this.#isOver) return
    this.#close()
    const reason = error ?? inputError('WAYSTONE_INPUT_RUNTIME_CLOSED', `run ${this.runId} is not driven here any more`)
    for (const entry of this.#queue.splice(0)) entry.onStopped?.(reason)
    this.#host.onStopped(this, error)
  }

  #post(event: EngineEvent): void {
    this.post({ event })
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
        await this.#take(entry)
        const { type, payload } = entry.event
        if (type === 'effect.ended') this.#letGo(payload.step, payload.attempt)
        if (entry.isDelivered === true) this.#taken.add(entry.event.id)
        if (this.#queue[0] === entry) this.#queue.shift()
        const turn = this.#host.turn()
        if (turn !== null) await turn
      }
      this.#catchUp()
    } while (this.#queue.length > 0 && !this.#isOver)
  }

  #catchUp(): void {
    if (!this.#isCatchingUp || this.#isOver) return
    this.#isCatchingUp = false
    this.#perform(commandsFor(this.compiled, this.snapshot))
    this.#settleClosing()
  }

  #settleClosing(): void {
    for (const index in closingIn(this.snapshot.context))
      if (!this.#effects.has(Number(index))) this.#cancel(Number(index))
  }

  /** Of what does not run here (another process's, or withheld) nothing will be heard: it is charged at its reservation. */
  #cancel(step: number): void {
    const effect = this.#effects.get(step)
    if (effect !== undefined) return effect.cancel()
    const found = closingStepOf(this.compiled, this.snapshot.context, step)
    // A nested workflow is over when what it has cancelled has settled.
    if (found === undefined || found.open.kind === 'workflow') return
    const { open, record } = found
    this.#post(
      lostEnd({
        runId: this.runId,
        step,
        attempt: open.attempt,
        outcome: 'unknown',
        startedAt: open.since,
        at: this.#host.clock.now(),
        usage: lostUsage(this.#host.ports, record, open),
      }),
    )
  }

  /** True for an effect that has been started here and will say how it ended. */
  #runs(step: number): boolean {
    return this.#effects.get(step)?.isWaiting === false
  }

  async #take(entry: Entry): Promise<void> {
    const { parent, snapshot } = this.#standing
    const position = { runId: this.runId, sequence: parent.sequence + 1, parent }
    const plan = this.#host.plan(this.compiled, position, snapshot, entry.event)
    if (plan.type !== 'applied' && plan.type !== 'late') return this.#drop(entry, plan)
    await this.#commit(plan, entry)
    if (this.#isOver) return
    entry.onTaken?.({ type: 'applied', sequence: plan.checkpoint.sequence })
    if (!this.#isCatchingUp) this.#perform(plan.commands)
    if (plan.snapshot.context.held !== null) this.#withhold()
  }

  /** Attempts that wait for their backoff do not begin in a held run; release asks for them again. */
  #withhold(): void {
    for (const effect of this.#effects.values()) if (effect.isWaiting) this.#takeBack(effect)
  }

  #takeBack(effect: RunningEffect): void {
    this.#identical.withdraw(effect)
    this.#forget(effect)
  }

  /** Begins what waited for a step's end. */
  #letGo(step: number, attempt?: number): void {
    for (const effect of this.#identical.ended(step, attempt)) {
      if (!this.#isOver && effect.isWaiting) this.#beginAnew(effect)
    }
  }

  /** Begins an attempt that has waited, with what is stored now. */
  #beginAnew(effect: RunningEffect): void {
    const { scope, open } = effect.job
    this.#forget(effect)
    this.#startEffect({ step: scope.step, attempt: open.attempt })
  }

  async #commit({ snapshot, checkpoint }: Extract<Plan, { type: 'applied' | 'late' }>, entry: Entry): Promise<void> {
    const packed = packCheckpoint(checkpoint, snapshot, this.#standing.packing)
    await this.#host.store.commit({
      fence: this.lease.fence,
      checkpoint: packed.checkpoint,
      blobs: packed.blobs,
      summary: summaryOf(this.compiled, snapshot.context),
      consumed: entry.isDelivered === true ? [entry.event.id] : noIds,
      at: entry.event.at,
    })
    const { runId, sequence, hash } = packed.checkpoint
    this.#standing = { snapshot, parent: { runId, sequence, hash }, packing: packed.packing }
    this.#host.onCommitted(this)
  }

  async #drop(entry: Entry, plan: Extract<Plan, { type: 'stale' | 'early' | 'refused' }>): Promise<void> {
    if (plan.type === 'early') {
      // A timer that fired too soon is set again; nothing else can be early without waits.
      if (entry.event.type === 'timer.due')
        this.#perform(commandsFor(this.compiled, this.snapshot).filter(({ type }) => type === 'setTimer'))
      return
    }
    if (entry.isDelivered === true) await this.#host.store.discard(this.runId, this.lease.fence, [entry.event.id])
    const reason = plan.type === 'refused' ? plan.reason : 'already-decided'
    this.#host.notify({ type: 'event.dropped', runId: this.runId, eventId: entry.event.id, message: plan.message })
    entry.onTaken?.({ type: 'refused', reason, message: plan.message })
  }

  #perform(commands: readonly Command[]): void {
    for (const command of commands) {
      switch (command.type) {
        case 'effect':
          if (!this.#isDraining) this.#startEffect(command)
          break
        case 'cancelEffect':
          this.#cancel(command.step)
          this.#letGo(command.step)
          break
        case 'leaveEffect':
          if (!this.#runs(command.step)) this.#cancel(command.step)
          this.#letGo(command.step)
          break
        case 'setTimer':
          if (!this.#isDraining) this.#timers.set(command.timer, command.at)
          break
        case 'clearTimer':
          this.#timers.unset(command.timer)
          break
        case 'withdrawRequest':
        case 'finish':
          break
      }
    }
  }

  #startEffect({
    step,
    attempt,
    notBefore,
  }: Pick<Extract<Command, { type: 'effect' }>, 'step' | 'attempt' | 'notBefore'>): void {
    const running = this.#effects.get(step)
    if (running?.job.open.attempt === attempt || this.#isEndQueued(step, attempt)) return
    const job = this.#jobOf(step)
    if (job === undefined) return
    const effect = new RunningEffect(job, this.#effectHost)
    this.#effects.set(step, effect)
    if (notBefore !== undefined && notBefore > this.#host.clock.now())
      // An identical call may end well meanwhile.
      effect.waitUntil(notBefore, () => (isPureCall(job) ? this.#beginAnew(effect) : this.#begin(effect)))
    else this.#begin(effect)
  }

  /** A release asks for everything open anew, also for what has ended and waits to be taken. */
  #isEndQueued(step: number, attempt: number): boolean {
    return this.#queue.some(
      ({ event: { type, payload } }) => type === 'effect.ended' && payload.step === step && payload.attempt === attempt,
    )
  }

  /** Waits for an identical call, and for what it needs of shared resources, if it needs any. */
  #begin(effect: RunningEffect): void {
    if (!this.#identical.mayBegin(effect)) return
    const isWaiting = awaitPermit(this.#host, effect, {
      onGranted: () => this.#confirm(effect),
      onFailed: (error) => this.stop(error),
    })
    if (!isWaiting) this.#confirm(effect)
  }

  /** A process that slept may have lost the run meanwhile: then nothing more of it is begun here. */
  #confirm(effect: RunningEffect): void {
    const confirmed = this.#host.confirmLease(this)
    if (confirmed === null) return this.#markAndStart(effect)
    confirmed.then(
      (isOurs) => (isOurs ? this.#beginConfirmed(effect) : this.stop(lostLease(this.runId))),
      (error: unknown) => this.stop(error),
    )
  }

  #beginConfirmed(effect: RunningEffect): void {
    if (this.#isOver) return
    const isHeld = this.snapshot.context.held !== null
    // Release asks for it again; one that was cancelled meanwhile has its end to give.
    if (isHeld && !effect.job.scope.isAborted) this.#takeBack(effect)
    else this.#markAndStart(effect)
  }

  #markAndStart(effect: RunningEffect): void {
    const { compiled, record, open, scope } = effect.job
    const needsMark = isModelCall(open) || effectClassOf(compiled.graph, record, open) === 'unsafe'
    if (!needsMark) return this.#startPermitted(effect)
    const mark = {
      runId: this.runId,
      fence: this.lease.fence,
      step: scope.step,
      attempt: scope.attempt,
      at: this.#host.clock.now(),
    }
    this.#host.store.markStarted(mark).then(
      () => this.#isOver || this.#startPermitted(effect),
      (error: unknown) => this.stop(error),
    )
  }

  #startPermitted(effect: RunningEffect): void {
    if (effect.isPermitted || effect.job.scope.isAborted) effect.start()
    else this.#begin(effect)
  }

  #jobOf(step: number): EffectJob | undefined {
    const found = openStepOf(this.compiled, this.snapshot.context, step)
    if (found === undefined) return undefined
    const { compiled, context, record, open, path: node } = found
    const host = this.#host
    const { runId } = this
    const secrets = secretsOfStep(compiled, record, open.tool)
    const scope: EffectScope = new EffectScope(
      { runId, node, step, attempt: open.attempt, ...itemOf(context, open) },
      {
        clock: host.clock,
        resolveSecret: (name) => host.ports.vault.resolve(name),
        secrets,
        effect: effectClassOf(compiled.graph, record, open),
        memory: () => stepMemory({ compiled, record, open, scope }, host),
      },
    )
    const onToken = (text: string): void => {
      // Whatever comes after the end, or after it was told to stop, is nobody's business.
      if (!this.#isOver && !scope.isAborted) host.onToken({ runId, sequence: this.sequence, step, node, text })
    }
    const onBlocked = (waitMs: number): void => this.#effects.get(step)?.hearOfLimit(waitMs)
    return { compiled, context, record, open, scope, ports: host.ports, onToken, onBlocked }
  }

  #ended(effect: RunningEffect, end: EffectEnd): void {
    if (this.#isOver) return
    this.#forget(effect)
    const { scope } = effect.job
    this.#post(
      Object.freeze({
        // The step of a nested workflow does work twice: before it and after it.
        id: `${effectIdOf(this.runId, scope.step)}/${scope.attempt}${effect.job.open.kind === 'output' ? '/output' : ''}`,
        at: this.#host.clock.now(),
        type: 'effect.ended',
        from: 'effect',
        payload: end,
      }),
    )
  }

  #forget(effect: RunningEffect): void {
    const { step } = effect.job.scope
    if (this.#effects.get(step) === effect) this.#effects.delete(step)
    if (effect.isWaiting) effect.abandon()
  }

  #restIfDone(): void {
    if (this.#effects.size > 0 || this.#queue.length > 0) return
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
    for (const effect of this.#effects.values()) effect.abandon()
    this.#effects.clear()
  }
}

const noIds: readonly string[] = Object.freeze([])
