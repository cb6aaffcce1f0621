import { createMemoryStore } from '../../src/checkpoint/memory-store.ts'
import type { Store } from '../../src/checkpoint/store.ts'
import type { CompiledWorkflow } from '../../src/compile/compiled-workflow.ts'
import { createCountingIds } from '../support/seeded-ids.ts'
import type { Runtime } from '../../src/run/runtime.ts'
import { readHistory, type History } from '../../src/replay/history.ts'
import { beginning, type HandRun } from './hand-run.ts'

/** A store with runs that were driven by hand. */
export async function storeOf(...runs: readonly HandRun[]): Promise<Store> {
  const store = createMemoryStore()
  for (const run of runs) await run.store(store)
  return store
}

/** The history of a run that was driven by hand. */
export async function historyOf(run: HandRun): Promise<History> {
  return readHistory(await storeOf(run), run.runId)
}

/** What forking needs of a runtime, around one workflow. */
export function forkingRuntime(store: Store, compiled: CompiledWorkflow): Runtime {
  const at = beginning + 3_600_000
  const parts = {
    store,
    clock: { now: () => at, at: () => () => undefined },
    ids: createCountingIds('fork'),
    owner: { id: 'tester', host: 'here', pid: 1, processStartedAt: 'now' },
    compiled: (_workflow: string, graphHash: string) => (graphHash === compiled.hashes.graph ? compiled : undefined),
  }
  // Forking starts and drives nothing, so the rest of a runtime is not there.
  return parts as unknown as Runtime
}

/** A store that answers as another one, except for some methods. */
export function answering(store: Store, methods: Partial<Store>): Store {
  const view: Partial<Store> = {
    name: store.name,
    row: (runId) => store.row(runId),
    graph: (graphHash, behaviourHash) => store.graph(graphHash, behaviourHash),
    blob: (hash) => store.blob(hash),
    refused: (runId) => store.refused(runId),
    checkpoints: (runId, from, to) => store.checkpoints(runId, from, to),
    ...methods,
  }
  // What only writers need is not there.
  return view as Store
}

/** A store that answers as another one, except for the text of one checkpoint. */
export function tampered(store: Store, sequence: number, change: (text: string) => string): Store {
  return answering(store, {
    checkpoints: async (...range) => {
      const list = await store.checkpoints(...range)
      return list.map((entry) => (entry.sequence === sequence ? { ...entry, text: change(entry.text) } : entry))
    },
  })
}
