import { nodePath } from '../base/node-path.ts'
import { callCost, nanoUsd } from '../check/call-cost.ts'
import { modelUses } from '../check/model-use.ts'
import { subjectOf } from '../check/moves.ts'
import { limitedNodes, type LimitedNode } from '../check/needed-calls.ts'
import type { CompiledWorkflow } from '../compile/compiled-workflow.ts'
import type { ModelPrice } from '../define/model.ts'
import { inputError } from '../errors/input-error.ts'
import type { Graph, LimitRecord } from '../graph/graph.ts'
import { nestedIn } from '../graph/nested-graphs.ts'
import type { ExecutorPorts } from './effect-job.ts'

/** A model call that its limit on cost never lets be made. */
export interface NeverMade {
  /** A path in a nested workflow. */
  readonly node: string
  /** What the call may cost, USD. */
  readonly need: number
  /** What the limit allows, USD. */
  readonly max: number
}

/** See {@link callCostsOf}. */
export interface CallCosts {
  /** USD, by node (by path in nested workflows). Undefined when no limit on cost looks at it before a call, or no call has a size that is bounded. */
  readonly costs: { readonly [node: string]: number } | undefined
  /** Where some path to an end does without them. Order: as limits, then as nodes. */
  readonly neverMade: readonly NeverMade[]
}

/**
 * What one model call of each node costs at most, at the prices of now. Kept with the run: a later resume or fork reserves by the same figures.
 *
 * @throws {InputError} WAYSTONE_INPUT_COST_LIMIT when a call that every path leads to, or one of an agent with a limit of its own, costs more than the limit allows
 */
export function callCostsOf(
  { graph }: CompiledWorkflow,
  { models, prices }: Pick<ExecutorPorts, 'models' | 'prices'>,
): CallCosts {
  const limits = costLimits(graph, [])
  if (limits.length === 0) return { costs: undefined, neverMade: [] }
  const costs: { [node: string]: number } = {}
  const priceOf = (model: string): ModelPrice | undefined =>
    prices.get(model) ?? prices.get(models.get(model)?.name ?? '')
  const collect = (one: Graph, within: readonly string[]): void => {
    for (const use of modelUses(one)) {
      const cost = callCost(use, priceOf)
      if (typeof cost === 'number' && cost > 0) costs[nodePath(within, use.node.id)] = cost / nanoUsd
    }
    for (const [id, nested] of nestedOf(one)) collect(nested, [...within, id])
  }
  collect(graph, [])
  const neverMade = limits.flatMap((limit) => neverMadeUnder(limit, costs))
  return { costs: Object.keys(costs).length === 0 ? undefined : Object.freeze(costs), neverMade }
}

function neverMadeUnder(
  { nodes, bound, what }: CostLimit,
  costs: { readonly [node: string]: number },
): readonly NeverMade[] {
  // Which nodes it holds for is looked up only for a limit that some call does not fit into.
  if (Object.values(costs).every((cost) => cost <= bound.max)) return []
  return nodes().flatMap(({ path, isNeeded }) => {
    const cost = costs[path] ?? 0
    if (cost <= bound.max) return []
    if (!isNeeded('costUsd')) return [{ node: path, need: cost, max: bound.max }]
    throw inputError(
      'WAYSTONE_INPUT_COST_LIMIT',
      `one model call of ${JSON.stringify(path)} may cost ${cost} USD, and ${what} allows ${bound.max}`,
      { node: path, costUsd: cost, max: bound.max },
    )
  })
}

interface CostLimit {
  /** The nodes whose calls it must allow where they are needed, by paths from the run's own workflow. */
  readonly nodes: () => readonly Pick<LimitedNode, 'path' | 'isNeeded'>[]
  readonly bound: LimitRecord
  readonly what: string
}

function nestedOf(graph: Graph): readonly (readonly [node: string, nested: Graph])[] {
  return Object.values(graph.nodes).flatMap((node) => {
    const nested = nestedIn(graph, node)
    return nested === undefined ? [] : [[node.id, nested] as const]
  })
}

function costLimits(graph: Graph, within: readonly string[]): readonly CostLimit[] {
  const ofRun = graph.limits.bounds.costUsd
  const found: CostLimit[] = []
  if (ofRun?.check === 'before')
    found.push({
      nodes: () => limitedNodes(subjectOf(graph)).map((one) => ({ ...one, path: nodePath(within, one.path) })),
      bound: ofRun,
      what: `limit costUsd of workflow ${JSON.stringify(graph.name)}`,
    })
  for (const node of Object.values(graph.nodes)) {
    const bound = node.kind === 'agent' ? node.limits?.costUsd : undefined
    if (bound?.check !== 'before') continue
    const own = { path: nodePath(within, node.id), isNeeded: () => true }
    found.push({ nodes: () => [own], bound, what: 'its own limit costUsd' })
  }
  for (const [id, nested] of nestedOf(graph)) found.push(...costLimits(nested, [...within, id]))
  return found
}
