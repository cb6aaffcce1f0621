import type { RunId } from '../base/ids.ts'
import { restoreRun } from '../checkpoint/load.ts'
import { packCheckpoint } from '../checkpoint/pack.ts'
import type { Lease } from '../checkpoint/store.ts'
import { readStoredGraph } from '../checkpoint/stored-graph.ts'
import { groupStoresOf } from '../checkpoint/with-group-stores.ts'
import { compileStored } from '../compile/compile-stored.ts'
import { storeError } from '../errors/store-error.ts'
import type { EngineEvent } from '../snapshot/event.ts'
import type { Engine } from './engine.ts'
import { summaryOf } from './run-summary.ts'
import type { Acceptance } from './runtime.ts'

/** True for a move that runs no function of the author: any process can make it, whatever definition it knows. */
export function needsNoFunctions({ type }: EngineEvent): boolean {
  return type === 'run.hold' || type === 'run.cancel'
}

/**
 * Makes a move on the graph a run began with, where this process does not know its definition and nobody drives it. Nothing is performed: what a cancelled run has
 * to undo is undone by a process that knows how.
 *
 * @returns undefined: another process drives the run
 */
export function moveStored(engine: Engine, runId: RunId, event: EngineEvent): Promise<Acceptance | undefined> {
  return engine.borrow(runId, (lease) => makeMove(engine, lease, event))
}

async function makeMove(engine: Engine, lease: Lease, event: EngineEvent): Promise<Acceptance> {
  const { store } = engine
  const { runId } = lease
  const loaded = await store.load(runId)
  if (loaded === undefined)
    throw storeError('WAYSTONE_STORE_RUN_UNKNOWN', `no run ${runId} is in store ${store.name}`, { runId })
  const { graphHash, behaviourHash } = loaded.row
  const graph = await readStoredGraph(store, loaded.row)
  const compiled = compileStored(graph, { graph: graphHash, behaviour: behaviourHash })
  const { parent, snapshot, packing } = await restoreRun(store, loaded)
  const sealer = await groupStoresOf(store).sealerFor(runId, graph)
  const plan = engine.plan(compiled, { runId, sequence: parent.sequence + 1, parent }, snapshot, event)
  if (plan.type !== 'applied' && plan.type !== 'late') {
    const reason = plan.type === 'refused' ? plan.reason : 'already-decided'
    return { type: 'refused', reason, message: plan.type === 'early' ? '' : plan.message }
  }
  const packed = packCheckpoint(plan.checkpoint, plan.snapshot, sealer === undefined ? packing : { ...packing, sealer })
  await packed.keepPrivate?.()
  await store.commit({
    fence: lease.fence,
    checkpoint: packed.checkpoint,
    blobs: packed.blobs,
    summary: summaryOf(compiled, plan.snapshot.context),
    consumed: [],
    at: event.at,
  })
  engine.changes.fire(runId)
  if (plan.snapshot.context.ending !== null) await engine.dropUnread({ runId, lease, snapshot: plan.snapshot })
  return { type: 'applied', sequence: packed.checkpoint.sequence }
}
