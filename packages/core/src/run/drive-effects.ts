import { own } from '../base/own.ts'
import { PastSnapshots } from '../checkpoint/past-snapshots.ts'
import type { Command } from '../snapshot/command.ts'
import type { EffectEnd, EngineEvent } from '../snapshot/event.ts'
import type { StepKind } from '../snapshot/snapshot.ts'
import { closingIn } from '../snapshot/tree.ts'
import { awaitPermit } from './await-permit.ts'
import type { DrivenRun, DriveHost, Standing } from './drive-host.ts'
import { EffectScope } from './effect-context.ts'
import { itemOf, type EffectJob } from './effect-job.ts'
import { stepMemory } from './effect-memory.ts'
import { lostUsage } from './execute-model.ts'
import { IdenticalCalls, isPureCall } from './identical-calls.ts'
import { lostLease } from './leases.ts'
import { endEventId, type EndOf } from './end-event-id.ts'
import { lostEnd, unbegunEnd } from './lost-effects.ts'
import { undoneEffectId, workflowAt } from './execute-compensation.ts'
import { PastReader, readPastStep, type Past } from './past-step.ts'
import type { UndoEntry } from '../snapshot/undo.ts'
import { closingStepOf, openStepOf } from './open-step.ts'
import { effectClassOf, needsMark } from './perform.ts'
import { RunningEffect, type EffectHost } from './running-effect.ts'
import { groupAt } from '../graph/group-at.ts'
import { toolOfStep } from './step-tool.ts'

/** The drive whose effects these are. */
export interface EffectsOwner extends DrivenRun {
  /** The run as the transition leaves it whose commands are performed now, or were performed last: stored, but of several stored at once not the last. */
  readonly performed: Pick<Standing, 'snapshot' | 'parent'>
  readonly isOver: boolean
  /** Takes the event when it is its turn. */
  bring(event: EngineEvent): void
  stop(error: unknown): void
  /** True for an end that has come and waits to be taken. */
  isEndQueued(end: EndOf): boolean
}

/** The effects that a drive has begun: each waits for its time, its permit and its mark, runs, and posts its end. */
export class DriveEffects {
  readonly #drive: EffectsOwner
  readonly #host: DriveHost
  readonly #running = new Map<number, RunningEffect>()
  readonly #effectHost: EffectHost
  readonly #identical = new IdenticalCalls()
  /** Attempts that another process may have begun, by step. */
  readonly #begunBefore: ReadonlyMap<number, number>
  /** Once something is undone. */
  #past: Past | null = null

  constructor(drive: EffectsOwner, host: DriveHost, begunBefore: ReadonlyMap<number, number>) {
    this.#drive = drive
    this.#host = host
    this.#begunBefore = begunBefore
    this.#effectHost = { clock: host.clock, onEnd: (effect, end) => this.#ended(effect, end) }
  }

  /** True while one is under way or waits. */
  get isBusy(): boolean {
    return this.#running.size > 0
  }

  /** Ends all of them here; they stay open for a later resume. */
  abandon(): void {
    for (const effect of this.#running.values()) effect.abandon()
    this.#running.clear()
  }

  /** Settles what was cancelled and does not run here. */
  settleClosing(): void {
    for (const index in closingIn(this.#drive.performed.snapshot.context))
      if (!this.#running.has(Number(index))) this.cancel(Number(index))
  }

  /**
   * Of what does not run here nothing will be heard. What a process before may have begun is charged at its reservation, since nobody knows whether it happened;
   * anything else certainly has not begun.
   */
  cancel(step: number): void {
    const effect = this.#running.get(step)
    if (effect !== undefined) return effect.cancel()
    const found = closingStepOf(this.#drive.compiled, this.#drive.performed.snapshot.context, step)
    // A nested workflow is over when what it has cancelled has settled.
    if (found === undefined || found.open.kind === 'workflow') return
    const { open, record } = found
    const { kind, attempt, since: startedAt } = open
    const ended = { runId: this.#drive.runId, step, kind, attempt, startedAt, at: this.#host.clock.now() }
    // Its own end has come, and is taken before anything that is said for it.
    if (this.#drive.isEndQueued(ended)) return
    const mayHaveBegun = open.isWithheld !== true && this.#begunBefore.get(step) === attempt
    this.#drive.bring(
      mayHaveBegun
        ? lostEnd({ ...ended, outcome: 'unknown', usage: lostUsage(this.#host.ports, record, open) })
        : unbegunEnd({ ...ended, node: record.id }),
    )
  }

  /** True for an effect that has been started here and will say how it ended. */
  runs(step: number): boolean {
    return this.#running.get(step)?.isWaiting === false
  }

  /** Attempts that wait for their backoff do not begin in a held run; release asks for them again. */
  withhold(): void {
    for (const effect of this.#running.values()) if (effect.isWaiting) this.#takeBack(effect)
  }

  #takeBack(effect: RunningEffect): void {
    this.#identical.withdraw(effect)
    this.#forget(effect)
  }

  /** Begins what waited for a step's end. */
  letGo(step: number, attempt?: number): void {
    for (const effect of this.#identical.ended(step, attempt)) {
      if (!this.#drive.isOver && effect.isWaiting) this.#beginAnew(effect)
    }
  }

  /** Begins an attempt that has waited, with what is stored now. */
  #beginAnew(effect: RunningEffect): void {
    const { scope, open } = effect.job
    this.#forget(effect)
    this.start({ step: scope.step, attempt: open.attempt, kind: open.kind })
  }

  /** Begins an attempt, or waits for its time. */
  start({
    step,
    attempt,
    kind,
    notBefore,
  }: Pick<Extract<Command, { type: 'effect' }>, 'step' | 'attempt' | 'notBefore'> & {
    readonly kind: StepKind
  }): void {
    const running = this.#running.get(step)
    if (running?.job.open.attempt === attempt) return
    if (this.#drive.isEndQueued({ step, attempt, kind })) return
    const job = this.#jobOf(step)
    if (job === undefined) return
    const effect = new RunningEffect(job, this.#effectHost)
    this.#running.set(step, effect)
    if (notBefore !== undefined && notBefore > this.#host.clock.now())
      // An identical call may end well meanwhile.
      effect.waitUntil(notBefore, () => (isPureCall(job) ? this.#beginAnew(effect) : this.#begin(effect)))
    else this.#begin(effect)
  }

  /** Waits for an identical call, and for what it needs of shared resources, if it needs any. */
  #begin(effect: RunningEffect): void {
    const { past } = effect.job
    if (past?.step === null)
      return effect.waitForRead(past.read(), {
        onRead: () => this.#begin(effect),
        onFailed: (error) => this.#drive.stop(error),
      })
    if (!this.#identical.mayBegin(effect)) return
    const isWaiting = awaitPermit(this.#host, effect, {
      itemsAround: () =>
        openStepOf(this.#drive.compiled, this.#drive.performed.snapshot.context, effect.job.scope.step)?.items ?? [],
      onGranted: () => this.#confirm(effect),
      onFailed: (error) => this.#drive.stop(error),
    })
    if (!isWaiting) this.#confirm(effect)
  }

  /** A process that slept may have lost the run meanwhile: then nothing more of it is begun here. */
  #confirm(effect: RunningEffect): void {
    const confirmed = this.#host.confirmLease(this.#drive)
    if (confirmed === null) return this.#markAndStart(effect)
    confirmed.then(
      (isOurs) => (isOurs ? this.#beginConfirmed(effect) : this.#drive.stop(lostLease(this.#drive.runId))),
      (error: unknown) => this.#drive.stop(error),
    )
  }

  #beginConfirmed(effect: RunningEffect): void {
    if (this.#drive.isOver) return
    const isHeld = this.#drive.performed.snapshot.context.held !== null
    // Release asks for it again; one that was cancelled meanwhile has its end to give.
    if (isHeld && !effect.job.scope.isAborted) this.#takeBack(effect)
    else this.#markAndStart(effect)
  }

  #markAndStart(effect: RunningEffect): void {
    const { compiled, record, open, scope } = effect.job
    if (!needsMark(compiled.graph, record, open)) return this.#startPermitted(effect)
    const mark = {
      runId: this.#drive.runId,
      fence: this.#drive.lease.fence,
      step: scope.step,
      attempt: scope.attempt,
      at: this.#host.clock.now(),
    }
    this.#host.store.markStarted(mark).then(
      () => this.#drive.isOver || this.#startPermitted(effect),
      (error: unknown) => this.#drive.stop(error),
    )
  }

  #startPermitted(effect: RunningEffect): void {
    if (!effect.isPermitted && !effect.job.scope.isAborted) return this.#begin(effect)
    this.#bringUpToDate(effect)
    effect.start()
  }

  /** While an attempt waited for its backoff, its place in line or its mark, an operator may have patched what it reads (decision 0009, 7). */
  #bringUpToDate(effect: RunningEffect): void {
    const { scope, open, sequence } = effect.job
    const { snapshot, parent } = this.#drive.performed
    if (parent.sequence === sequence) return
    const found = openStepOf(this.#drive.compiled, snapshot.context, scope.step)
    if (found?.open.attempt === open.attempt) effect.takeUp({ context: found.context, sequence: parent.sequence })
  }

  #jobOf(step: number): EffectJob | undefined {
    const found = openStepOf(this.#drive.compiled, this.#drive.performed.snapshot.context, step)
    if (found === undefined) return undefined
    const { context, record, open, path: node } = found
    const host = this.#host
    const { runId } = this.#drive
    const { undoes } = open
    const compiled = undoes === undefined ? found.compiled : workflowAt(found.compiled, undoes.node)
    const tool = toolOfStep(compiled.graph, record, open)
    const scope: EffectScope = new EffectScope(
      {
        runId,
        node,
        step,
        attempt: open.attempt,
        ...itemOf(context, open),
        ...(undoes !== undefined && { undoes: undoneEffectId(runId, undoes) }),
      },
      {
        clock: host.clock,
        resolveSecret: (name) => host.ports.vault.resolve(name, groupAt(this.#drive.compiled.graph, node, 'secrets')),
        secrets: tool === undefined ? [] : (own(compiled.graph.tools, tool)?.secrets ?? []),
        effect: effectClassOf(compiled.graph, record, open),
        memory: () => stepMemory({ compiled, record, open, scope }, host),
      },
    )
    const onToken = (text: string): void => {
      // Whatever comes after the end, or after it was told to stop, is nobody's business.
      if (!this.#drive.isOver && !scope.isAborted)
        host.onToken({ runId, sequence: this.#drive.sequence, step, node, text })
    }
    const onBlocked = (waitMs: number): void => this.#running.get(step)?.hearOfLimit(waitMs)
    const received = own(this.#drive.performed.snapshot.context.received ?? {}, open.event ?? '')
    const came = received === undefined ? {} : { received }
    const past = (entry: UndoEntry): PastReader => new PastReader(() => readPastStep(this.#pastOfRun(), entry))
    return {
      compiled,
      context,
      sequence: this.#drive.performed.parent.sequence,
      record,
      open,
      scope,
      ...came,
      ports: host.ports,
      onToken,
      onBlocked,
      ...(undoes !== undefined && { past: past(undoes) }),
      mayHaveBegun: this.#begunBefore.get(step) === open.attempt,
    }
  }

  #pastOfRun(): Past {
    const { runId, compiled } = this.#drive
    const { store } = this.#host
    this.#past ??= {
      store,
      runId,
      compiled,
      snapshots: new PastSnapshots(store, { runId, graphHash: compiled.hashes.graph }),
    }
    return this.#past
  }

  #ended(effect: RunningEffect, end: EffectEnd): void {
    if (this.#drive.isOver) return
    this.#forget(effect)
    const { scope } = effect.job
    this.#drive.bring(
      Object.freeze({
        id: endEventId(this.#drive.runId, { step: scope.step, attempt: scope.attempt, kind: effect.job.open.kind }),
        at: this.#host.clock.now(),
        type: 'effect.ended',
        from: 'effect',
        payload: end,
      }),
    )
  }

  #forget(effect: RunningEffect): void {
    const { step } = effect.job.scope
    if (this.#running.get(step) === effect) this.#running.delete(step)
    if (effect.isWaiting) effect.abandon()
  }
}
