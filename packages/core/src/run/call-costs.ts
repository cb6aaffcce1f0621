import { nodePath } from '../base/node-path.ts'
import { callCost, nanoUsd } from '../check/call-cost.ts'
import { modelUses } from '../check/model-use.ts'
import type { CompiledWorkflow } from '../compile/compiled-workflow.ts'
import type { ModelPrice } from '../define/model.ts'
import { inputError } from '../errors/input-error.ts'
import type { Graph, LimitRecord } from '../graph/graph.ts'
import { nestedIn } from '../graph/nested-graphs.ts'
import type { ExecutorPorts } from './effect-job.ts'

/**
 * What one model call of each node costs at most, USD, by node (by path in nested workflows), at the prices of now. Undefined when no limit on cost looks at it
 * before a call, or no call has a size that is bounded. Kept with the run: a later resume or fork reserves by the same figures.
 *
 * @throws {InputError} WAYSTONE_INPUT_COST_LIMIT when a first call costs more than its limit allows
 */
export function callCostsOf(
  { graph }: CompiledWorkflow,
  { models, prices }: Pick<ExecutorPorts, 'models' | 'prices'>,
): { readonly [node: string]: number } | undefined {
  const limits = costLimits(graph, [])
  if (limits.length === 0) return undefined
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
  for (const { node, bound, what } of limits) {
    const cost = costs[node] ?? 0
    if (cost <= bound.max) continue
    throw inputError(
      'WAYSTONE_INPUT_COST_LIMIT',
      `one model call of ${JSON.stringify(node)} may cost ${cost} USD, and ${what} allows ${bound.max}`,
      { node, costUsd: cost, max: bound.max },
    )
  }
  return Object.keys(costs).length === 0 ? undefined : Object.freeze(costs)
}

interface CostLimit {
  /** The node whose first call it must allow. */
  readonly node: string
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
      node: nodePath(within, graph.start),
      bound: ofRun,
      what: `limit costUsd of workflow ${JSON.stringify(graph.name)}`,
    })
  for (const node of Object.values(graph.nodes)) {
    const bound = node.kind === 'agent' ? node.limits?.costUsd : undefined
    if (bound?.check === 'before') found.push({ node: nodePath(within, node.id), bound, what: 'its own limit costUsd' })
  }
  for (const [id, nested] of nestedOf(graph)) found.push(...costLimits(nested, [...within, id]))
  return found
}
