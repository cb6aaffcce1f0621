import { cacheKeyOf } from '../compile/pure-cache.ts'
import { argumentsOfCall } from '../snapshot/agent-calls.ts'
import type { EffectJob } from './effect-job.ts'
import { inputKeyOf } from './execute-tool.ts'
import { effectClassOf } from './perform.ts'
import type { RunningEffect } from './running-effect.ts'

/**
 * Identical calls of pure tools that are asked for at once, by branches of a fork or from a queue: the first is made, the others
 * wait until its end is stored, and find its result in the run's cache (T6).
 */
export class IdenticalCalls {
  /** By step. */
  readonly #begun = new Map<number, EffectJob>()
  /** Those that wait, with the step they wait for. */
  readonly #waiting = new Map<RunningEffect, number>()

  /** Whether an attempt may begin; else it waits, and {@link ended} names it. */
  mayBegin(effect: RunningEffect): boolean {
    const { job } = effect
    if (!isPureCall(job)) return true
    // Where nothing else runs nothing is compared: most runs do one thing at a time.
    const other = this.#begun.size === 0 ? undefined : this.#identicalTo(job)
    if (other === undefined) {
      this.#begun.set(job.scope.step, job)
      return true
    }
    this.#waiting.set(effect, other)
    effect.waitForCall()
    return false
  }

  /**
   * The end of an attempt is stored, or nobody waits for its step any more.
   *
   * @param attempt - absent: whichever it is at. A next one may have begun by the time that the end of the one before is seen to be stored
   * @returns attempts that waited for it, to be begun anew
   */
  ended(step: number, attempt?: number): readonly RunningEffect[] {
    const begun = this.#begun.get(step)
    if (begun === undefined || (attempt !== undefined && begun.open.attempt !== attempt)) return none
    this.#begun.delete(step)
    const free = [...this.#waiting].flatMap(([effect, other]) => (other === step ? [effect] : []))
    for (const effect of free) this.#waiting.delete(effect)
    return free
  }

  /** An attempt is taken back before it has begun. */
  withdraw(effect: RunningEffect): void {
    this.#waiting.delete(effect)
    this.#begun.delete(effect.job.scope.step)
  }

  #identicalTo(job: EffectJob): number | undefined {
    const key = callKeyOf(job)
    if (key === undefined) return undefined
    for (const [step, other] of this.#begun)
      if (step !== job.scope.step && toolOf(other) === toolOf(job) && callKeyOf(other) === key) return step
    return undefined
  }
}

/** True for a call whose result others of its run may be answered with, and that may be answered with theirs. */
export function isPureCall({ compiled, record, open }: EffectJob): boolean {
  return (open.kind === 'call' || open.kind === 'tool') && effectClassOf(compiled.graph, record, open) === 'pure'
}

const none: readonly RunningEffect[] = Object.freeze([])

function toolOf({ record, open }: EffectJob): string | undefined {
  return record.kind === 'tool' ? record.tool : open.tool
}

function callKeyOf(job: EffectJob): string | undefined {
  const { compiled, context, record, open } = job
  if (record.kind === 'tool') return inputKeyOf(job, record)
  if (open.tool === undefined || open.callId === undefined) return undefined
  const given = argumentsOfCall(context.private[record.id], open.callId)?.arguments
  return cacheKeyOf(compiled.graph, record, { tool: open.tool, given })
}
