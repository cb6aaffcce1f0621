import type { ModelPrice } from '../define/model.ts'
import { modelsOf, modelTermsOf } from '../graph/asked-models.ts'
import type { Graph, NodeRecord } from '../graph/graph.ts'
import type { CheckOptions } from './rule.ts'

/** A node that asks a model: an agent, or a gate with a reviewer. */
export interface ModelUse {
  readonly node: NodeRecord
  /** Its own model, then its fallbacks. */
  readonly models: readonly string[]
  /** Calls per visit. */
  readonly maxModelCalls: number
  readonly maxInputTokens: number | null
  readonly maxOutputTokens: number | null
}

/** What a node asks of a model; null: nothing. */
export function modelUseOf(node: NodeRecord): ModelUse | null {
  const asks = modelTermsOf(node)
  if (asks === null) return null
  const { maxModelCalls, maxInputTokens, maxOutputTokens } = asks
  return { node, models: modelsOf(node), maxModelCalls, maxInputTokens, maxOutputTokens }
}

/** All model uses of a graph. Order: as nodes. */
export function modelUses(graph: Graph): readonly ModelUse[] {
  return Object.values(graph.nodes).flatMap((node) => modelUseOf(node) ?? [])
}

/** The price of a model by the name agents use, or by its own; null: not known. */
export function priceOf(model: string, { models, prices }: CheckOptions): ModelPrice | null {
  const own = models !== undefined && Object.hasOwn(models, model) ? models[model]?.name : undefined
  return prices?.[model] ?? (own === undefined ? undefined : prices?.[own]) ?? null
}
