import type { JsonObject } from '../base/json.ts'
import { withIndex } from '../base/with-index.ts'
import type { JoinRecord, NodeRecord, WorkingRecord } from '../graph/graph.ts'
import { failTarget, personTarget } from '../graph/graph.ts'
import type { Candidate, Decision } from '../snapshot/decision.ts'
import type { EffectEnd } from '../snapshot/event.ts'
import type { OpenStep, RunContext } from '../snapshot/snapshot.ts'
import { closeAgent, findAgentLimitHit, visitOver } from './agent-limits.ts'
import { endStep, roomForCalls } from './agent-turn.ts'
import type { Ended } from './ended.ts'
import type { Route } from './routed.ts'
import { closeFork, fireJoin, freeBranches, leaveMeeting, noteAdded } from './fork-ledger.ts'
import { startingIn } from './gated-branches.ts'
import type { ForkIndex } from './graph-index.ts'
import { exhaust, fault, noRoute, type Fault, type Leaver } from './dead-ends.ts'
import { markDegraded } from './degraded.ts'
import { errorOutside } from './group-error.ts'
import { failureIn, withFailure } from './failure-of.ts'
import { engineError } from './frozen-error.ts'
import { handedOver, toldHandoff, type HandingOver } from './handoff-made.ts'
import { withoutGoing } from './handoff-ledger.ts'
import { nextNeed } from './history.ts'
import { findLimitHit, needOf, sumOfNeeds, type LimitHit, type Need } from './limits.ts'
import { roomForItems } from './map-items.ts'
import { mergeState } from './merge.ts'
import { roomOutcome, transitionNames } from './names.ts'
import { throughForks } from './through-forks.ts'
import type { RouteParts } from './route-parts.ts'
import { advanced, type Stalled } from './stall.ts'
import { withoutShort } from './short.ts'
import type { StepEnd } from './step-end.ts'
import { walkEdges, type Choice, type Walk } from './walk-edges.ts'
import { visitNode, withContext, withKey } from './steps.ts'

/**
 * Decides where the end of an attempt leads: applies its patch, walks the outcome's edges in order, runs each guard at most
 * once, and minds limits. Pure.
 */
export function route(parts: RouteParts, context: RunContext, stepEnd: StepEnd): Route {
  const { record, at } = stepEnd
  if (stepEnd.isVisitOver && record.kind === 'agent') {
    const hit = visitOver(record, context, at ?? 0)
    return exhaustAgent(parts, context, { stepEnd, hit, candidates: [] })
  }
  const ended = endStep(parts, context, stepEnd)
  if (ended.type === 'inside') return stayInside(parts, ended, stepEnd)
  if (ended.type === 'handoff') return routeHandoff(parts, ended, stepEnd)
  const leaver: Leaver = { record: stepEnd.record, visit: stepEnd.step.visit, at: stepEnd.at }
  const { outcome } = ended.end
  let next: RunContext
  try {
    next = applyEnd(parts, ended.context, { ...stepEnd, end: ended.end })
  } catch (error) {
    return fault(ended.context, { leaver, outcome, error, candidates: [] })
  }
  return routeOutcome(parts, next, { leaver, outcome, stepEnd, before: context.state })
}

/** Decides where a join leads that has fired: its fork is closed, its outcome's edges are walked. Pure. */
export function routeJoin(
  parts: RouteParts,
  context: RunContext,
  join: { readonly record: JoinRecord; readonly at: number | undefined },
): Route {
  const inside = parts.index.forks?.forks.get(join.record.id)?.nodes
  const closed = leftJoin(parts, inside === undefined ? context : withoutGoing(context, inside), join.record)
  const leaver: Leaver = { ...join, visit: context.visits[join.record.id] ?? 1 }
  const route = routeOutcome(parts, withErrorOf(closed), { leaver, outcome: closed.outcome })
  return route.decision === null ? route : { ...route, decision: { ...route.decision, branches: closed.branches } }
}

/** A join fails with the error of the branch that failed; what else went wrong beside it is not why it leads where it does. */
function withErrorOf({ context, outcome, branches }: ReturnType<typeof closeFork>): RunContext {
  const failed = outcome === 'failed' ? branches.failed.findLast(({ error }) => error !== undefined) : undefined
  const error = failed?.error ?? null
  return context.error === error ? context : withContext(context, { error })
}

/** A join closes its fork; one that no edge forks into is a place on the way of other branches. */
function leftJoin(
  { index: { forks } }: RouteParts,
  context: RunContext,
  record: JoinRecord,
): ReturnType<typeof closeFork> {
  const home = forks?.homes.get(record.id)?.at(-1)
  return forks === null || home === undefined || forks.forks.has(record.id)
    ? closeFork(context, record)
    : leaveMeeting(forks, context, { meeting: record, join: home.join })
}

/** The deadline of a fork is there: its join fires with whoever has joined. Pure. */
export function routeDeadline(index: ForkIndex, context: RunContext, join: string): Route | undefined {
  if (context.forks?.[join] === undefined) return undefined
  const fired = fireJoin(index, context, { join, outcome: 'deadline' })
  return { transition: transitionNames.deadline(join), context: fired, decision: null }
}

/** Others have given back what they had set aside: what a map or an agent is to begin begins, or is beyond what the limits leave. Undefined: it waits on. Pure. */
export function routeRoom(
  parts: RouteParts,
  context: RunContext,
  { record, at }: { readonly record: NodeRecord; readonly at: number | undefined },
): Route | undefined {
  if (context.short?.nodes.includes(record.id) !== true) return undefined
  const visit = context.visits[record.id] ?? 1
  const step: OpenStep = { node: record.id, visit, kind: 'item', attempt: 1, since: at ?? 0 }
  const ended =
    record.kind === 'map'
      ? roomForItems(parts, context, { record, at })
      : roomForCalls(parts.graph, context, { record, at, step })
  if (ended === undefined) return undefined
  const stepIndex = context.steps
  const end: EffectEnd = { step: stepIndex, attempt: 1, startedAt: at ?? 0, outcome: roomOutcome }
  const told = {
    record,
    at,
    step,
    stepIndex,
    end,
    isVisitOver: false,
    effectId: '',
    sequence: undefined,
    isThorough: true,
  }
  return stayInside(parts, ended, told)
}

/** What was cancelled in a fork, and held a name, has settled: who waited for the name begins, unless a limit stands in the way. Pure. */
export function routeFreed(
  parts: RouteParts,
  context: RunContext,
  { record, at }: { readonly record: JoinRecord; readonly at: number | undefined },
): Route | undefined {
  const join = record.id
  const { forks } = parts.index
  const freed = forks === null ? undefined : freeBranches(forks, context, { join, at })
  if (freed === undefined) return undefined
  const transition = transitionNames.freed(join)
  const entered = startingIn(freed.forks?.[join])
  const leaver: Leaver = { record, at, visit: (context.visits[join] ?? 0) + 1 }
  const hit = limitBefore(parts, freed, { entered, at })
  const left = { leaver, outcome: 'freed' }
  if (hit !== undefined)
    return exhaust(parts, context, { ...left, hit, candidates: [{ edge: transition, verdict: 'exhausted' }] })
  const candidates: readonly Candidate[] = [{ edge: transition, verdict: 'taken' }]
  const { visit } = leaver
  const decision: Decision = {
    node: join,
    visit,
    outcome: 'freed',
    candidates,
    taken: transition,
    to: null,
    starts: entered,
  }
  return { transition, context: freed, decision }
}

/** An agent hands over: where that leads was decided with it. */
function routeHandoff(parts: RouteParts, ended: HandingOver, stepEnd: StepEnd): Route {
  const { end, context, way } = ended
  const { record, step, at } = stepEnd
  const leaver: Leaver = { record, visit: step.visit, at }
  const { outcome } = end
  if (way.type === 'fault') return fault(context, { leaver, outcome, error: way.error, candidates: way.candidates })
  const next = applyEnd(parts, context, { record, end })
  return follow(parts, next, {
    ...way,
    ending: { leaver, outcome, stepEnd, before: context.state, handoff: ended },
  })
}

/** A move inside the node (next turn, retry, repair), unless a limit of the workflow stands in the way. */
function stayInside(parts: RouteParts, ended: Extract<Ended, { type: 'inside' }>, stepEnd: StepEnd): Route {
  const outcome = stepEnd.end.outcome
  const leaver: Leaver = { record: stepEnd.record, visit: stepEnd.step.visit, at: stepEnd.at }
  if (ended.need !== null) {
    const move = { need: ended.need, at: stepEnd.at }
    const candidates: readonly Candidate[] = [{ edge: ended.transition, verdict: 'exhausted' }]
    const ownHit = findAgentLimitHit(stepEnd.record, ended.before, move)
    if (ownHit !== undefined) return exhaustAgent(parts, ended.before, { stepEnd, hit: ownHit, candidates })
    const hit = findLimitHit(parts.graph, ended.before, move)
    if (hit !== undefined) return exhaust(parts, ended.before, { leaver, outcome, hit, candidates })
  }
  const guards = ended.readings === undefined || ended.readings.length === 0 ? {} : { guards: ended.readings }
  const decision: Decision = {
    node: stepEnd.record.id,
    visit: stepEnd.step.visit,
    outcome,
    candidates: [{ edge: ended.transition, verdict: 'taken', ...guards }],
    taken: ended.transition,
    to: null,
    ...(ended.cached !== undefined && { cached: ended.cached }),
  }
  const { transition, context, changes } = ended
  return changes === undefined ? { transition, context, decision } : { transition, context, decision, changes }
}

/** An agent has hit a limit of its own: it ends with outcome `exhausted`, and what it has open is stopped. */
function exhaustAgent(
  parts: RouteParts,
  context: RunContext,
  {
    stepEnd,
    hit,
    candidates,
  }: { readonly stepEnd: StepEnd; readonly hit: LimitHit; readonly candidates: readonly Candidate[] },
): Route {
  const { record, stepIndex, step } = stepEnd
  const message = `${record.id} has used ${hit.used} of the ${hit.max} that its limit ${hit.name} allows a visit`
  const end: EffectEnd = {
    step: stepIndex,
    attempt: step.attempt,
    startedAt: step.since,
    outcome: 'exhausted',
    error: engineError('WAYSTONE_NODE_LIMIT_REACHED', message),
  }
  const next = applyEnd(parts, closeAgent(context, record.id), { record, end })
  const leaver: Leaver = { record, visit: step.visit, at: stepEnd.at }
  return routeOutcome(parts, next, {
    leaver,
    outcome: end.outcome,
    stepEnd,
    hit,
    tried: candidates,
    before: context.state,
  })
}

/** Built-in outcomes of nodes that work; an approval's own may have the same names. */
const failures = new Set(['failed', 'timeout', 'unknown'])

function applyEnd(
  parts: RouteParts,
  given: RunContext,
  { record, end }: { readonly record: NodeRecord; readonly end: EffectEnd },
): RunContext {
  const context = withoutShort(given, { node: (node) => node === record.id, step: () => false })
  const isExhausted = (record.kind === 'agent' || record.kind === 'workflow') && end.outcome === 'exhausted'
  const isFailure = isExhausted || (record.kind !== 'approval' && failures.has(end.outcome))
  const changes = !isFailure && (end.patch !== undefined || end.unset !== undefined)
  const state = changes
    ? mergeState(parts, context.state, { patch: end.patch ?? {}, unset: end.unset ?? [] })
    : context.state
  const verdicts = end.verdict === undefined ? context.verdicts : withKey(context.verdicts, record.id, end.verdict)
  const error = isFailure ? (errorOutside(record, end.error) ?? null) : null
  if (state === context.state && verdicts === context.verdicts && error === context.error) return context
  const next = withContext(context, { state, verdicts, error })
  const { forks } = parts.index
  return forks === null || context.forks === undefined || state === context.state
    ? next
    : noteAdded(forks, next, { node: record.id, before: context.state })
}

interface Ending {
  readonly leaver: Leaver
  readonly outcome: string
  /** The step that ended; absent for a join. */
  readonly stepEnd?: StepEnd
  /** The limit of the agent's own that ended it, and what it stood in the way of. */
  readonly hit?: LimitHit
  readonly tried?: readonly Candidate[]
  /** The state before it ended; absent for a join. */
  readonly before?: JsonObject
  /** The agent hands over. */
  readonly handoff?: HandingOver
}

function routeOutcome(parts: RouteParts, context: RunContext, ending: Ending): Route {
  const { leaver, outcome, tried = [] } = ending
  const edges = parts.index.edges.get(leaver.record.id)?.get(outcome) ?? []
  const walk: Walk = { candidates: [...tried], chosen: undefined }
  try {
    walkEdges(parts, context, { edges, walk })
  } catch (error) {
    return fault(context, { leaver, outcome, error, candidates: walk.candidates })
  }
  const { chosen, candidates } = walk
  if (chosen === undefined) return noRoute(parts, context, { leaver, outcome, candidates })
  return follow(parts, context, { ending, chosen, candidates })
}

interface Following {
  readonly ending: Ending
  readonly chosen: Choice
  readonly candidates: readonly Candidate[]
}

/** Takes the edge that was chosen, unless a limit of the workflow stands in the way. */
function follow(parts: RouteParts, given: RunContext, { ending, chosen, candidates }: Following): Route {
  const { leaver, outcome, stepEnd, hit: ownHit, handoff } = ending
  const { record } = leaver
  const moving = progressOf(parts, given, { ending, chosen })
  if ('transition' in moving)
    return divert(parts, moving, { leaver, outcome, candidates: passedOver(candidates, chosen) })
  const context =
    handoff === undefined ? moving : handedOver(parts, moving, { ...leaver, ended: handoff, targets: chosen.begun })
  const isOtherwise = chosen.variant === 'otherwise'
  const taken = isOtherwise ? transitionNames.otherwise(chosen.edge.id) : chosen.edge.id
  const isCounted = chosen.edge.limit !== null && !isOtherwise
  const counted = isCounted
    ? withContext(context, { taken: withKey(context.taken, chosen.edge.id, (context.taken[chosen.edge.id] ?? 0) + 1) })
    : context
  const marked = markEdge(
    chosen.to === failTarget ? failing(parts, counted, { ending, chosen }) : counted,
    ending,
    chosen,
  )
  const decision: Decision = {
    node: record.id,
    visit: leaver.visit,
    outcome,
    ...failureIn(context, { record, outcome }),
    candidates,
    taken,
    to: chosen.to,
    ...(ownHit !== undefined && { limit: ownHit }),
    ...(handoff !== undefined && { handoff: toldHandoff(handoff) }),
  }
  if (chosen.to === personTarget && stepEnd !== undefined)
    return { transition: transitionNames.person(record.id), context: askPerson(marked, stepEnd), decision }
  const { forks } = parts.index
  const route: Route = { transition: taken, context: marked, decision }
  const { route: routed, entered = chosen.begun } =
    forks === null ? { route } : throughForks(forks, route, { decision, at: leaver.at, chosen })
  const hit = limitBefore(parts, context, { entered, at: leaver.at })
  if (hit === undefined) return routed
  // What was not taken was not handed over either.
  return exhaust(parts, moving, { leaver, outcome, hit, candidates: passedOver(candidates, chosen) })
}

function failing(
  { graph }: RouteParts,
  context: RunContext,
  { ending: { leaver, outcome }, chosen }: Pick<Following, 'ending' | 'chosen'>,
): RunContext {
  const { record } = leaver
  const { edge, variant } = chosen
  const failed = record.kind === 'join' ? context.verdicts[record.id]?.reasons : undefined
  const isOtherwise = variant === 'otherwise'
  return withFailure(context, { record, outcome, graph, edge, isOtherwise, ...(failed !== undefined && { failed }) })
}

/** An edge may say that taking it is second best. */
function markEdge(context: RunContext, { leaver, stepEnd }: Ending, { edge, variant }: Choice): RunContext {
  if (edge.isDegraded !== true || variant === 'otherwise') return context
  const step = stepEnd?.stepIndex ?? context.steps - 1
  return markDegraded(context, { node: leaver.record.id, by: 'edge', step, why: `${edge.id} was taken` })
}

/** The edge that was chosen, and that a limit of the workflow kept from being taken. */
function passedOver(candidates: readonly Candidate[], { edge }: Choice): readonly Candidate[] {
  return candidates.map((candidate): Candidate =>
    candidate.edge === edge.id ? { ...candidate, verdict: 'exhausted' } : candidate,
  )
}

/** Counts the edge where stalls are looked for; what a join does is part of the move that led to it. */
function progressOf(
  { graph }: RouteParts,
  context: RunContext,
  { ending, chosen }: { readonly ending: Ending; readonly chosen: Choice },
): RunContext | Stalled {
  const { stepEnd, before, outcome } = ending
  const { stall } = graph.limits
  if (stall === undefined || stepEnd === undefined || before === undefined) return context
  const targets = chosen.begun.filter((target) => graph.nodes[target] !== undefined)
  return advanced(stall, context, { before, targets, step: stepEnd.step, outcome })
}

/** A run that has stalled: on along `limits.stall`, unless a limit stands in the way of that too. */
function divert(parts: RouteParts, stalled: Stalled, left: Fault): Route {
  const { leaver, outcome, candidates } = left
  const { transition, to, context, stall } = stalled
  const target = parts.graph.nodes[to]
  const move = target === undefined || target.kind === 'join' ? null : needToEnter(context, target)
  const hit = move === null ? undefined : findLimitHit(parts.graph, context, { need: move, at: leaver.at })
  if (hit !== undefined) return exhaust(parts, context, { ...left, hit })
  const decision: Decision = {
    node: leaver.record.id,
    visit: leaver.visit,
    outcome,
    failure: 'stall',
    candidates,
    taken: transition,
    to,
    stall,
  }
  return { transition, context, decision }
}

function limitBefore(
  { graph }: RouteParts,
  context: RunContext,
  { entered, at }: { readonly entered: readonly string[]; readonly at: number | undefined },
): LimitHit | undefined {
  const needs = entered.flatMap((name): Need[] => {
    const target = graph.nodes[name]
    return target === undefined || target.kind === 'join' ? [] : [needToEnter(context, target)]
  })
  const [need] = needs
  if (need === undefined) return undefined
  return findLimitHit(graph, context, { need: needs.length === 1 ? need : sumOfNeeds(needs), at })
}

function needToEnter(context: RunContext, target: WorkingRecord): Need {
  const mayCut = target.kind === 'agent' && target.history !== undefined
  return mayCut
    ? nextNeed(visitNode(context, target, { resets: [], at: context.startedAt }), target)
    : needOf(target, context)
}

/** The step stays open, as a question to a person. */
function askPerson(context: RunContext, { step, stepIndex, at }: StepEnd): RunContext {
  const { reserved: _, notBefore: __, ...rest } = step
  const unknown = step.kind === 'tool' || step.kind === 'call' || step.kind === 'gate' ? step.kind : 'task'
  const asked: OpenStep = Object.freeze({ ...rest, kind: 'resolve', unknown, since: at ?? step.since })
  return withContext(context, { open: withIndex(context.open, stepIndex, asked) })
}
