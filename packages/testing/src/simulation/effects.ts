import { NodeError } from '@waystone/core'
import { seededRandom, type SeededRandom } from '../random/seeded-random.ts'
import type { SimulatedProcess } from './process.ts'
import type { Outside, Surroundings, WorldAnswer, WorldCall } from './surroundings.ts'
import { isModelCall } from './model.ts'

type Behaviour = 'ok' | 'fail-before' | 'fail-after' | 'hang' | 'string'

interface Happening {
  isOver: boolean
}

const never = new Promise<never>(() => {})

/** Services, providers and files outside of every process: they go on when a process dies, and remember what happened. */
export class OutsideWorld implements Outside {
  readonly #world: Surroundings
  /** Times each effect really happened. */
  readonly #happened = new Map<string, number>()

  constructor(world: Surroundings) {
    this.#world = world
  }

  /** How often an effect really happened, whoever asked for it. */
  timesHappened(effectId: string): number {
    return this.#happened.get(effectId) ?? 0
  }

  /** An effect that is over before the call returns. */
  now(process: SimulatedProcess, call: WorldCall): WorldAnswer {
    const random = seededRandom(`${this.#world.seed}/${call.effectId}/${call.attempt}`)
    this.#world.oracle.effectStarted(process, call)
    this.#world.oracle.effectAnswered(call)
    this.#happen(call)
    return this.#answer(call, random)
  }

  /** An effect whose answer comes later, or never. */
  async begin(process: SimulatedProcess, call: WorldCall): Promise<WorldAnswer> {
    const { timeline, coverage, chaos } = this.#world
    if (process.state === 'dead') return never
    const random = seededRandom(`${this.#world.seed}/${call.effectId}/${call.attempt}`)
    this.#world.oracle.effectStarted(process, call)
    const behaviour = this.#behaviourOf(call, random)
    const latency = random.chance(0.85) ? random.integer(1, 200) : random.integer(200, 4_000)
    const happening: Happening = { isOver: false }
    timeline.in(0, null, () => void chaos.crashHere(process, 'crash when effect started'))
    return await new Promise((resolve, reject) => {
      this.#obeyAbort(call, { random, process, happening, reject })
      if (behaviour === 'hang') return
      timeline.in(latency / 2, null, () => {
        if (behaviour === 'ok' || behaviour === 'fail-after') this.#happenUnlessStopped(call, happening)
        void chaos.crashHere(process, 'crash when effect happened')
      })
      timeline.in(latency, process, () => {
        if (happening.isOver || chaos.crashHere(process, 'crash when effect answered')) return
        happening.isOver = true
        this.#world.oracle.effectAnswered(call)
        if (behaviour === 'ok') return resolve(this.#answer(call, random))
        coverage.count(isModelCall(call.name) ? 'model failed' : 'tool failed')
        reject(behaviour === 'string' ? 'a text that was thrown' : failure(call, random))
      })
    })
  }

  #happenUnlessStopped(call: WorldCall, happening: Happening): void {
    if (!happening.isOver) this.#happen(call)
  }

  #happen(call: WorldCall): void {
    const times = this.timesHappened(call.effectId)
    if (call.effect === 'keyed' && times > 0) {
      this.#world.coverage.count('keyed effect made twice')
      return
    }
    this.#happened.set(call.effectId, times + 1)
  }

  #answer(call: WorldCall, random: SeededRandom): WorldAnswer {
    return { receipt: `${call.effectId} x${this.timesHappened(call.effectId)}`, amount: random.integer(1, 100), random }
  }

  #behaviourOf(call: WorldCall, random: SeededRandom): Behaviour {
    const drawn = random.next()
    if (drawn < 0.8) return 'ok'
    if (drawn < 0.9) return 'fail-before'
    // A thrown error says of an unsafe effect that it has failed for certain, so only those that may be repeated fail after the fact.
    if (drawn < 0.94) return call.effect === 'unsafe' ? 'hang' : 'fail-after'
    return drawn < 0.98 ? 'hang' : 'string'
  }

  #obeyAbort(
    call: WorldCall,
    parts: {
      readonly random: SeededRandom
      readonly process: SimulatedProcess
      readonly happening: Happening
      readonly reject: (reason: unknown) => void
    },
  ): void {
    const { random, process, happening, reject } = parts
    const isObedient = random.chance(0.7)
    call.signal.addEventListener('abort', () => {
      this.#world.coverage.count('effect aborted')
      if (!isObedient || happening.isOver) return
      happening.isOver = true
      this.#world.timeline.in(random.integer(0, 5), process, () => reject(call.signal.reason))
    })
  }
}

function failure(call: WorldCall, random: SeededRandom): NodeError {
  const retryable = call.effect === 'unsafe' ? random.chance(0.3) : random.chance(0.8)
  const wait = random.chance(0.3) ? { retryAfterMs: random.integer(1, 2_000) } : {}
  const details = random.chance(0.5) ? { status: 429 } : {}
  return new NodeError('WAYSTONE_NODE_THREW', `${call.name} does not answer`, { retryable, ...wait, details })
}
