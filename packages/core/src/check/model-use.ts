import type { ModelPrice } from '../define/model.ts'
import { everyModelOf, modelTermsOf } from '../graph/asked-models.ts'
import type { Graph, NodeRecord } from '../graph/graph.ts'
import { graphsOf } from '../graph/nested-graphs.ts'
import type { CheckOptions } from './rule.ts'

/** A node that asks a model: an agent, or a gate with a reviewer. */
export interface ModelUse {
  readonly node: NodeRecord
  /** Its own model, its fallbacks, who writes its summaries. */
  readonly models: readonly string[]
  /** Calls per visit. */
  readonly maxModelCalls: number
  /** Of a call at most, summaries included. */
  readonly maxInputTokens: number | null
  readonly maxOutputTokens: number | null
}

/** What a node asks of a model; null: nothing. */
export function modelUseOf(node: NodeRecord): ModelUse | null {
  const asks = modelTermsOf(node)
  if (asks === null) return null
  const summary = node.kind === 'agent' ? (node.history?.summary ?? null) : null
  return {
    node,
    models: everyModelOf(node),
    maxModelCalls: asks.maxModelCalls,
    maxInputTokens: summary === null ? asks.maxInputTokens : larger(asks.maxInputTokens, summary.maxInputTokens),
    maxOutputTokens: summary === null ? asks.maxOutputTokens : larger(asks.maxOutputTokens, summary.maxOutputTokens),
  }
}

/** Null: one of them is not known. */
function larger(one: number | null, other: number | null): number | null {
  return one === null || other === null ? null : Math.max(one, other)
}

/** All model uses of a graph. Order: as nodes. */
export function modelUses(graph: Graph): readonly ModelUse[] {
  return Object.values(graph.nodes).flatMap((node) => modelUseOf(node) ?? [])
}

/** All model uses of a graph and of what is nested in it. */
export function everyModelUse(graph: Graph): readonly ModelUse[] {
  return graphsOf(graph).flatMap((one) => modelUses(one))
}

/** The price of a model by the name agents use, or by its own; null: not known. */
export function priceOf(model: string, { models, prices }: CheckOptions): ModelPrice | null {
  const own = models !== undefined && Object.hasOwn(models, model) ? models[model]?.name : undefined
  return prices?.[model] ?? (own === undefined ? undefined : prices?.[own]) ?? null
}
