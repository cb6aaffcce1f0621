import { own } from '../../base/own.ts'
import type { AgentRecord, Graph, RetryRecord } from '../../graph/graph.ts'
import { callApprovalOf, callRetryOf, toolRuleOf } from '../../graph/tool-use.ts'

/** A tool that a call may run, with how often it may be tried. */
export interface CallableTool {
  readonly name: string
  readonly retry: RetryRecord
  /** Null: none. Undefined: there is no such tool. */
  readonly timeoutMs: number | null | undefined
}

const once: RetryRecord = { attempts: 1, backoffMs: 0, factor: 1, maxBackoffMs: 0, jitter: 0 }

/** What one call of a tool may run: the tool, then each of its alternates. */
export function chainOf(graph: Graph, node: AgentRecord, tool: string): readonly CallableTool[] {
  return [tool, ...(toolRuleOf(node, tool)?.alternates ?? [])].map((name) => ({
    name,
    retry: callRetryOf(graph, node, name) ?? once,
    timeoutMs: own(graph.tools, name)?.timeoutMs,
  }))
}

/**
 * What so many calls of an agent's tools cost at most, when each tool may be called only as often as its rule says.
 *
 * @param calls - calls of a visit
 * @param what - `steps`: one for each tool that a call runs. `attempts`: each try of each of them.
 */
export function mostCalls(
  graph: Graph,
  node: AgentRecord,
  { calls, what }: { readonly calls: number; readonly what: 'steps' | 'attempts' },
): number {
  const tools = node.tools.map((tool) => {
    const chain = chainOf(graph, node, tool)
    // A call that a person rejects is none, but the question was a step.
    const isBounded = what === 'attempts' || callApprovalOf(graph, node, tool) === null
    return {
      most: (isBounded ? toolRuleOf(node, tool)?.maxCalls : undefined) ?? Infinity,
      each: what === 'steps' ? chain.length : chain.reduce((sum, { retry }) => sum + retry.attempts, 0),
    }
  })
  let left = calls
  let sum = 0
  for (const { most, each } of tools.toSorted((one, other) => other.each - one.each)) {
    const taken = Math.min(most, left)
    sum += taken * each
    left -= taken
  }
  return sum
}
