import type { GroupStore, RunId, SealedValue } from '@waystone/core/store'
import { Crossing } from './crossing.ts'
import type { SimulatedProcess } from './process.ts'
import type { Surroundings } from './surroundings.ts'

/** A group's own store as one process sees it, across a border at which anything may happen. */
export class GroupStorePort implements GroupStore {
  readonly name = 'simulated vault'
  readonly #inner: GroupStore
  readonly #crossing: Crossing

  constructor(world: Surroundings, process: SimulatedProcess, inner: GroupStore) {
    this.#inner = inner
    this.#crossing = new Crossing(world, process)
  }

  key(): Promise<string> {
    return this.#crossing.cross('key', () => this.#inner.key())
  }

  put(runId: RunId, values: readonly SealedValue[]): Promise<void> {
    return this.#crossing.cross('put', () => this.#inner.put(runId, values))
  }

  get(runId: RunId, references: readonly string[]): Promise<ReadonlyMap<string, string>> {
    return this.#crossing.cross('get', () => this.#inner.get(runId, references))
  }

  forget(runId: RunId): Promise<number> {
    return this.#crossing.cross('forget', () => this.#inner.forget(runId))
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}
