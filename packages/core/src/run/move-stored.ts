import type { RunId } from '../base/ids.ts'
import { keepThenStore } from '../checkpoint/keep-private.ts'
import { restoreRun } from '../checkpoint/load.ts'
import { packCheckpoint } from '../checkpoint/pack.ts'
import type { Commit, EffectMark, Lease } from '../checkpoint/store.ts'
import { readStoredGraph } from '../checkpoint/stored-graph.ts'
import { groupStoresOf } from '../checkpoint/with-group-stores.ts'
import { compileStored } from '../compile/compile-stored.ts'
import type { CompiledWorkflow } from '../compile/compiled-workflow.ts'
import { storeError } from '../errors/store-error.ts'
import type { EngineEvent } from '../snapshot/event.ts'
import type { Standing } from './drive-host.ts'
import type { Engine } from './engine.ts'
import { lostEffects } from './lost-effects.ts'
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
 * @returns undefined: another process drives the run, or the move takes a function of the author after all
 */
export function moveStored(engine: Engine, runId: RunId, event: EngineEvent): Promise<Acceptance | undefined> {
  return engine.borrow(runId, (lease) => makeMove(engine, lease, event))
}

/** A run that is moved on the graph it began with. */
interface StoredRun {
  readonly engine: Engine
  readonly lease: Lease
  readonly compiled: CompiledWorkflow
  /** How often a plan has asked for a function of the author. */
  readonly asked: { readonly times: number }
}

async function makeMove(engine: Engine, lease: Lease, event: EngineEvent): Promise<Acceptance | undefined> {
  const { store } = engine
  const { runId } = lease
  const loaded = await store.load(runId)
  if (loaded === undefined)
    throw storeError('WAYSTONE_STORE_RUN_UNKNOWN', `no run ${runId} is in store ${store.name}`, { runId })
  const { graphHash, behaviourHash } = loaded.row
  const graph = await readStoredGraph(store, loaded.row)
  const asked = { times: 0 }
  const compiled = compileStored(graph, { graph: graphHash, behaviour: behaviourHash }, () => void asked.times++)
  const run: StoredRun = { engine, lease, compiled, asked }
  const restored = await restoreRun(store, loaded)
  const sealer = await groupStoresOf(store).sealerFor(runId, graph)
  const standing = sealer === undefined ? restored : { ...restored, packing: { ...restored.packing, sealer } }
  const after = await tellLost(run, standing, loaded.marks)
  const moved = await move(run, after, event)
  const { snapshot, parent } = moved?.standing ?? after
  if (parent.sequence > standing.parent.sequence) engine.changes.fire(runId)
  const { ending } = snapshot.context
  if (ending !== null) await engine.dropUnread(lease, ending.status)
  return moved?.acceptance
}

/**
 * What the process before began and nobody will ever report comes before the move, as wherever a run is taken up: what may have happened must not be
 * cancelled as if it had not. An end that leads on by a function of the author is left to who knows it.
 */
async function tellLost(run: StoredRun, standing: Standing, marks: readonly EffectMark[]): Promise<Standing> {
  const { engine, lease, compiled } = run
  const { context } = standing.snapshot
  const taken = { runId: lease.runId, context, now: engine.clock.now(), ports: engine.ports }
  let last = standing
  for (const event of lostEffects(compiled, taken, marks)) last = (await move(run, last, event))?.standing ?? last
  return last
}

/** Plans an event and stores what comes of it. @returns undefined: it takes a function of the author */
async function move(
  { engine, lease, compiled, asked }: StoredRun,
  standing: Standing,
  event: EngineEvent,
): Promise<{ readonly standing: Standing; readonly acceptance: Acceptance } | undefined> {
  const { runId, fence } = lease
  const { parent } = standing
  const askedBefore = asked.times
  const plan = engine.plan(compiled, { runId, sequence: parent.sequence + 1, parent }, standing.snapshot, event)
  if (asked.times > askedBefore) return undefined
  if (plan.type !== 'applied' && plan.type !== 'late') {
    const reason = plan.type === 'refused' ? plan.reason : 'already-decided'
    return { standing, acceptance: { type: 'refused', reason, message: plan.type === 'early' ? '' : plan.message } }
  }
  const packed = packCheckpoint(plan.checkpoint, plan.snapshot, standing.packing)
  const commit: Commit = {
    fence,
    checkpoint: packed.checkpoint,
    blobs: packed.blobs,
    summary: summaryOf(compiled, plan.snapshot.context),
    consumed: [],
    at: event.at,
  }
  const store = (): Promise<void> => engine.store.commit(commit)
  const keep = packed.keepPrivate
  await (keep === undefined ? store() : keepThenStore(engine.store, { runId, keep, store }))
  const { sequence, hash } = packed.checkpoint
  return {
    standing: { snapshot: plan.snapshot, parent: { runId, sequence, hash }, packing: packed.packing },
    acceptance: { type: 'applied', sequence },
  }
}
