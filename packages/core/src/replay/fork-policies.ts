import type { JsonObject } from '../base/json.ts'
import { own } from '../base/own.ts'
import type { Standing } from '../check/policy/breach.ts'
import { impliedPolicies, isUncrossedFrom } from '../check/policy/patched.ts'
import type { CompiledWorkflow } from '../compile/compiled-workflow.ts'
import { brokenText, fromOutside, standsAt, stillBroken } from '../compile/operator-policies.ts'
import { isUnderWay, namesAround, placesOf, rootPlace, type Place } from '../compile/place.ts'
import { inputError } from '../errors/input-error.ts'
import type { Graph, PolicyRecord } from '../graph/graph.ts'
import { crossingName, isCrossing } from '../graph/policy-crossing.ts'
import { nodeAt } from '../graph/nested-graphs.ts'
import type { Decision } from '../snapshot/decision.ts'
import type { OpenStep, RunContext } from '../snapshot/snapshot.ts'
import type { History } from './history.ts'
import { isMeantBy, truthOf, walkPolicy, type ReadWays } from './policy-walk.ts'

/** A fork that is about to be made. */
export interface PlannedFork {
  readonly compiled: CompiledWorkflow
  readonly origin: History
  /** The origin, and what it was forked from itself. */
  readonly read: ReadWays
  /** Sequence of the origin. */
  readonly at: number
  /** Parsed. */
  readonly patch: JsonObject
  /** Tools whose policies it may break. */
  readonly override?: readonly string[]
}

/**
 * Refuses a fork in which a tool can run on a yes that is not for it. What was crossed in the origin was for the origin: from where the fork
 * begins, every way to the tool has to cross the outcome again, unless what the guards of `given` had read says that it need not.
 *
 * @throws {InputError} WAYSTONE_INPUT_FORK_POLICY unless overridden
 */
export function refusePolicyBreaks(fork: PlannedFork): void {
  const { compiled, at, override, patch } = fork
  const context = contextOf(fork)
  const [noted] = stillBroken(compiled.graph, context, override)
  if (noted !== undefined)
    throw inputError(
      'WAYSTONE_INPUT_FORK_POLICY',
      `at sequence ${at} the run was held, and what was changed then is not what ${crossingName(noted)} was for: ${brokenText(noted, standsAt(context))}; ` +
        `fork before the change, or override the policy of ${noted.never}`,
      { tools: [noted.never] },
    )
  const broken = uncrossed(fork)
  const [first] = broken
  if (first === undefined) return
  const tools = [...new Set(broken.map(({ never }) => never))]
  const isByPatch = Object.keys(patch).length > 0 && uncrossed({ ...fork, patch: {} }).length === 0
  const before = earlierThan(fork, broken)
  const why = isByPatch
    ? `the patch changes what ${first.without === 'approval' ? 'an approval' : first.without.node} shows or what the policy depends on, and from sequence ${at} tool ${first.never} can run without ${crossingName(first)} being crossed again`
    : `from sequence ${at} tool ${first.never} can run in the fork on ${crossingName(first)} of its origin, and that was for the origin's use of it`
  const instead = isByPatch ? `, leave ${Object.keys(patch).join(', ')} alone` : ''
  throw inputError(
    'WAYSTONE_INPUT_FORK_POLICY',
    `${why}; fork ${before}${instead}, or override the policy of ${first.never}`,
    { tools },
  )
}

function contextOf({ origin, at }: PlannedFork): RunContext {
  return origin.at(at).snapshot.context
}

/** The policies by which a tool can run in the fork on what only the origin has crossed. Order: the run's, then those of nested workflows. */
function uncrossed(fork: PlannedFork): readonly PolicyRecord[] {
  const root = rootPlace(fork.compiled, { value: '', context: contextOf(fork) })
  const places = placesOf(root).filter((place) => isUnderWay(place))
  return places.flatMap((place) => {
    const own = impliedPolicies(place.compiled.graph).filter((policy) => isBroken(fork, place, policy))
    return [...own, ...brokenAround(fork, place)]
  })
}

function isBroken(fork: PlannedFork, place: Place, policy: PolicyRecord): boolean {
  if (fork.override?.includes(policy.never) === true) return false
  const known = knownAt(fork, place, policy)
  if (isRunAgain(place, policy)) return isMeantBy(policy, known)
  return isUncrossedFrom(place.compiled.graph, policy, { ...standing(place), known })
}

/** Policies of the workflows around a place: what can run inside is judged from where it stands there. */
function brokenAround(fork: PlannedFork, place: Place): readonly PolicyRecord[] {
  return place.around.flatMap(({ compiled, snapshot }, level) => {
    const outer: Place = { compiled, snapshot, before: snapshot, around: place.around.slice(0, level) }
    return impliedPolicies(compiled.graph).filter((policy) => {
      if (fork.override?.includes(policy.never) === true || !isMeantBy(policy, knownAt(fork, outer, policy)))
        return false
      return isUncrossedFrom(place.compiled.graph, fromOutside(policy), { ...standing(place), known: new Map() })
    })
  })
}

/** A call whose outcome nobody knows, begun on somebody's yes: who says that it did not happen lets it run once more. */
function isRunAgain({ compiled, snapshot }: Place, { never }: PolicyRecord): boolean {
  return Object.values(snapshot.context.open).some(
    (step) => step.kind === 'resolve' && step.approved !== undefined && toolOf(compiled, step) === never,
  )
}

function toolOf({ graph }: CompiledWorkflow, { node, tool }: OpenStep): string | undefined {
  const record = own(graph.nodes, node)
  return tool ?? (record?.kind === 'tool' ? record.tool : undefined)
}

function standing({ compiled: { graph }, snapshot: { context } }: Place): Omit<Standing, 'known'> {
  const nodes = Object.entries(context.open).map(([step, { node }]) => {
    // What runs in a nested workflow under way is judged from where that one stands. A map may begin further items.
    const isPast = graph.nodes[node]?.kind === 'workflow' && context.children?.[step] !== undefined
    return { id: node, isPast }
  })
  const ended = Object.entries(context.forks ?? {}).flatMap(([join, { branches }]) =>
    Object.entries(branches).flatMap(([branch, status]) =>
      status === 'joined' || status === 'failed' ? [{ join, branch }] : [],
    ),
  )
  const begun = new Set(nodes.map(({ id }) => id))
  // What waits for room under a limit, or for others, begins in the fork as soon as it can.
  const waiting = standsAt(context).flatMap((id) => (begun.has(id) ? [] : [{ id, isPast: false }]))
  return { nodes: [...nodes, ...waiting], ended }
}

/** What the guards of a policy have given last, those left out that read what the patch changes. */
function knownAt(fork: PlannedFork, place: Place, policy: PolicyRecord): ReadonlyMap<string, boolean> {
  if (policy.given === null) return new Map()
  const { graph } = place.compiled
  const { ways, missingOrigin } = fork.read
  const here = ways.map((way, index) => (index === ways.length - 1 ? { ...way, to: fork.at } : way))
  const site = { graph, within: namesAround(place) }
  const { covers } = walkPolicy(here, { site, policy, isWhole: missingOrigin === undefined })
  const known = truthOf(covers.of(place.around.map(({ step }) => step)))
  // The patch is of the run's own state.
  if (place.around.length > 0) return known
  const isChanged = (guard: string): boolean =>
    own(graph.guards, guard)?.reads.some((key) => Object.hasOwn(fork.patch, key)) === true
  return new Map([...known].filter(([guard]) => !isChanged(guard)))
}

/** Where the fork can be made instead: the last moment before the outcome was crossed at which nothing stands in its way. */
function earlierThan(fork: PlannedFork, broken: readonly PolicyRecord[]): string {
  for (let index = fork.read.ways.length - 1; index >= 0; index--) {
    const ways = fork.read.ways.slice(0, index + 1)
    const way = ways.at(-1)
    if (way === undefined) continue
    const isOrigin = index === fork.read.ways.length - 1
    const { checkpoints, row } = way.history
    for (let at = isOrigin ? fork.at : way.to; at > 0; at--) {
      const decision = checkpoints[at]?.decision ?? null
      const isCrossed = decision !== null && broken.some((policy) => hasCrossed(fork.compiled.graph, policy, decision))
      if (
        !isCrossed ||
        uncrossed({ ...fork, origin: way.history, read: { ...fork.read, ways }, at: at - 1 }).length > 0
      )
        continue
      const where = isOrigin ? `at sequence ${at - 1}` : `run ${row.runId}, its own origin, at sequence ${at - 1}`
      return `${where} or before, where somebody is asked again`
    }
  }
  const [first] = broken
  return `before ${first === undefined ? '' : crossingName(first)}`
}

function hasCrossed(graph: Graph, policy: PolicyRecord, decision: Decision): boolean {
  const node = decision.to === null ? undefined : nodeAt(graph, decision.node)?.node
  if (node !== undefined && isCrossing(policy, node, decision.outcome)) return true
  return decision.next !== undefined && hasCrossed(graph, policy, decision.next)
}
