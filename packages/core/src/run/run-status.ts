import type { RunId } from '../base/ids.ts'
import { requireStores } from '../checkpoint/group-stores.ts'
import { restoreRun } from '../checkpoint/load.ts'
import { hasEnded } from '../checkpoint/store-rules.ts'
import type { RunRow, Store } from '../checkpoint/store.ts'
import { findStoredGraph, readStoredGraph } from '../checkpoint/stored-graph.ts'
import { groupStoresOf } from '../checkpoint/with-group-stores.ts'
import { compileStored } from '../compile/compile-stored.ts'
import type { CompiledWorkflow } from '../compile/compiled-workflow.ts'
import { ReplayError } from '../errors/replay-error.ts'
import { storeError } from '../errors/store-error.ts'
import type { RunContext } from '../snapshot/snapshot.ts'
import type { Engine, Rest } from './engine.ts'
import { resultOf } from './run-result.ts'
import type { RunResult } from './runtime.ts'

/** A run as it stands: in memory where it is driven here, else as it is stored. */
export interface StandingRun {
  readonly compiled: CompiledWorkflow
  readonly context: RunContext
  readonly sequence: number
  /** Why this process could not drive it: it knows another definition, or none. Then `compiled` is of the stored graph alone. Absent: it could. */
  readonly lacks?: ReplayError
}

/** Where a run stands, from memory where it is driven here. @throws {StoreError} WAYSTONE_STORE_RUN_UNKNOWN @throws {ReplayError} when its definition is not known @throws {StoreError} WAYSTONE_STORE_PRIVATE when a store of one of its groups is not bound here */
export async function standingOf(engine: Engine, runId: RunId): Promise<StandingRun> {
  const standing = await standingAnyhow(engine, runId)
  if (standing.lacks !== undefined) throw standing.lacks
  return standing
}

/** As {@link standingOf}, also where the definition of the run is not known here: the stored graph stands for it. */
export async function standingAnyhow(engine: Engine, runId: RunId): Promise<StandingRun> {
  const drive = engine.driveOf(runId)
  if (drive !== undefined)
    return { compiled: drive.compiled, context: drive.snapshot.context, sequence: drive.sequence }
  const { store, parts } = engine
  const loaded = await store.load(runId)
  if (loaded === undefined) throw unknownRun(engine, runId)
  const known = await parts.book
    .forRun(loaded.row, () => findStoredGraph(store, loaded.row))
    .then((compiled) => ({ compiled }), otherDefinition)
  const found = 'lacks' in known ? { ...known, compiled: await storedWorkflow(store, loaded.row) } : known
  requireStores(found.compiled.graph, runId, groupStoresOf(store))
  const { snapshot, parent } = await restoreRun(store, loaded)
  return { ...found, context: snapshot.context, sequence: parent.sequence }
}

/** What says that a run is of a definition that is not known here. @throws anything else, as it is */
export function otherDefinition(error: unknown): { readonly lacks: ReplayError } {
  if (ReplayError.isInstance(error)) return { lacks: error }
  throw error
}

async function storedWorkflow(store: Store, row: RunRow): Promise<CompiledWorkflow> {
  return compileStored(await readStoredGraph(store, row), { graph: row.graphHash, behaviour: row.behaviourHash })
}

/** Where a run stands, also when its definition is not known: then it is `parked` unless it has ended or somebody drives it. */
export async function statusOfRun(engine: Engine, runId: RunId): Promise<RunResult> {
  const drive = engine.driveOf(runId)
  if (drive !== undefined) return resultOfRest(runId, drive)
  const { store } = engine
  const loaded = await store.load(runId)
  if (loaded === undefined) throw unknownRun(engine, runId)
  const { row } = loaded
  const { snapshot, parent } = await restoreRun(store, loaded)
  const graph = await findStoredGraph(store, row)
  return resultOf({
    runId,
    sequence: parent.sequence,
    context: snapshot.context,
    graph,
    ...(isParked(engine, row) && { status: 'parked' }),
  })
}

/** True when this process does not know the run's graph, or lacks a store of one of its groups, and nobody drives it. */
export function isParked(engine: Engine, row: RunRow): boolean {
  const { clock } = engine
  if (hasEnded(row.status) || canDrive(engine, row)) return false
  return row.lease === null || row.lease.expiresAt <= clock.now()
}

/** Whether this process knows the run's graph and has the stores of its groups. */
function canDrive({ parts, store }: Engine, row: RunRow): boolean {
  const compiled = parts.book.find(row.workflow, row.graphHash)
  return compiled !== undefined && groupStoresOf(store).lacking(compiled.graph).length === 0
}

/** A run's result where its drive left it. */
export function resultOfRest(runId: RunId, { compiled, snapshot, sequence }: Rest): RunResult {
  return resultOf({ runId, sequence, context: snapshot.context, graph: compiled.graph })
}

function unknownRun(engine: Engine, runId: RunId): Error {
  return storeError('WAYSTONE_STORE_RUN_UNKNOWN', `no run ${runId} is in store ${engine.store.name}`, { runId })
}
