import type { Graph } from '../graph/graph.ts'
import { parseGraph } from '../graph/parse.ts'
import { storeError } from '../errors/store-error.ts'
import type { RunRow, Store } from './store.ts'

/**
 * The graph that a run was begun with.
 *
 * @returns frozen; undefined when the store has none
 * @throws {StoreError} WAYSTONE_STORE_CORRUPT, WAYSTONE_STORE_NEWER_FORMAT
 */
export async function findStoredGraph(store: Store, row: RunRow): Promise<Graph | undefined> {
  const text = await store.graph(row.graphHash, row.behaviourHash)
  return text === undefined ? undefined : parseGraph(text)
}

/** Like {@link findStoredGraph}. @throws {StoreError} WAYSTONE_STORE_CORRUPT also when the store has none */
export async function readStoredGraph(store: Store, row: RunRow): Promise<Graph> {
  const graph = await findStoredGraph(store, row)
  if (graph !== undefined) return graph
  const { runId, graphHash } = row
  throw storeError('WAYSTONE_STORE_CORRUPT', `the graph ${graphHash} of run ${runId} is missing in ${store.name}`, {
    runId,
  })
}
