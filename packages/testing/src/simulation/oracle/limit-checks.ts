import type { KnownLimit } from '../limits.ts'
import type { SimulatedProcess } from '../process.ts'
import type { WorldCall } from '../surroundings.ts'
import type { Report } from './run-facts.ts'

interface UnderWay {
  readonly process: SimulatedProcess
  readonly call: WorldCall
  /** Its owner did not come back to the store in time: it counts no more. */
  isLapsed: boolean
}

/** What the checks are given. */
export interface LimitCheckParts {
  readonly known: readonly KnownLimit[]
  readonly leaseMs: number
  readonly now: () => number
  readonly isAnswered: (call: WorldCall) => boolean
  readonly report: Report
}

/** Holds what begins in the fake world against the limits that its processes share. */
export class LimitChecks {
  readonly #parts: LimitCheckParts
  readonly #underWay: UnderWay[] = []
  readonly #begun = new Map<string, number[]>()
  /** When each process last asked for its permits and was heard, ms since the epoch. */
  readonly #seenAt = new Map<SimulatedProcess, number>()

  constructor(parts: LimitCheckParts) {
    this.#parts = parts
  }

  /** The store has heard a process about its permits. @param askedAt - ms since the epoch */
  permitted(process: SimulatedProcess, askedAt: number): void {
    if (!this.#isCurrent(process)) for (const one of this.#underWay) if (one.process === process) one.isLapsed = true
    this.#seenAt.set(process, Math.max(askedAt, this.#seenAt.get(process) ?? 0))
  }

  /** A process begins an effect. */
  effectStarted(process: SimulatedProcess, call: WorldCall): void {
    for (const limit of this.#parts.known) if (limit.covers(call.name)) this.#check(limit, process, call)
    this.#underWay.push({ process, call, isLapsed: false })
  }

  #check(limit: KnownLimit, process: SimulatedProcess, call: WorldCall): void {
    const { report, now } = this.#parts
    const others = this.#underWay.filter((one) => limit.covers(one.call.name) && this.#counts(one))
    if (others.length + 1 > limit.concurrent) {
      const who = others.map((one) => `${one.process.name} ${one.call.effectId}`).join(', ')
      report(
        'shared-limits-hold',
        `${process.name} begins ${call.effectId} with ${limit.name}, of which ${limit.concurrent} may be under way; there are ${who}`,
      )
    }
    const begun = (this.#begun.get(limit.name) ?? []).filter((at) => at > now() - 1_000)
    begun.push(now())
    this.#begun.set(limit.name, begun)
    if (begun.length > limit.perSecond)
      report('shared-limits-hold', `${begun.length} began with ${limit.name} within a second; ${limit.perSecond} may`)
  }

  /** Those of the living that nobody has told to stop. */
  #counts({ process, call, isLapsed }: UnderWay): boolean {
    if (isLapsed || process.state === 'dead' || call.signal.aborted || this.#parts.isAnswered(call)) return false
    return this.#isCurrent(process)
  }

  #isCurrent(process: SimulatedProcess): boolean {
    const seenAt = this.#seenAt.get(process)
    return seenAt !== undefined && this.#parts.now() - seenAt < (this.#parts.leaseMs * 3) / 4
  }
}
