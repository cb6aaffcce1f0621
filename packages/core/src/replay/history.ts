import { readStoredGraph } from '../checkpoint/stored-graph.ts'
import type { RunRow, Store } from '../checkpoint/store.ts'
import { leavingOutMissing } from '../checkpoint/with-group-stores.ts'
import { inputError } from '../errors/input-error.ts'
import { storeError, type StoreError } from '../errors/store-error.ts'
import type { Graph } from '../graph/graph.ts'
import { applyKnown, applyPatch } from '../snapshot/apply-patch.ts'
import type { Checkpoint } from '../snapshot/checkpoint.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'
import { diffValues, type Change } from './diff-values.ts'
import type { ReadCheckpoint } from '../checkpoint/load.ts'
import { readAllCheckpoints, requireRow } from './read-checkpoints.ts'

/** One moment of a run. */
export interface Moment {
  readonly checkpoint: Checkpoint
  readonly hash: string
  /** After the checkpoint. */
  readonly snapshot: Snapshot
}

/** All checkpoints of a run, read at one moment, with the snapshot after each. */
export interface History {
  readonly row: RunRow
  /** As it was when the run began. */
  readonly graph: Graph
  /** Order: by sequence, from 0. */
  readonly checkpoints: readonly Checkpoint[]
  /** Of the last checkpoint. */
  readonly last: number
  /** Groups whose private values are left out, because their own stores were not bound or could not give them. Absent: it is whole. */
  readonly withheld?: readonly string[]
  /** Cost: O(changes from the nearest sequence looked at before). @throws {InputError} WAYSTONE_INPUT_SEQUENCE */
  at(sequence: number): Moment
  /** What changed in the state from one sequence to another. */
  diff(from: number, to: number): readonly Change[]
}

/** How what is stored is read. */
export interface ReadOptions {
  /**
   * Private values that a group's own store cannot give are left out, as if it was not bound, and said here, once for each group. Absent: reading fails
   * with what that store failed with, e.g. WAYSTONE_STORE_PRIVATE_MISSING.
   */
  readonly onMissing?: (group: string, error: StoreError) => void
}

/**
 * Reads a run's history. Runs no author code and needs no workflow.
 *
 * Cost: O(size of the run's checkpoints); snapshots are made when asked for and share what did not change.
 *
 * @throws {StoreError} WAYSTONE_STORE_RUN_UNKNOWN, WAYSTONE_STORE_CORRUPT, WAYSTONE_STORE_PRIVATE_MISSING
 */
export async function readHistory(store: Store, runId: string, options: ReadOptions = {}): Promise<History> {
  const row = await requireRow(store, runId)
  const graph = await readStoredGraph(store, row)
  const read = await readAllCheckpoints(leavingOutMissing(store, options.onMissing), row)
  return createHistory(row, graph, read)
}

function createHistory(row: RunRow, graph: Graph, read: readonly ReadCheckpoint[]): History {
  const snapshots: Snapshot[] = []
  const withheld = [...new Set(read.flatMap((entry) => entry.checkpoint.withheld ?? []))]
  const first = read.findIndex((entry) => entry.checkpoint.withheld !== undefined)
  const partialFrom = first === -1 ? read.length : first
  const momentAt = (sequence: number): Moment => {
    const entry = read[sequence]
    if (entry === undefined || !Number.isInteger(sequence)) {
      throw inputError(
        'WAYSTONE_INPUT_SEQUENCE',
        `run ${row.runId} has no sequence ${sequence}; it has 0 to ${read.length - 1}`,
        { sequence },
      )
    }
    for (let next = snapshots.length; next <= sequence; next++) {
      const { checkpoint } = read[next] ?? entry
      // What was left out once may be missed by every later patch.
      const apply = next >= partialFrom ? applyKnown : applyPatch
      snapshots.push(apply(snapshots[next - 1] ?? null, checkpoint.patch, checkpoint.event))
    }
    return { checkpoint: entry.checkpoint, hash: entry.stored.hash, snapshot: snapshots[sequence] ?? snapshotMissing() }
  }
  return {
    row,
    graph,
    checkpoints: read.map((entry) => entry.checkpoint),
    last: read.length - 1,
    ...(withheld.length > 0 && { withheld }),
    at: momentAt,
    diff: (from, to) =>
      diffValues(momentAt(from).snapshot.context.state, momentAt(to).snapshot.context.state, listKeysOf(graph)),
  }
}

function snapshotMissing(): never {
  throw storeError('WAYSTONE_STORE_CORRUPT', 'a snapshot could not be made from its checkpoints')
}

/** By state key: the field that tells items of a list apart. */
function listKeysOf(graph: Graph): { readonly [key: string]: string } {
  const keys: { [key: string]: string } = {}
  for (const [name, record] of Object.entries(graph.state)) {
    if (record.merge.rule === 'append' && record.merge.key !== null) keys[name] = record.merge.key
  }
  return keys
}
