import type { RunId } from '../base/ids.ts'
import { pick } from '../compile/steps.ts'
import { modelAt } from '../graph/asked-models.ts'
import type { Graph } from '../graph/graph.ts'
import { statusOf, type RunContext, type RunStatus } from '../snapshot/snapshot.ts'
import { nothingUndone } from '../snapshot/undo.ts'
import type { RunResult } from './runtime.ts'
import { unreadOf } from './waits-of.ts'

/** Where a run stands, from its snapshot. */
export interface ResultOf {
  readonly runId: RunId
  readonly sequence: number
  readonly context: RunContext
  /** Undefined: nobody knows it any more. */
  readonly graph: Graph | undefined
  /** What only a runtime knows (`parked`); default: as the snapshot says. */
  readonly status?: RunStatus
}

/** Writes where a run stands. */
export function resultOf({ runId, sequence, context, graph, status = statusOf(context) }: ResultOf): RunResult {
  const { ending } = context
  const base = {
    runId,
    status,
    usage: context.usage,
    sequence,
    ...fallbacksIn(context, graph),
    ...degradedIn(context),
    ...unreadIn(context),
    ...compensationOfRun(context),
  }
  if (status === 'completed') return { ...base, output: pick(context.state, graph?.output ?? []) }
  if (ending?.error !== undefined) return { ...base, error: ending.error }
  return ending?.limit === undefined ? base : { ...base, limit: ending.limit }
}

/** What became of what a run had done and had to undo, from its snapshot; empty: nothing had to be. */
export function compensationOfRun({
  undone,
  undoing,
}: Pick<RunContext, 'undone' | 'undoing'>): Pick<RunResult, 'compensation'> {
  if (undone === undefined && undoing === undefined) return {}
  const underWay = undoing === undefined ? {} : { underWay: { status: undoing.status, left: undoing.left ?? null } }
  return { compensation: { ...(undone ?? nothingUndone), ...underWay } }
}

function degradedIn({ degraded }: RunContext): Pick<RunResult, 'degraded'> {
  return degraded === undefined ? {} : { degraded: Object.values(degraded) }
}

function unreadIn(context: RunContext): Pick<RunResult, 'unread'> {
  const unread = unreadOf(context)
  return unread.length === 0 ? {} : { unread }
}

function fallbacksIn(context: RunContext, graph: Graph | undefined): Pick<RunResult, 'fallbacks'> {
  const found: { [node: string]: string } = {}
  for (const [node, { model }] of Object.entries(context.private)) {
    const record = graph?.nodes[node]
    if (model !== undefined && (record?.kind === 'agent' || record?.kind === 'gate'))
      found[node] = modelAt(record, model)
  }
  return Object.keys(found).length === 0 ? {} : { fallbacks: found }
}
