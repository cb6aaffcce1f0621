import { personTarget, type Graph, type NodeRecord, type RetryRecord } from '../../graph/graph.ts'
import { callRetryOf } from '../../graph/tool-use.ts'
import { modelUseOf, priceOf, type ModelUse } from '../model-use.ts'
import type { BoundName } from '../report.ts'
import type { CheckOptions } from '../rule.ts'

/** Work of one visit at most, in whole units: a number, or why it is not known. Cost is in {@link nanoUsd}. */
export type Work = number | { readonly unknown: string }

/** What the work of a node depends on beside the node. */
export interface WorkSite {
  readonly graph: Graph
  readonly options: CheckOptions
  /** Nodes about whose unknown outcome a person is asked. */
  readonly asked: ReadonlySet<string>
}

/** The site of a graph. */
export function workSite(graph: Graph, options: CheckOptions): WorkSite {
  const asked = graph.edges.filter((edge) => edge.to === personTarget).map((edge) => edge.from)
  return { graph, options, asked: new Set(asked) }
}

/** USD in whole billionths, so that sums are exact. */
export const nanoUsd = 1e9

/**
 * What one visit of a node does at most.
 *
 * A step is a node's work, or one model call or tool call inside an agent; attempts of it are no steps. An agent makes at most
 * `maxModelCalls` model calls a visit, repairs and attempts included, and after each at most `maxCallsPerTurn` tool calls, each
 * with its tool's attempts.
 */
export function workOf(name: BoundName, node: NodeRecord, site: WorkSite): Work {
  if (node.kind === 'join') return 0
  const use = modelUseOf(node)
  switch (name) {
    case 'steps':
      return use === null ? 1 : use.maxModelCalls * (1 + callsPerTurn(node))
    case 'modelCalls':
      return use?.maxModelCalls ?? 0
    case 'toolCalls':
      return toolCalls(node, site.graph)
    case 'tokens':
      return use === null ? 0 : scale(tokensPerCall(use), use.maxModelCalls)
    case 'costUsd':
      return use === null ? 0 : scale(costPerCall(use, site.options), use.maxModelCalls)
    case 'durationMs':
      return duration(node, site)
  }
}

/** Tool calls that one answer of the node's model may start; 0 for nodes that have no tools. */
export function callsPerTurn(node: NodeRecord): number {
  return node.kind === 'agent' && node.tools.length > 0 ? node.maxCallsPerTurn : 0
}

/** Tokens of one call, input and output. */
export function tokensPerCall({ node, maxInputTokens, maxOutputTokens }: ModelUse): Work {
  if (maxInputTokens === null) return { unknown: `"${node.id}" has no maxInputTokens` }
  if (maxOutputTokens === null) return { unknown: `"${node.id}" has no maxOutputTokens` }
  return maxInputTokens + maxOutputTokens
}

/** Cost of one call in {@link nanoUsd}, rounded up: of the dearest model that the node may ask. */
export function costPerCall(use: ModelUse, options: CheckOptions): Work {
  let dearest = 0
  for (const model of use.models) {
    const price = priceOf(model, options)
    if (price === null) return { unknown: `no price for model "${model}"` }
    const input = Math.max(price.inputUsd, price.cachedInputUsd ?? 0) * (use.maxInputTokens ?? 0)
    const output = price.outputUsd * (use.maxOutputTokens ?? 0)
    dearest = Math.max(dearest, Math.ceil(((input + output) / 1e6) * nanoUsd))
  }
  const tokens = tokensPerCall(use)
  return typeof tokens === 'number' ? dearest : tokens
}

function scale(work: Work, by: number): Work {
  return typeof work === 'number' ? work * by : work
}

function toolCalls(node: NodeRecord, graph: Graph): number {
  if (node.kind === 'tool') return node.retry.attempts
  if (node.kind !== 'agent') return 0
  const attempts = node.tools.reduce((most, tool) => Math.max(most, callRetryOf(graph, node, tool)?.attempts ?? 1), 1)
  return node.maxModelCalls * callsPerTurn(node) * attempts
}

function duration(node: NodeRecord, { graph, asked }: WorkSite): Work {
  if (node.kind === 'approval') return node.expiresInMs ?? { unknown: `approval "${node.id}" does not expire` }
  if (asked.has(node.id)) {
    return { unknown: `a person may be asked what became of "${node.id}"` }
  }
  if (node.timeoutMs === null) return { unknown: `"${node.id}" has no timeout` }
  const use = modelUseOf(node)
  if (use === null) return attemptsTime(node.retry, node.timeoutMs)
  const calls = use.maxModelCalls
  const asking = calls * node.timeoutMs + (calls - 1) * waitBefore(node.retry, node.retry.attempts)
  const tools = node.kind === 'agent' ? node.tools : []
  let slowest = 0
  for (const name of tools) {
    const tool = graph.tools[name]
    if (tool === undefined) continue
    if (tool.timeoutMs === null) return { unknown: `tool "${name}" has no timeout` }
    slowest = Math.max(slowest, attemptsTime(callRetryOf(graph, node, name) ?? tool.retry, tool.timeoutMs))
  }
  const parallel = (node.kind === 'agent' ? node.maxParallelCalls : undefined) ?? Infinity
  const rounds = Math.max(1, Math.ceil(callsPerTurn(node) / parallel))
  return Math.ceil(asking + calls * rounds * slowest)
}

function attemptsTime(retry: RetryRecord, timeoutMs: number): number {
  let sum = retry.attempts * timeoutMs
  for (let attempt = 2; attempt <= retry.attempts; attempt++) sum += waitBefore(retry, attempt)
  return Math.ceil(sum)
}

/** Longest wait before an attempt, from 2. Jitter only shortens it. */
function waitBefore(retry: RetryRecord, attempt: number): number {
  return attempt < 2 ? 0 : Math.min(retry.maxBackoffMs, retry.backoffMs * retry.factor ** (attempt - 2))
}
