import type { RunId } from '../base/ids.ts'
import { requireStores } from '../checkpoint/group-stores.ts'
import { findStoredGraph } from '../checkpoint/stored-graph.ts'
import { groupStoresOf } from '../checkpoint/with-group-stores.ts'
import type { RunRow, Store } from '../checkpoint/store.ts'
import type { Graph } from '../graph/graph.ts'
import { storeError } from '../errors/store-error.ts'
import type { Engine } from './engine.ts'
import type { RunDeletion } from './runtime.ts'

/** Deletes a run, unless it is owned or has not ended. @throws {StoreError} WAYSTONE_STORE_RUN_UNKNOWN */
export async function deleteRun(engine: Engine, runId: RunId, isForced: boolean): Promise<RunDeletion> {
  const { store, clock, parts } = engine
  const row = await store.row(runId)
  const graph = row === undefined ? undefined : await graphOf(store, row, isForced)
  // What its groups keep of it would stay behind.
  if (graph !== undefined && !isForced) requireStores(graph, runId, groupStoresOf(store))
  const kept = graph === undefined ? [] : groupStoresOf(store).lacking(graph)
  await engine.letGo(runId, isForced)
  const lease = (await store.row(runId))?.lease
  const isDead = lease !== null && lease !== undefined && parts.liveness.stateOf(lease.owner) === 'dead'
  const now = clock.now()
  const deletion = await store.deleteRun({ runId, now, isForced, ...(isDead && { dead: lease.owner.id }) })
  switch (deletion.type) {
    case 'deleted':
      engine.changes.fire(runId)
      return { ...deletion, ...(kept.length > 0 && { kept }) }
    case 'missing':
      throw storeError('WAYSTONE_STORE_RUN_UNKNOWN', `no run ${runId} is in store ${store.name}`, { runId })
    case 'owned': {
      const { owner } = deletion.lease
      const message = `run ${runId} is driven by process ${owner.pid} on ${owner.host}; let it end, cancel it, or force the deletion`
      return { type: 'refused', reason: 'owned', message }
    }
    case 'not-ended': {
      const message = `run ${runId} is ${deletion.status}; cancel it first, or force the deletion`
      return { type: 'refused', reason: 'not-ended', message }
    }
  }
}

/** Its graph. By force a run is deleted also when that cannot be read. */
async function graphOf(store: Store, row: RunRow, isForced: boolean): Promise<Graph | undefined> {
  try {
    return await findStoredGraph(store, row)
  } catch (error) {
    if (isForced) return undefined
    throw error
  }
}
