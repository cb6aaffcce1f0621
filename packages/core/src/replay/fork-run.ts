import type { RunId } from '../base/ids.ts'
import { formatStep } from '../base/step-address.ts'
import { canonicalJson, copyJson, type Json, type JsonObject } from '../base/json.ts'
import { createKeeping } from '../checkpoint/keep-private.ts'
import { firstPackingWith, packCheckpoint } from '../checkpoint/pack.ts'
import type { RunRow } from '../checkpoint/store.ts'
import { requireStores } from '../checkpoint/group-stores.ts'
import { groupStoresOf, leavingOutMissing } from '../checkpoint/with-group-stores.ts'
import type { CompiledWorkflow } from '../compile/compiled-workflow.ts'
import { plan } from '../compile/plan.ts'
import { inputError } from '../errors/input-error.ts'
import { invariantError } from '../errors/invariant-error.ts'
import { replayError } from '../errors/replay-error.ts'
import { checkOptions, knownOptions } from '../run/known-options.ts'
import { parseOverride, requireMover } from '../run/parse-override.ts'
import { parseStatePatch } from '../run/parse-state-patch.ts'
import type { Runtime } from '../run/runtime.ts'
import { summaryOf } from '../run/run-summary.ts'
import type { EngineEvent } from '../snapshot/event.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'
import { contextsOf } from '../snapshot/tree.ts'
import { itemsAroundStep } from './audit-undoing.ts'
import { refusePolicyBreaks } from './fork-policies.ts'
import { readHistory, type History } from './history.ts'
import { readWays } from './policy-walk.ts'

/** Where and how to fork. */
export interface ForkOptions {
  /** The checkpoint to go on from. */
  readonly at: number
  /** State keys set anew; parsed by the state's schemas. */
  readonly patch?: JsonObject
  readonly by: string
  readonly reason: string
  readonly tags?: { readonly [name: string]: string }
  /** The fork may begin where things count as done that the run has undone since; recorded in the reason. */
  readonly afterUndo?: boolean
  /** Tools whose policies the fork may break; recorded in its first event. */
  readonly override?: readonly string[]
}

const forkOptions = knownOptions<ForkOptions>('a fork was given', 'WAYSTONE_INPUT_FORK', {
  at: true,
  patch: true,
  by: true,
  reason: true,
  tags: true,
  afterUndo: true,
  override: true,
})

/**
 * Makes a new run from a checkpoint of another. The origin is not touched, nothing before the checkpoint runs again, and the
 * new run is left free for any runtime to drive: open it and `resume()`.
 *
 * @returns the new run's id
 * @throws {InputError} WAYSTONE_INPUT_FORK when nothing is open there, it undoes what it did, or nobody says who forks it and why, _FORK_UNDONE when what was done by then has been undone since, _FORK_PATCH when the patch does not fit, _FORK_POLICY
 * when a tool could run in the fork on what only the origin has crossed,
 * WAYSTONE_INPUT_SEQUENCE
 * @throws {StoreError} WAYSTONE_STORE_PRIVATE when a group's own store is not bound
 */
export async function forkRun(runtime: Runtime, runId: string, options: ForkOptions): Promise<RunId> {
  const { store, clock, ids, owner } = runtime
  checkOptions(forkOptions, options)
  requireMover(options, 'fork', 'WAYSTONE_INPUT_FORK')
  const history = await readHistory(store, runId)
  const compiled = knownWorkflow(runtime, history)
  requireStores(compiled.graph, runId, groupStoresOf(store))
  const origin = history.at(options.at)
  refusePlace(history, options)
  const patch = parseStatePatch(compiled, options.patch ?? {}, 'WAYSTONE_INPUT_FORK_PATCH')
  const override = overrideOf(compiled, options)
  const read = await readWays(
    leavingOutMissing(store, () => undefined),
    history,
  )
  refusePolicyBreaks({ compiled, origin: history, read, at: options.at, patch, ...override })
  const at = clock.now()
  const newId = ids.run(at)
  const sealer = await groupStoresOf(store).sealerFor(newId, compiled.graph)
  const parent = { runId: history.row.runId, sequence: options.at, hash: origin.hash }
  const tags = { ...history.row.tags, ...options.tags }
  const event: EngineEvent = {
    id: `${newId}/fork`,
    type: 'run.forked',
    at,
    from: 'operator',
    payload: {
      from: parent,
      snapshot: ownSnapshot(origin.snapshot),
      patch,
      by: options.by,
      reason: reasonOf(options),
      ...override,
      tags,
    },
  }
  const planned = plan(compiled, { runId: newId, sequence: 0, parent }, null, event)
  if (planned.type !== 'applied')
    throw invariantError('WAYSTONE_BUG_FORK', `a fork of ${runId} at ${options.at} was not applied: ${planned.type}`, {
      runId,
    })
  const packed = packCheckpoint(planned.checkpoint, planned.snapshot, firstPackingWith(sealer))
  const created = await createKeeping(store, packed, {
    ...rowFacts(compiled),
    runId: newId,
    key: null,
    tags,
    forkedFrom: { runId: history.row.runId, sequence: options.at },
    owner,
    leaseMs: 1_000,
    checkpoint: packed.checkpoint,
    blobs: packed.blobs,
    summary: summaryOf(compiled, planned.snapshot.context),
    at,
  })
  if (created.type === 'created') await store.release(created.lease)
  return newId
}

function overrideOf({ graph }: CompiledWorkflow, { override = [] }: ForkOptions): ReturnType<typeof parseOverride> {
  return parseOverride(graph, override, { what: 'fork', code: 'WAYSTONE_INPUT_FORK_PATCH' })
}

function reasonOf({ reason, afterUndo }: ForkOptions): string {
  return afterUndo === true ? `${reason} (after undoing)` : reason
}

/** What has been undone is done no more, whatever the snapshot says. */
function refusePlace(history: History, { at: sequence, afterUndo = false }: ForkOptions): void {
  const { checkpoints } = history
  const { runId } = history.row
  const isUndoing = (at: number): boolean =>
    contextsOf(history.at(at).snapshot.context).some(({ undoing }) => undoing !== undefined)
  if (isUndoing(sequence)) {
    const first = checkpoints.find((one) => isUndoing(one.sequence))
    throw inputError(
      'WAYSTONE_INPUT_FORK',
      `run ${runId} undoes what it did at sequence ${sequence}; fork it at 0 to ${Math.max(0, (first?.sequence ?? 1) - 1)}`,
      { runId, sequence },
    )
  }
  const isOpen = (at: number): boolean => Object.keys(history.at(at).snapshot.context.open).length > 0
  if (!isOpen(sequence)) {
    // What was called off may settle in checkpoints after the end.
    const last = checkpoints.findLast((one) => one.sequence < sequence && isOpen(one.sequence))
    throw inputError(
      'WAYSTONE_INPUT_FORK',
      `run ${runId} has ended by sequence ${sequence}; fork it at 0 to ${last?.sequence ?? 0}`,
      { runId, sequence },
    )
  }
  if (afterUndo) return
  const done = new Set(checkpoints.slice(0, sequence + 1).flatMap(({ step }) => (step === null ? [] : [step.index])))
  const undone = checkpoints.slice(sequence + 1).flatMap(({ step, event }) => {
    const isTried = step?.undoes !== undefined && event.type === 'effect.ended' && event.payload.outcome !== 'skipped'
    if (!isTried || !done.has(step.undoes)) return []
    return [`${formatStep({ ...step, items: itemsAroundStep(checkpoints, step.undoes) })} (step ${step.undoes})`]
  })
  if (undone.length === 0) return
  throw inputError(
    'WAYSTONE_INPUT_FORK_UNDONE',
    `by sequence ${sequence} run ${runId} had done what it has undone since, or tried to: ${[...new Set(undone)].join(', ')}; allowed are earlier sequences, or to say that it does not matter (afterUndo)`,
    { runId, sequence },
  )
}

/** A snapshot's parts may share values; what stands in an event shares none, as when it is read back. */
function ownSnapshot(snapshot: Snapshot): Snapshot {
  // A snapshot is JSON by construction; its interfaces only lack an index signature.
  return copyJson(snapshot as unknown as Json) as unknown as Snapshot
}

function knownWorkflow(runtime: Runtime, { row }: History): CompiledWorkflow {
  const compiled = runtime.compiled(row.workflow, row.graphHash)
  if (compiled !== undefined) return compiled
  throw replayError(
    'WAYSTONE_REPLAY_DEFINITION_UNKNOWN',
    `run ${row.runId} belongs to graph ${row.graphHash} of workflow ${JSON.stringify(row.workflow)}, which this runtime does not know`,
    { runId: row.runId, workflow: row.workflow, graphHash: row.graphHash },
  )
}

function rowFacts(
  compiled: CompiledWorkflow,
): Pick<RunRow, 'workflow' | 'workflowVersion' | 'graphHash' | 'behaviourHash'> & { readonly graph: string } {
  const { graph, hashes } = compiled
  return {
    workflow: graph.name,
    workflowVersion: graph.version,
    graphHash: hashes.graph,
    behaviourHash: hashes.behaviour,
    // A graph is JSON by construction; its interfaces only lack an index signature.
    graph: canonicalJson(graph as unknown as Json),
  }
}
