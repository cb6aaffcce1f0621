import { takeJson } from '../base/json.ts'
import { isUndoable } from '../compile/undo-ledger.ts'
import { stateFor } from '../compile/seen-state.ts'
import { invariantError } from '../errors/invariant-error.ts'
import { nodeError } from '../errors/node-error.ts'
import type { ErrorRecord } from '../errors/waystone-error.ts'
import type { EffectClass, Graph, NodeRecord } from '../graph/graph.ts'
import { callEffectOf } from '../graph/tool-use.ts'
import type { EffectEnd } from '../snapshot/event.ts'
import { isMapping, isModelCall, type OpenStep } from '../snapshot/snapshot.ts'
import type { EffectJob, Ended } from './effect-job.ts'
import { errorRecordOf, retryAfterOf } from './error-record.ts'
import { executeCall } from './execute-call.ts'
import { executeCompensation } from './execute-compensation.ts'
import { executeGate } from './execute-gate.ts'
import { executeMap } from './execute-map.ts'
import { askedName, executeModel, reservedUsage } from './execute-model.ts'
import { executeInput, executeOutput } from './execute-nested.ts'
import { executeSummary } from './execute-summary.ts'
import { executeTask } from './execute-task.ts'
import { executeTool } from './execute-tool.ts'
import { executePrepare, executeReceive } from './execute-wait.ts'
import { hearFailure } from './provider-limits.ts'
import { isThenable } from './when-done.ts'

/**
 * Runs one attempt of one step and says how it ended. Never throws and never rejects: whatever author code, a tool or a model
 * does is an end.
 *
 * @returns the end at once when the author's function is synchronous; frozen JSON without secrets
 */
export function perform(job: EffectJob): EffectEnd | Promise<EffectEnd> {
  let ended: Ended | Promise<Ended>
  try {
    ended = execute(job)
  } catch (thrown) {
    return failedEnd(job, thrown)
  }
  if (!isThenable(ended)) return wholeOrFailed(job, ended)
  return ended.then(
    (end) => wholeOrFailed(job, end),
    (thrown: unknown) => failedEnd(job, thrown),
  )
}

function wholeOrFailed(job: EffectJob, ended: Ended): EffectEnd {
  try {
    return whole(job, ended)
  } catch (thrown) {
    return failedEnd(job, thrown)
  }
}

function execute(job: EffectJob): Ended | Promise<Ended> {
  const { record, open } = job
  refuseMissing(job)
  const functions = job.compiled.registry.nodes.get(record.id)
  if (open.kind === 'call') return executeCall(job)
  if (open.kind === 'summary' && record.kind === 'agent' && functions?.kind === 'agent')
    return executeSummary(job, { record, functions })
  if (open.kind === 'model') {
    if (record.kind === 'agent' && functions?.kind === 'agent') return executeModel(job, { record, functions })
    if (record.kind === 'gate' && functions?.kind === 'gate') return executeModel(job, { record, functions })
  }
  if (open.kind === 'task' && functions?.kind === 'task') return executeTask(job, functions)
  if (open.kind === 'gate' && functions?.kind === 'gate') return executeGate(job, functions)
  if (open.kind === 'tool' && record.kind === 'tool' && functions?.kind === 'tool')
    return executeTool(job, record, functions)
  if (record.kind === 'map' && functions?.kind === 'map') return executeMap(job, record, functions)
  if (functions?.kind === 'workflow') {
    if (open.kind === 'input') return executeInput(job, functions)
    if (open.kind === 'output') return executeOutput(job, functions)
  }
  if (record.kind === 'wait' && functions?.kind === 'wait') {
    if (open.kind === 'prepare') return executePrepare(job, record, functions)
    if (open.kind === 'receive') return executeReceive(job, record, functions)
  }
  const past = job.past?.step ?? null
  if (open.kind === 'compensate' && past !== null) return executeCompensation(job, past)
  throw invariantError(
    'WAYSTONE_BUG_REGISTRY',
    `step ${job.scope.step} of kind ${open.kind} cannot be run by node ${JSON.stringify(record.id)} of kind ${record.kind}`,
  )
}

/** Optional keys may be absent. A required one is there in every graph that `check` has passed, unless its run was forked with less. */
function refuseMissing({ record, context, compiled, open }: EffectJob): void {
  // It is given the state of then, which may be that of a nested workflow that is gone.
  if (open.kind === 'compensate') return
  const state = stateFor(record, context)
  for (const key of record.reads) {
    if (Object.hasOwn(state, key) || compiled.graph.state[key]?.optional !== false) continue
    throw nodeError(
      'WAYSTONE_NODE_MISSING_INPUT',
      `node ${JSON.stringify(record.id)} reads ${JSON.stringify(key)}, which nothing has written; it was not begun`,
      { details: { key } },
    )
  }
}

/** The effect class of a step's work. */
export function effectClassOf(graph: Graph, record: NodeRecord, open: OpenStep): EffectClass {
  if (isModelCall(open)) return 'idempotent'
  if (open.kind === 'call') return callEffectOf(graph, record, open.tool ?? '')
  if (isMapping(open)) return 'pure'
  return record.effect
}

/** Whether a step is marked as started before it is, so that nobody repeats what may have happened, or makes a call that is paid for without a word. */
export function needsMark(graph: Graph, record: NodeRecord, open: OpenStep): boolean {
  return isModelCall(open) || effectClassOf(graph, record, open) === 'unsafe'
}

/** Longest time of one attempt of a step, ms; null: none. */
export function timeoutOf(graph: Graph, record: NodeRecord, open: OpenStep): number | null {
  if (isMapping(open)) return null
  return open.kind === 'call' ? (graph.tools[open.tool ?? '']?.timeoutMs ?? null) : record.timeoutMs
}

/** The end of an attempt that the runtime ends itself: timed out, lost, aborted. */
export function endedByRuntime(job: EffectJob, outcome: string, error: ErrorRecord): EffectEnd {
  const { record, open } = job
  const isAsking = isModelCall(open) && (record.kind === 'agent' || record.kind === 'gate')
  return whole(job, { outcome, error, ...(isAsking && { usage: reservedUsage(job, { record }), ...askedName(job) }) })
}

function failedEnd(job: EffectJob, thrown: unknown): EffectEnd {
  hearFailure(job, thrown)
  // An author who says nothing means: trying again cannot hurt, unless the effect is unsafe.
  const isRepeatable = effectClassOf(job.compiled.graph, job.record, job.open) !== 'unsafe'
  const retryAfterMs = retryAfterOf(thrown)
  const error = errorRecordOf(thrown, isRepeatable)
  // Only the adapter of a remote service can know that its call was lost on the way.
  const isUnknown = !isRepeatable && error.code === 'WAYSTONE_NODE_OUTCOME_UNKNOWN'
  return whole(job, {
    outcome: isUnknown ? 'unknown' : 'failed',
    error,
    ...(mayHaveHappened(job) && { mayHaveHappened: true }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  })
}

/**
 * Whether what failed may have happened all the same: only what it gave was wrong, it was told to stop, or a process that died had begun it.
 * Asked where something can be undone, and of what undoes.
 */
function mayHaveHappened({ compiled, record, open, scope, mayHaveBegun }: EffectJob): boolean {
  const mayHave = scope.hasReturned || scope.isAborted || mayHaveBegun === true
  return mayHave && (open.undoes !== undefined || isUndoable(compiled.graph, record, open))
}

function whole({ scope, ports, compiled, record, open, sequence }: EffectJob, ended: Ended): EffectEnd {
  const { lines, sources } = scope
  const end: EffectEnd = {
    step: scope.step,
    attempt: scope.attempt,
    startedAt: scope.startedAt,
    ...ended,
    ...(isUndoable(compiled.graph, record, open) && { begunAfter: sequence }),
    ...(lines !== undefined && { log: [...lines] }),
    ...(sources !== undefined && { sources: [...sources] }),
  }
  const clean = ports.vault.redact(end)
  // The commonest end is made of frozen copies already; walking it again would double what a small step costs.
  if (isPlain(clean)) return Object.freeze(clean)
  return takeJson(clean, 'end of an effect') as unknown as EffectEnd
}

/** True when everything in the end was frozen where it was parsed. */
function isPlain(end: EffectEnd): boolean {
  if (end.error !== undefined || end.message !== undefined || end.usage !== undefined) return false
  return end.log === undefined && end.sources === undefined && end.misfit === undefined
}
