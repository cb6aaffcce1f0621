import { StoreError, type ErrorCode } from '@waystone/core'
import type { SimulatedProcess } from './process.ts'
import type { Surroundings } from './surroundings.ts'

const failures: readonly ErrorCode[] = [
  'WAYSTONE_STORE_FULL',
  'WAYSTONE_STORE_LOCKED',
  'WAYSTONE_STORE_READ_ONLY',
  'WAYSTONE_STORE_FAILED',
]
const never = new Promise<never>(() => {})

/**
 * The border between a process and what keeps its data: every operation takes virtual time, may fail, may be done while its answer is lost, and the
 * process may die or freeze before it and after it.
 */
export class Crossing {
  readonly #world: Surroundings
  readonly #process: SimulatedProcess

  constructor(world: Surroundings, process: SimulatedProcess) {
    this.#world = world
    this.#process = process
  }

  /** Does something on the other side, perhaps. @param operation - one word, by which it is counted */
  cross<Answer>(operation: string, act: () => Promise<Answer>): Promise<Answer> {
    if (this.#process.state === 'dead') return never
    this.#world.note(`${this.#process.name} asks ${operation}`)
    return new Promise((resolve, reject) =>
      this.#plan(() => this.#perform(operation, act, { resolve, reject }), `crash before ${operation}`),
    )
  }

  /** Does something as this process a little later, if it still lives then. */
  #plan(next: () => void, row: string): void {
    const { timeline, chaos } = this.#world
    // A look into the inbox that is overtaken by what it looks at is worth looking for.
    timeline.in(chaos.delay(row.endsWith(' inbox') ? 5 : 1), this.#process, () => {
      if (chaos.crashHere(this.#process, row)) return
      if (chaos.freezeHere(this.#process)) timeline.in(0, this.#process, next)
      else next()
    })
  }

  #perform<Answer>(
    operation: string,
    act: () => Promise<Answer>,
    settle: { readonly resolve: (answer: Answer) => void; readonly reject: (error: unknown) => void },
  ): void {
    const { chaos, coverage } = this.#world
    const fault = chaos.faultOf(operation)
    const answer = (next: () => void): void => this.#plan(next, `crash after ${operation}`)
    if (fault === 'failed') {
      coverage.count(`failed ${operation}`)
      return answer(() => settle.reject(this.#failure(operation)))
    }
    act().then(
      (value) => {
        if (fault === 'none') return answer(() => settle.resolve(value))
        coverage.count(`torn ${operation}`)
        return answer(() => settle.reject(this.#failure(operation)))
      },
      (error: unknown) => {
        if (StoreError.isInstance(error) && error.code === 'WAYSTONE_STORE_CONFLICT')
          coverage.count(`stale owner refused: ${operation}`)
        answer(() => settle.reject(error))
      },
    )
  }

  #failure(operation: string): StoreError {
    return new StoreError(this.#world.random.pick(failures), `the simulated store could not ${operation}`)
  }
}
