import type { RunId } from '../base/ids.ts'
import { requireStores } from '../checkpoint/group-stores.ts'
import { findStoredGraph } from '../checkpoint/stored-graph.ts'
import { groupStoresOf } from '../checkpoint/with-group-stores.ts'
import { storeError } from '../errors/store-error.ts'
import type { Engine } from './engine.ts'
import type { RunDeletion } from './runtime.ts'

/** Deletes a run, unless it is owned or has not ended. @throws {StoreError} WAYSTONE_STORE_RUN_UNKNOWN */
export async function deleteRun(engine: Engine, runId: RunId, isForced: boolean): Promise<RunDeletion> {
  const { store, clock, parts } = engine
  const row = await store.row(runId)
  const graph = row === undefined || isForced ? undefined : await findStoredGraph(store, row)
  // What its groups keep of it would stay behind.
  if (graph !== undefined) requireStores(graph, runId, groupStoresOf(store))
  await engine.letGo(runId, isForced)
  const lease = (await store.row(runId))?.lease
  const isDead = lease !== null && lease !== undefined && parts.liveness.stateOf(lease.owner) === 'dead'
  const now = clock.now()
  const deletion = await store.deleteRun({ runId, now, isForced, ...(isDead && { dead: lease.owner.id }) })
  switch (deletion.type) {
    case 'deleted':
      engine.changes.fire(runId)
      return deletion
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
