import type { RunId } from '../base/ids.ts'
import { readCheckpoints, restoreAt } from '../checkpoint/load.ts'
import type { Store } from '../checkpoint/store.ts'
import { readStoredGraph } from '../checkpoint/stored-graph.ts'
import { inputError } from '../errors/input-error.ts'
import { storeError } from '../errors/store-error.ts'
import { progressOf, type NodeProgress } from '../snapshot/progress.ts'

/** How far a stored run is, or was at a checkpoint; its definition need not be known. @throws {InputError} WAYSTONE_INPUT_SEQUENCE */
export async function readProgress(
  store: Store,
  runId: RunId,
  at: number | undefined,
): Promise<readonly NodeProgress[]> {
  const row = await store.row(runId)
  if (row === undefined)
    throw storeError('WAYSTONE_STORE_RUN_UNKNOWN', `no run ${runId} is in store ${store.name}`, { runId })
  const sequence = at ?? row.sequence
  if (!Number.isInteger(sequence) || sequence < 0 || sequence > row.sequence) {
    throw inputError(
      'WAYSTONE_INPUT_SEQUENCE',
      `run ${runId} has no sequence ${sequence}; it has 0 to ${row.sequence}`,
      { sequence },
    )
  }
  const graph = await readStoredGraph(store, row)
  const read = await readCheckpoints(store, await store.checkpoints(runId, 0, sequence), row.graphHash)
  const { snapshot } = await restoreAt(store, runId, sequence)
  return progressOf(
    graph,
    read.map(({ checkpoint }) => checkpoint),
    snapshot,
  )
}
