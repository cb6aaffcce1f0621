import { withIndex } from '../base/with-index.ts'
import { describeThrown } from '../errors/describe-thrown.ts'
import { WaystoneError, type ErrorRecord } from '../errors/waystone-error.ts'
import type { EdgeRecord, Graph, NodeRecord, Target } from '../graph/graph.ts'
import { failTarget, personTarget } from '../graph/graph.ts'
import type { Candidate, Decision, GuardReading } from '../snapshot/decision.ts'
import type { EffectEnd } from '../snapshot/event.ts'
import type { OpenStep, RunContext } from '../snapshot/snapshot.ts'
import { endStep, type Ended } from './agent-turn.ts'
import { formatGuard } from '../check/propositions.ts'
import { engineError, frozenError } from './frozen-error.ts'
import { createGuardRunner } from './guards.ts'
import { nextNeed } from './history.ts'
import { findLimitHit, needOf, type LimitHit } from './limits.ts'
import { mergeState } from './merge.ts'
import { transitionNames } from './names.ts'
import type { RouteParts } from './route-parts.ts'
import type { StepEnd } from './step-end.ts'
import { closeAll, visitNode, withContext, withKey } from './steps.ts'

/** Where a transition goes and why. */
export interface Route {
  /** Name of the one transition that is taken; every guard of the machine compares with it. */
  readonly transition: string
  /** The context after the end has been applied, before the target is entered. */
  readonly context: RunContext
  readonly decision: Decision
}

/**
 * Decides where the end of an attempt leads: applies its patch, walks the outcome's edges in order, runs each guard at most
 * once, and minds limits. Pure.
 */
export function route(parts: RouteParts, context: RunContext, stepEnd: StepEnd): Route {
  const ended = endStep(parts, context, stepEnd)
  if (ended.type === 'inside') return stayInside(parts, ended, stepEnd)
  let next: RunContext
  try {
    next = applyEnd(parts, ended.context, { ...stepEnd, end: ended.end })
  } catch (error) {
    return fault(ended.context, { stepEnd, outcome: ended.end.outcome, error, candidates: [] })
  }
  return routeOutcome(parts, next, { stepEnd, end: ended.end })
}

/** A move inside the node (next turn, retry, repair), unless a limit of the workflow stands in the way. */
function stayInside(parts: RouteParts, ended: Extract<Ended, { type: 'inside' }>, stepEnd: StepEnd): Route {
  const outcome = stepEnd.end.outcome
  const hit =
    ended.need === null ? undefined : findLimitHit(parts.graph, ended.before, { need: ended.need, at: stepEnd.at })
  if (hit !== undefined)
    return exhaust(parts, ended.before, {
      stepEnd,
      outcome,
      hit,
      candidates: [{ edge: ended.transition, verdict: 'exhausted' }],
    })
  const guards = ended.readings === undefined || ended.readings.length === 0 ? {} : { guards: ended.readings }
  const decision: Decision = {
    node: stepEnd.record.id,
    visit: stepEnd.step.visit,
    outcome,
    candidates: [{ edge: ended.transition, verdict: 'taken', ...guards }],
    taken: ended.transition,
    to: null,
  }
  return { transition: ended.transition, context: ended.context, decision }
}

/** Built-in outcomes of nodes that work; an approval's own may have the same names. */
const failures = new Set(['failed', 'timeout', 'unknown'])

function applyEnd(
  parts: RouteParts,
  context: RunContext,
  { record, end }: { readonly record: NodeRecord; readonly end: EffectEnd },
): RunContext {
  const isFailure = record.kind !== 'approval' && failures.has(end.outcome)
  const changes = !isFailure && (end.patch !== undefined || end.unset !== undefined)
  const state = changes
    ? mergeState(parts, context.state, { patch: end.patch ?? {}, unset: end.unset ?? [] })
    : context.state
  const verdicts = end.verdict === undefined ? context.verdicts : withKey(context.verdicts, record.id, end.verdict)
  const error = isFailure ? (end.error ?? context.error) : null
  if (state === context.state && verdicts === context.verdicts && error === context.error) return context
  return withContext(context, { state, verdicts, error })
}

interface Ending {
  readonly stepEnd: StepEnd
  readonly end: EffectEnd
}

function routeOutcome(parts: RouteParts, context: RunContext, { stepEnd, end }: Ending): Route {
  const { record } = stepEnd
  const edges = parts.index.edges.get(record.id)?.get(end.outcome) ?? []
  const walk: Walk = { candidates: [], chosen: undefined }
  try {
    walkEdges(parts, context, { edges, walk })
  } catch (error) {
    return fault(context, { stepEnd, outcome: end.outcome, error, candidates: walk.candidates })
  }
  const { chosen, candidates } = walk
  if (chosen === undefined) return noRoute(parts, context, { stepEnd, outcome: end.outcome, candidates })
  const hit = limitBefore(parts.graph, context, { to: chosen.to, at: stepEnd.at })
  if (hit !== undefined) {
    const blocked = candidates.map((candidate): Candidate =>
      candidate.edge === chosen.edge.id ? { ...candidate, verdict: 'exhausted' } : candidate,
    )
    return exhaust(parts, context, { stepEnd, outcome: end.outcome, hit, candidates: blocked })
  }
  const isOtherwise = chosen.variant === 'otherwise'
  const taken = isOtherwise ? transitionNames.otherwise(chosen.edge.id) : chosen.edge.id
  const isCounted = chosen.edge.limit !== null && !isOtherwise
  const counted = isCounted
    ? withContext(context, { taken: withKey(context.taken, chosen.edge.id, (context.taken[chosen.edge.id] ?? 0) + 1) })
    : context
  const asksPerson = chosen.to === personTarget
  return {
    transition: asksPerson ? transitionNames.person(record.id) : taken,
    context: asksPerson ? askPerson(counted, stepEnd) : counted,
    decision: { node: record.id, visit: stepEnd.step.visit, outcome: end.outcome, candidates, taken, to: chosen.to },
  }
}

interface Choice {
  readonly edge: EdgeRecord
  readonly variant: 'edge' | 'otherwise'
  readonly to: Target
}

interface Walk {
  readonly candidates: Candidate[]
  chosen: Choice | undefined
}

function walkEdges(
  parts: RouteParts,
  context: RunContext,
  { edges, walk }: { readonly edges: readonly EdgeRecord[]; readonly walk: Walk },
): void {
  const guards = createGuardRunner(parts, context.state)
  for (const edge of edges) {
    if (walk.chosen !== undefined) {
      walk.candidates.push({ edge: edge.id, verdict: 'later' })
      continue
    }
    const readings: GuardReading[] = []
    const holds = edge.when === null || guards.holds(edge.when, readings)
    const run = readings.length > 0 ? { guards: readings } : {}
    if (!holds) {
      walk.candidates.push({ edge: edge.id, verdict: 'guard', ...run })
      continue
    }
    const used = context.taken[edge.id] ?? 0
    const limit = edge.limit === null ? {} : { limit: { used, max: edge.limit.max } }
    if (edge.limit === null || used < edge.limit.max) {
      walk.candidates.push({ edge: edge.id, verdict: 'taken', ...run, ...limit })
      walk.chosen = { edge, variant: 'edge', to: edge.to }
    } else if (edge.otherwise !== null) {
      walk.candidates.push({ edge: edge.id, verdict: 'otherwise', ...run, ...limit })
      walk.chosen = { edge, variant: 'otherwise', to: edge.otherwise }
    } else {
      walk.candidates.push({ edge: edge.id, verdict: 'limit', ...run, ...limit })
    }
  }
}

function limitBefore(
  graph: Graph,
  context: RunContext,
  move: { readonly to: Target; readonly at: number | undefined },
): LimitHit | undefined {
  const target = graph.nodes[move.to]
  if (target === undefined) return undefined
  const mayCut = target.kind === 'agent' && target.history !== undefined
  const need = mayCut ? nextNeed(visitNode(context, target, []), target) : needOf(target)
  return findLimitHit(graph, context, { need, at: move.at })
}

/** The step stays open, as a question to a person. */
function askPerson(context: RunContext, { step, stepIndex, at }: StepEnd): RunContext {
  const { reserved: _, notBefore: __, ...rest } = step
  const unknown = step.kind === 'tool' || step.kind === 'call' || step.kind === 'gate' ? step.kind : 'task'
  const asked: OpenStep = Object.freeze({ ...rest, kind: 'resolve', unknown, since: at ?? step.since })
  return withContext(context, { open: withIndex(context.open, stepIndex, asked) })
}

interface Fault {
  readonly stepEnd: StepEnd
  readonly outcome: string
  readonly candidates: readonly Candidate[]
}

function exhaust(
  parts: RouteParts,
  context: RunContext,
  { stepEnd, outcome, candidates, hit }: Fault & { readonly hit: LimitHit },
): Route {
  const { record, step, at } = stepEnd
  const decision: Decision = {
    node: record.id,
    visit: step.visit,
    outcome,
    candidates,
    taken: transitionNames.exhausted,
    to: parts.graph.limits.exhausted,
    limit: hit,
  }
  const stopped = withContext(closeAll(context), { exhausted: Object.freeze({ limit: hit.name, at: at ?? 0 }) })
  return { transition: transitionNames.exhausted, context: stopped, decision }
}

function noRoute(parts: RouteParts, context: RunContext, { stepEnd, outcome, candidates }: Fault): Route {
  const { record } = stepEnd
  const edges = parts.index.edges.get(record.id)?.get(outcome) ?? []
  const tried = candidates.map((candidate) =>
    describeCandidate(
      candidate,
      edges.find((edge) => edge.id === candidate.edge),
    ),
  )
  const message = `no edge of ${record.id}.${outcome} could be taken; tried ${tried.length === 0 ? 'none, since it has no edges' : tried.join('; ')}; allowed is a last edge without guard`
  const error = engineError('WAYSTONE_NODE_NO_ROUTE', message)
  return toFail(context, { stepEnd, outcome, candidates }, { transition: transitionNames.noRoute, error })
}

function describeCandidate(candidate: Candidate, edge: EdgeRecord | undefined): string {
  if (candidate.verdict === 'limit')
    return `${candidate.edge} (taken ${candidate.limit?.used ?? 0} of ${candidate.limit?.max ?? 0} times)`
  const values = (candidate.guards ?? []).map(
    (reading) => `${reading.guard}=${reading.result} of ${JSON.stringify(reading.read)}`,
  )
  return `${candidate.edge} (${edge?.when === undefined || edge.when === null ? 'no guard' : formatGuard(edge.when)}: ${values.join(', ')})`
}

function fault(context: RunContext, { error: thrown, ...rest }: Fault & { readonly error: unknown }): Route {
  const error = WaystoneError.isInstance(thrown)
    ? frozenError(thrown.toJSON())
    : engineError('WAYSTONE_NODE_REDUCER_ERROR', `a reducer threw: ${describeThrown(thrown)}`)
  return toFail(context, rest, { transition: transitionNames.guardError, error })
}

function toFail(
  context: RunContext,
  { stepEnd, outcome, candidates }: Fault,
  why: { readonly transition: string; readonly error: ErrorRecord },
): Route {
  const decision: Decision = {
    node: stepEnd.record.id,
    visit: stepEnd.step.visit,
    outcome,
    candidates,
    taken: why.transition,
    to: failTarget,
  }
  return { transition: why.transition, context: withContext(context, { error: why.error }), decision }
}
