import { callCost, nanoUsd } from '../check/call-cost.ts'
import { modelUses } from '../check/model-use.ts'
import type { CompiledWorkflow } from '../compile/compiled-workflow.ts'
import { inputError } from '../errors/input-error.ts'
import type { Graph, LimitRecord } from '../graph/graph.ts'
import type { ExecutorPorts } from './effect-job.ts'

/**
 * What one model call of each node costs at most, USD, by node, at the prices of now. Undefined when no limit on cost looks at it
 * before a call, or no call has a size that is bounded. Kept with the run: a later resume or fork reserves by the same figures.
 *
 * @throws {InputError} WAYSTONE_INPUT_COST_LIMIT when a first call costs more than its limit allows
 */
export function callCostsOf(
  { graph }: CompiledWorkflow,
  { models, prices }: Pick<ExecutorPorts, 'models' | 'prices'>,
): { readonly [node: string]: number } | undefined {
  const limits = costLimits(graph)
  if (limits.length === 0) return undefined
  const costs: { [node: string]: number } = {}
  for (const use of modelUses(graph)) {
    const cost = callCost(use, (model) => prices.get(model) ?? prices.get(models.get(model)?.name ?? ''))
    if (typeof cost === 'number' && cost > 0) costs[use.node.id] = cost / nanoUsd
  }
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

function costLimits(graph: Graph): readonly CostLimit[] {
  const ofRun = graph.limits.bounds.costUsd
  const found: CostLimit[] = []
  if (ofRun?.check === 'before')
    found.push({ node: graph.start, bound: ofRun, what: `limit costUsd of workflow ${JSON.stringify(graph.name)}` })
  for (const node of Object.values(graph.nodes)) {
    const bound = node.kind === 'agent' ? node.limits?.costUsd : undefined
    if (bound?.check === 'before') found.push({ node: node.id, bound, what: 'its own limit costUsd' })
  }
  return found
}
