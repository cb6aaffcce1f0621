import type { Clock } from '../base/clock.ts'
import { nodeError } from '../errors/node-error.ts'
import type { EffectEnd } from '../snapshot/event.ts'
import type { EffectJob } from './effect-job.ts'
import { effectClassOf, endedByRuntime, perform, timeoutOf } from './perform.ts'
import type { Permit } from './permit-keeper.ts'
import { isThenable } from './when-done.ts'

/** How long an effect that was told to stop may take to end before it is settled without its own word, ms. */
const abortGraceMs = 1_000

/** What an attempt needs of its drive. */
export interface EffectHost {
  readonly clock: Clock
  readonly onEnd: (effect: RunningEffect, end: EffectEnd) => void
}

/**
 * One attempt from its start to the one end that counts: its own, its timeout's, or what is said for it after a cancel.
 *
 * Whatever comes after that end is dropped.
 */
export class RunningEffect {
  #job: EffectJob
  readonly #clock: Clock
  readonly #onEnd: (effect: RunningEffect, end: EffectEnd) => void
  #stopTimer: (() => void) | null = null
  #permit: Permit | null = null
  /** Gives the permit back once the work has really stopped, which may be after its end. */
  #onQuiet: (() => void) | null = null
  #isWorking = false
  #isStarted = false
  #isWaiting = false
  #isOver = false

  constructor(job: EffectJob, host: EffectHost) {
    this.#job = job
    this.#clock = host.clock
    this.#onEnd = host.onEnd
  }

  get job(): EffectJob {
    return this.#job
  }

  /** What it waited with may have changed meanwhile: it begins with the run as it is stored now. */
  takeUp(stored: Pick<EffectJob, 'context' | 'sequence'>): void {
    this.#job = { ...this.#job, ...stored }
  }

  /** True while it waits for its earliest start, in line for its permit, or for an identical call. */
  get isWaiting(): boolean {
    return this.#isWaiting
  }

  /** Waits for the attempt's earliest start. @param at - ms since the epoch */
  waitUntil(at: number, next: () => void): void {
    this.#isWaiting = true
    this.#stopTimer = this.#clock.at(at, () => {
      this.#isWaiting = false
      if (!this.#isOver) next()
    })
  }

  /** Waits for an identical call to end; it is begun anew then, as another effect. */
  waitForCall(): void {
    this.#isWaiting = true
  }

  /** Waits for what it needs from the history. */
  waitForRead(
    reading: Promise<void>,
    { onRead, onFailed }: { readonly onRead: () => void; readonly onFailed: (error: unknown) => void },
  ): void {
    this.#isWaiting = true
    const goOn = (): void => {
      if (this.#isOver) return undefined
      this.#isWaiting = false
      return onRead()
    }
    reading.then(goOn, (error: unknown) => this.#isOver || onFailed(error))
  }

  /** False when it must stand in line, again if need be: a process that slept may have lost its permit. */
  get isPermitted(): boolean {
    return this.#permit === null || this.#permit.isHeld()
  }

  /** Stands in line. @param ask - asks for the permit, and goes on when it is granted */
  waitForPermit(ask: (go: (next: () => void) => void) => Permit): void {
    this.#permit?.end()
    this.#isWaiting = true
    this.#permit = ask((next) => {
      this.#isWaiting = false
      if (!this.#isOver) next()
    })
  }

  /** The provider says that nobody should come for a while. */
  hearOfLimit(waitMs: number): void {
    this.#permit?.block(this.#clock.now() + waitMs)
  }

  /** Begins the work; a synchronous one ends before this returns. Does nothing once the effect was cancelled. */
  start(): void {
    if (this.#isOver || this.job.scope.isAborted) return this.#end(this.#aborted('it had not started'))
    this.#isStarted = true
    this.job.scope.begin()
    this.#permit?.begin()
    this.#isWorking = true
    const end = perform(this.job)
    this.#isWorking = isThenable(end)
    if (!isThenable(end)) return this.#end(end)
    const limitMs = timeoutOf(this.job.compiled.graph, this.job.record, this.job.open)
    if (limitMs !== null && !this.#isOver) {
      this.#stopTimer = this.#clock.at(this.job.scope.startedAt + limitMs, () => this.#timeOut(limitMs))
    }
    void end.then((own) => this.#workEnded(own))
  }

  /** Tells it to stop. Its own end is waited for a moment, since it knows what was used. */
  cancel(): void {
    if (this.#isOver || this.job.scope.isAborted) return
    this.job.scope.abort(abortReason('the run was cancelled'))
    this.#stopTimer?.()
    if (this.#isWaiting) return this.#end(this.#aborted('it had not started'))
    if (!this.#isStarted) return
    this.#stopTimer = this.#clock.at(this.#clock.now() + abortGraceMs, () =>
      this.#end(this.#aborted('it did not end in time')),
    )
  }

  /** Tells it to stop and forgets it: its step stays open for a later resume. */
  abandon(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#stopTimer?.()
    this.job.scope.abort(abortReason('the runtime was closed'))
    this.#givePermitBack(undefined)
  }

  #workEnded(own: EffectEnd): void {
    this.#isWorking = false
    this.#onQuiet?.()
    this.#end(own)
  }

  #timeOut(limitMs: number): void {
    if (this.#isOver) return
    const { compiled, record, open } = this.job
    const isUnsafe = effectClassOf(compiled.graph, record, open) === 'unsafe'
    const error = nodeError(
      'WAYSTONE_NODE_TIMEOUT',
      `attempt ${open.attempt} of ${record.id} took longer than ${limitMs} ms`,
      { retryable: true },
    )
    this.job.scope.abort(error)
    this.#end(endedByRuntime(this.job, isUnsafe ? 'unknown' : 'timeout', error.toJSON()))
  }

  #aborted(why: string): EffectEnd {
    const error = nodeError('WAYSTONE_NODE_ABORTED', `${this.job.record.id} was told to stop: ${why}`)
    return endedByRuntime(this.job, this.#isStarted ? 'unknown' : 'failed', error.toJSON())
  }

  #end(end: EffectEnd): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#stopTimer?.()
    this.#givePermitBack(end.usage)
    this.#onEnd(this, end)
  }

  /** Work that was told to stop may hold its connection a moment longer, and counts until it has let go of it. */
  #givePermitBack(usage: EffectEnd['usage']): void {
    const permit = this.#permit
    if (permit === null) return
    const tokens = usage === undefined ? undefined : (usage.inputTokens ?? 0) + (usage.outputTokens ?? 0)
    if (!this.#isWorking) return permit.end(tokens)
    const giveBack = (): void => permit.end(tokens)
    const stop = this.#clock.at(this.#clock.now() + abortGraceMs, giveBack, { isBackground: true })
    this.#onQuiet = () => {
      stop()
      giveBack()
    }
  }
}

function abortReason(message: string): Error {
  const reason = nodeError('WAYSTONE_NODE_ABORTED', message)
  // What fetch and friends throw for an abort, so that adapters recognise it.
  Object.defineProperty(reason, 'name', { value: 'AbortError' })
  return reason
}
