import { formatGuard } from '../check/propositions.ts'
import type { EdgeRecord, NodeRecord } from '../graph/graph.ts'
import { escalationOutcome, handoffTool, handoffsOf } from '../graph/handoff.ts'
import type { Candidate, GuardReading } from '../snapshot/decision.ts'
import type { HandoffLimitHit } from '../snapshot/handoff.ts'
import type { WithheldTool } from '../snapshot/refusal.ts'
import type { RunContext } from '../snapshot/snapshot.ts'
import { formatHandoffLimit, handoffLimitHit, hasEscalated, ledgerOf, type NextHandoff } from './handoff-ledger.ts'
import type { RouteParts } from './route-parts.ts'
import { walkEdges, type Choice, type Walk } from './walk-edges.ts'

/** Where a handoff would lead now. */
export type HandoffWay =
  /** Its edge, or that of handoffs that are one too many. */
  | {
      readonly type: 'open'
      readonly chosen: Choice
      readonly candidates: readonly Candidate[]
      readonly tooMany?: HandoffLimitHit & { readonly meantFor: string }
    }
  /** Nowhere. */
  | { readonly type: 'closed'; readonly message: string; readonly readings: readonly GuardReading[] }
  /** A guard threw. */
  | { readonly type: 'fault'; readonly error: unknown; readonly candidates: readonly Candidate[] }

/** A handoff that is offered, or asked for. */
export interface AskedHandoff extends Pick<NextHandoff, 'digest' | 'at'> {
  readonly record: NodeRecord
  readonly handoff: string
}

/** Where a handoff leads as the state and the chain stand. Pure; runs each guard of its edges at most once. */
export function wayOfHandoff(parts: RouteParts, context: RunContext, asked: AskedHandoff): HandoffWay {
  const { record, handoff, digest, at } = asked
  const edges = parts.index.edges.get(record.id)?.get(handoff) ?? []
  const walk: Walk = { candidates: [], chosen: undefined }
  try {
    // An attempt that failed before says nothing about an agent that hands over.
    walkEdges(parts, context.error === null ? context : { ...context, error: null }, { edges, walk })
  } catch (error) {
    return { type: 'fault', error, candidates: walk.candidates }
  }
  const { chosen, candidates } = walk
  if (chosen === undefined) return closedWay(handoff, edges, candidates)
  const next: NextHandoff = { from: record.id, to: chosen.to, at, ...(digest !== undefined && { digest }) }
  const ledger = ledgerOf(context)
  const hit = handoffLimitHit(parts.graph.limits.handoffs, ledger, next)
  if (hit === undefined) return { type: 'open', chosen, candidates }
  const [edge] = parts.index.edges.get(record.id)?.get(escalationOutcome) ?? []
  if (edge === undefined || hasEscalated(ledger)) {
    return { type: 'closed', message: `${notMade(handoff)}: ${formatHandoffLimit(hit)}, and no more`, readings: [] }
  }
  const passed = candidates.map((candidate): Candidate =>
    candidate.edge === chosen.edge.id ? { ...candidate, verdict: 'escalated' } : candidate,
  )
  return {
    type: 'open',
    chosen: { edge, variant: 'edge', to: edge.to, begun: [edge.to] },
    candidates: [...passed, { edge: edge.id, verdict: 'taken' }],
    tooMany: { ...hit, meantFor: chosen.to },
  }
}

/** The model is told names of guards and what they said, never what they read: the agent may not read it. */
function closedWay(handoff: string, edges: readonly EdgeRecord[], candidates: readonly Candidate[]): HandoffWay {
  const whys = candidates.map(({ edge: id, verdict, guards = [], limit }) => {
    if (verdict === 'limit') return `it was made ${limit?.used ?? 0} of ${limit?.max ?? 0} times`
    const when = edges.find((edge) => edge.id === id)?.when ?? null
    const said = guards.map(({ guard, result }) => `${guard} is ${result}`).join(', ')
    return `only when ${when === null ? '' : formatGuard(when)}; ${said}`
  })
  return {
    type: 'closed',
    message: `${notMade(handoff)}: ${whys.length === 0 ? 'it leads nowhere' : whys.join('; ')}`,
    readings: candidates.flatMap(({ guards = [] }) => guards),
  }
}

function notMade(handoff: string): string {
  return `no handoff to ${handoff} now`
}

/**
 * The handoffs that an agent is not offered now, by the name of their tool; undefined when it is offered all.
 *
 * Decided on the snapshot that the model is asked with: the same when it is asked again after a crash.
 *
 * @param at - when the step was asked for, ms since the epoch
 * @throws {NodeError} WAYSTONE_NODE_GUARD_ERROR when a guard throws or gives something else than a boolean
 */
export function withheldHandoffs(
  parts: RouteParts,
  context: RunContext,
  { record, at }: Pick<AskedHandoff, 'record' | 'at'>,
): { readonly [tool: string]: WithheldTool } | undefined {
  const withheld: { [tool: string]: WithheldTool } = {}
  for (const handoff of Object.keys(handoffsOf(record))) {
    const way = wayOfHandoff(parts, context, { record, handoff, at })
    if (way.type === 'fault') throw way.error
    if (way.type === 'open') continue
    const guards = way.readings.length === 0 ? {} : { guards: way.readings }
    withheld[handoffTool(handoff)] = { rule: 'handoff', message: way.message, ...guards }
  }
  return Object.keys(withheld).length === 0 ? undefined : withheld
}
