import {
  personTarget,
  type Graph,
  type LimitRecord,
  type MapRecord,
  type NodeRecord,
  type RetryRecord,
  type WaitRecord,
} from '../../graph/graph.ts'
import { chainOf, mostCalls } from './tool-calls.ts'
import { modelUseOf, priceOf, type ModelUse } from '../model-use.ts'
import { callCost, nanoUsd, tokensPerCall, type Work } from '../call-cost.ts'
import type { BoundAmount, BoundName, Bounds } from '../report.ts'
import type { CheckOptions } from '../rule.ts'

/** What the work of a node depends on beside the node. */
export interface WorkSite {
  readonly graph: Graph
  readonly options: CheckOptions
  /** Nodes about whose unknown outcome a person is asked. */
  readonly asked: ReadonlySet<string>
  /** Worst cases of nested workflows, by their name. */
  readonly nested: ReadonlyMap<string, Bounds>
}

/** The site of a graph. */
export function workSite(graph: Graph, options: CheckOptions, nested: WorkSite['nested'] = new Map()): WorkSite {
  const asked = graph.edges.filter((edge) => edge.to === personTarget).map((edge) => edge.from)
  return { graph, options, asked: new Set(asked), nested }
}

/**
 * What one visit of a node does at most.
 *
 * A step is a node's work, or one model call or tool call inside an agent; attempts of it are no steps. An agent makes at most
 * `maxModelCalls` model calls a visit, repairs and attempts included, and after each at most `maxCallsPerTurn` tool calls, each
 * with its tool's attempts. A nested workflow takes one step beside its own, in each item of a map that runs one.
 */
export function workOf(name: BoundName, node: NodeRecord, site: WorkSite): Work {
  if (node.kind === 'join') return 0
  if (node.kind === 'workflow') return nestedWork(name, { node, workflow: node.workflow }, site)
  if (node.kind === 'map' && node.workflow !== undefined)
    return itemsWork(name, node, nestedWork(name, { node, workflow: node.workflow }, site))
  const use = modelUseOf(node)
  const work = workWithoutLimits(name, node, site)
  const limit = node.kind === 'agent' && name !== 'steps' ? node.limits?.[name] : undefined
  return limit === undefined || use === null ? work : withinLimit(name, work, { limit, node, use, site })
}

/** Why an amount is not known, as part of a longer sentence. */
export function reasonOf({ note }: BoundAmount): string {
  return note?.replace(/^unknown: /, '') ?? 'unknown'
}

interface Holder {
  readonly node: NodeRecord
  readonly workflow: string
}

function nestedWork(name: BoundName, { node, workflow }: Holder, { nested }: WorkSite): Work {
  const amount = nested.get(workflow)?.[name].limited
  if (amount === undefined) return { unknown: `no workflow "${workflow}" is nested` }
  if (amount.max === null || amount.note !== null)
    return { unknown: `nested workflow "${node.id}" (${reasonOf(amount)})` }
  if (name === 'costUsd') return Math.ceil(Math.round(amount.max * nanoUsd * 1000) / 1000)
  return name === 'steps' ? amount.max + 1 : amount.max
}

/** Items that are nested workflows, each with its attempts. @param one - of one attempt of one item, the step that holds it included */
function itemsWork(name: BoundName, { maxItems, concurrency, retry }: MapRecord, one: Work): Work {
  if (typeof one !== 'number') return one
  // The step that holds an item is the same in all of its attempts. One step makes the list, one applies the results.
  if (name === 'steps') return maxItems * (1 + retry.attempts * (one - 1)) + 2
  if (name === 'durationMs') return Math.ceil(maxItems / concurrency) * attemptsTime(retry, one)
  return maxItems * retry.attempts * one
}

function workWithoutLimits(name: BoundName, node: NodeRecord, site: WorkSite): Work {
  const use = modelUseOf(node)
  switch (name) {
    case 'steps':
      // A step makes the list, one applies the results.
      if (node.kind === 'map') return node.maxItems + 2
      return use === null ? 1 : callsPerVisit(use) + callSteps(node, use, site.graph)
    case 'modelCalls':
      return use === null ? 0 : callsPerVisit(use)
    case 'toolCalls':
      return toolCalls(node, site.graph)
    case 'tokens':
      return use === null ? 0 : scale(tokensPerCall(use), callsPerVisit(use))
    case 'costUsd':
      return use === null ? 0 : scale(costPerCall(use, site.options), callsPerVisit(use))
    case 'durationMs':
      return duration(node, site)
  }
}

/** Model calls that a visit may make. */
function callsPerVisit({ node, maxModelCalls }: ModelUse): number {
  return Math.min(maxModelCalls, (node.kind === 'agent' ? node.limits?.modelCalls?.max : undefined) ?? Infinity)
}

interface OwnLimit {
  readonly limit: LimitRecord
  readonly node: NodeRecord
  readonly use: ModelUse
  readonly site: WorkSite
}

/** How far a visit gets before a limit of the agent's own stops it: calls under way then may go beyond it. */
function withinLimit(name: BoundName, work: Work, { limit, node, use, site }: OwnLimit): Work {
  if (name === 'durationMs') return typeof work === 'number' ? Math.min(work, limit.max) : limit.max
  if (typeof work !== 'number') return work
  const isAfter = limit.check === 'after'
  if (name === 'toolCalls') return Math.min(work, limit.max + (isAfter ? Math.max(0, callsPerTurn(node) - 1) : 0))
  if (name === 'modelCalls') return Math.min(work, limit.max)
  const call = name === 'tokens' ? tokensPerCall(use) : costPerCall(use, site.options)
  const max = name === 'costUsd' ? Math.round(limit.max * nanoUsd) : limit.max
  return Math.min(work, max + (isAfter && typeof call === 'number' ? call : 0))
}

/** Steps that one move inside a node may open: tool calls of one answer of an agent's model, or items of a map; 0 for other nodes. */
export function openedAtOnce(node: NodeRecord): number {
  return node.kind === 'map' ? Math.min(node.concurrency, node.maxItems) : callsPerTurn(node)
}

/** Steps that an agent's calls of tools may take in a visit. */
export function callsOf(node: NodeRecord, { graph }: WorkSite): number {
  const use = modelUseOf(node)
  return use === null ? 0 : callSteps(node, use, graph)
}

/** Tool calls that one answer of the node's model may start; 0 for nodes that have no tools. */
function callsPerTurn(node: NodeRecord): number {
  return node.kind === 'agent' && node.tools.length > 0 ? node.maxCallsPerTurn : 0
}

/** {@link callCost} at the prices that were given. */
export function costPerCall(use: ModelUse, options: CheckOptions): Work {
  return callCost(use, (model) => priceOf(model, options))
}

function scale(work: Work, by: number): Work {
  return typeof work === 'number' ? work * by : work
}

function toolCalls(node: NodeRecord, graph: Graph): number {
  if (node.kind === 'tool') return node.retry.attempts
  if (node.kind === 'map') return node.tool === null ? 0 : node.maxItems * node.retry.attempts
  if (node.kind !== 'agent') return 0
  const use = modelUseOf(node)
  const calls = use === null ? 0 : callsPerVisit(use) * callsPerTurn(node)
  return mostCalls(graph, node, { calls, what: 'attempts' })
}

function callSteps(node: NodeRecord, use: ModelUse, graph: Graph): number {
  const calls = callsPerVisit(use) * callsPerTurn(node)
  return node.kind === 'agent' ? mostCalls(graph, node, { calls, what: 'steps' }) : 0
}

function duration(node: NodeRecord, { graph, asked }: WorkSite): Work {
  if (node.kind === 'approval') return node.expiresInMs ?? { unknown: `approval "${node.id}" does not expire` }
  if (node.kind === 'wait') return waitingTime(node)
  if (asked.has(node.id)) {
    return { unknown: `a person may be asked what became of "${node.id}"` }
  }
  if (node.timeoutMs === null) return { unknown: `"${node.id}" has no timeout` }
  if (node.kind === 'map') return Math.ceil(node.maxItems / node.concurrency) * attemptsTime(node.retry, node.timeoutMs)
  const use = modelUseOf(node)
  if (use === null) return attemptsTime(node.retry, node.timeoutMs)
  const calls = callsPerVisit(use)
  const asking = calls * node.timeoutMs + (calls - 1) * waitBefore(node.retry, node.retry.attempts)
  const chains = node.kind === 'agent' ? node.tools.map((tool) => chainOf(graph, node, tool)) : []
  const endless = chains.flat().find(({ timeoutMs }) => timeoutMs === null)
  if (endless !== undefined) return { unknown: `tool "${endless.name}" has no timeout` }
  const times = chains.map((chain) =>
    chain.reduce((sum, { retry, timeoutMs }) => sum + attemptsTime(retry, timeoutMs ?? 0), 0),
  )
  const slowest = Math.max(0, ...times)
  const parallel = (node.kind === 'agent' ? node.maxParallelCalls : undefined) ?? Infinity
  const rounds = Math.max(1, Math.ceil(callsPerTurn(node) / parallel))
  return Math.ceil(asking + calls * rounds * slowest)
}

function waitingTime({ id, delayMs, until, expiresInMs }: WaitRecord): Work {
  if (until !== null) return { unknown: `wait "${id}" waits for a moment` }
  return delayMs ?? expiresInMs ?? { unknown: `wait "${id}" does not expire` }
}

/** Longest time of all attempts of one step, and of the waits between them, ms. */
export function attemptsTime(retry: RetryRecord, timeoutMs: number): number {
  let sum = retry.attempts * timeoutMs
  for (let attempt = 2; attempt <= retry.attempts; attempt++) sum += waitBefore(retry, attempt)
  return Math.ceil(sum)
}

/** Longest wait before an attempt, from 2. Jitter only shortens it. */
function waitBefore(retry: RetryRecord, attempt: number): number {
  return attempt < 2 ? 0 : Math.min(retry.maxBackoffMs, retry.backoffMs * retry.factor ** (attempt - 2))
}
