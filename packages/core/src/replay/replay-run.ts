import type { RunId } from '../base/ids.ts'
import type { Json } from '../base/json.ts'
import { encodeCheckpoint, type Sealing } from '../checkpoint/codec.ts'
import type { Sealer } from '../checkpoint/sealing.ts'
import { requireStores } from '../checkpoint/group-stores.ts'
import type { RunRow, Store } from '../checkpoint/store.ts'
import { findStoredGraph } from '../checkpoint/stored-graph.ts'
import { groupStoresOf } from '../checkpoint/with-group-stores.ts'
import { compile } from '../compile/compile.ts'
import type { CompiledWorkflow } from '../compile/compiled-workflow.ts'
import { plan, type Plan } from '../compile/plan.ts'
import { isWorkflow, type Workflow } from '../define/workflow.ts'
import { replayError } from '../errors/replay-error.ts'
import { compareGraphs, formatDifference } from '../graph/compare.ts'
import type { Checkpoint } from '../snapshot/checkpoint.ts'
import type { EngineEvent } from '../snapshot/event.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'
import { readAllCheckpoints, requireRow } from './read-checkpoints.ts'

/** What replay needs of one stored checkpoint: its event and its hash. Snapshots and patches are derived anew. */
export interface StoredTransition {
  readonly event: EngineEvent
  readonly hash: string
  /** The stored checkpoint, to say what differs; null: not at hand. */
  readonly stored: Checkpoint | null
}

/** Where a replay first went another way than the run did. */
export interface Divergence {
  readonly sequence: number
  /** What differs: `decision`, `patch`, `commands`, … or `plan` when the event was not taken at all. */
  readonly what: string
  readonly node: string | null
  /** As it was stored. */
  readonly stored: Json
  /** As it was derived now. */
  readonly derived: Json
  readonly message: string
}

/** Outcome of a replay. */
export interface Replay {
  readonly runId: RunId
  /** Transitions that were derived and equal, byte for byte. */
  readonly checkpoints: number
  readonly divergence: Divergence | null
  /** The last snapshot that was derived. */
  readonly snapshot: Snapshot | null
}

/**
 * Re-derives a stored run from its events alone: no model, no tool, no connection, no stored patch. Every derived checkpoint
 * must have the stored one's hash.
 *
 * @param workflow - as it is now; it is not checked again, since the run was started under it
 * @throws {ReplayError} WAYSTONE_REPLAY_GRAPH_DIFFERS when the definition is another one, with a list of what differs
 * @throws {StoreError} WAYSTONE_STORE_RUN_UNKNOWN, WAYSTONE_STORE_CORRUPT, WAYSTONE_STORE_PRIVATE when a group's own store is not bound
 */
export async function replayRun(store: Store, workflow: Workflow | CompiledWorkflow, runId: string): Promise<Replay> {
  const compiled = isWorkflow(workflow) ? compile(workflow, { unchecked: true }) : workflow
  const row = await requireRow(store, runId)
  await requireSameGraph(store, compiled, row)
  requireStores(compiled.graph, row.runId, groupStoresOf(store))
  const read = await readAllCheckpoints(store, row)
  const transitions = read.map(({ stored, checkpoint }) => ({
    event: checkpoint.event,
    hash: stored.hash,
    stored: checkpoint,
  }))
  const sealer = await groupStoresOf(store).sealerFor(row.runId, compiled.graph)
  const parent = read[0]?.checkpoint.parent ?? null
  return replayTransitions(compiled, { runId: row.runId, parent, ...(sealer !== undefined && { sealer }) }, transitions)
}

async function requireSameGraph(store: Store, compiled: CompiledWorkflow, row: RunRow): Promise<void> {
  if (row.graphHash === compiled.hashes.graph) return
  const before = await findStoredGraph(store, row)
  const differences = before === undefined ? [] : compareGraphs(before, compiled.graph).map(formatDifference)
  throw replayError(
    'WAYSTONE_REPLAY_GRAPH_DIFFERS',
    `run ${row.runId} was made by another definition of ${row.workflow} (graph ${row.graphHash}, now ${compiled.hashes.graph}):\n${differences.map((line) => `  ${line}`).join('\n')}`,
    { runId: row.runId, differences },
  )
}

/** Like {@link replayRun}, over transitions that were read by other means. @param start - what precedes the first */
export function replayTransitions(
  compiled: CompiledWorkflow,
  start: { readonly runId: RunId; readonly parent: Checkpoint['parent']; readonly sealer?: Sealer },
  transitions: readonly StoredTransition[],
): Replay {
  let snapshot: Snapshot | null = null
  let { parent } = start
  let graphBefore: string | null = null
  for (const [sequence, transition] of transitions.entries()) {
    const planned: Plan = plan(compiled, { runId: start.runId, sequence, parent }, snapshot, transition.event)
    if (planned.type !== 'applied' && planned.type !== 'late') {
      return {
        runId: start.runId,
        checkpoints: sequence,
        snapshot,
        divergence: notTaken(sequence, transition, planned),
      }
    }
    const { hash } = encodeCheckpoint(planned.checkpoint, graphBefore, sealingOf(start.sealer, planned.snapshot))
    if (hash !== transition.hash)
      return {
        runId: start.runId,
        checkpoints: sequence,
        snapshot,
        divergence: differing(transition, planned.checkpoint),
      }
    ;({ snapshot } = planned)
    graphBefore = planned.checkpoint.graphHash
    parent = { runId: start.runId, sequence, hash }
  }
  return { runId: start.runId, checkpoints: transitions.length, snapshot, divergence: null }
}

function sealingOf(sealer: Sealer | undefined, snapshot: Snapshot): Sealing | undefined {
  return sealer === undefined ? undefined : { sealer, snapshot }
}

function notTaken(
  sequence: number,
  { event, stored }: StoredTransition,
  planned: Exclude<Plan, { readonly type: 'applied' | 'late' }>,
): Divergence {
  return {
    sequence,
    what: 'plan',
    node: stored?.step?.node ?? null,
    stored: event.type,
    derived: planned.type,
    message: `at ${sequence} event ${event.type} led to a checkpoint; now it is ${planned.type}: ${planned.message}`,
  }
}

/** Fields in the order in which a reader wants to know them. */
const comparedFields = [
  'decision',
  'status',
  'commands',
  'patch',
  'usage',
  'step',
  'left',
  'graphHash',
  'parent',
  'event',
] as const

function differing({ stored }: StoredTransition, derived: Checkpoint): Divergence {
  const { sequence } = derived
  const node = derived.decision?.node ?? derived.step?.node ?? null
  for (const field of stored === null ? [] : comparedFields) {
    const before = (stored?.[field] ?? null) as Json
    const now = derived[field] as Json
    if (JSON.stringify(before) === JSON.stringify(now)) continue
    return {
      sequence,
      what: field,
      node,
      stored: before,
      derived: now,
      message: describe(sequence, field, { stored, derived }),
    }
  }
  return {
    sequence,
    what: 'hash',
    node,
    stored: null,
    derived: null,
    message: `at ${sequence} the derived checkpoint has another hash than the stored one`,
  }
}

function describe(
  sequence: number,
  field: string,
  { stored, derived }: { readonly stored: Checkpoint | null; readonly derived: Checkpoint },
): string {
  const before = stored?.decision
  const now = derived.decision
  if (field !== 'decision' || before === null || before === undefined || now === null)
    return `at ${sequence} ${field} differs`
  if (before.taken !== now.taken)
    return `at ${sequence} ${now.node}.${now.outcome} took ${before.taken}; now it takes ${now.taken}`
  return `at ${sequence} ${now.node}.${now.outcome} takes ${now.taken} as before, but a guard or what it read differs`
}
