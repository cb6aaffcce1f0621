import { own } from '../base/own.ts'
import type { EffectClass, Graph, NodeRecord, RetryRecord, ToolRuleRecord } from './graph.ts'

/** The agent's rule for one of its tools. */
export function toolRuleOf(node: NodeRecord, tool: string): ToolRuleRecord | undefined {
  return node.kind === 'agent' && node.toolRules !== undefined ? own(node.toolRules, tool) : undefined
}

/** How careful calls of a tool by an agent are: the tool's class, or a stricter one of the agent. */
export function callEffectOf(graph: Graph, node: NodeRecord, tool: string): EffectClass {
  return toolRuleOf(node, tool)?.effect ?? own(graph.tools, tool)?.effect ?? 'unsafe'
}

/** The retry policy of calls of a tool by an agent; undefined when there is no such tool. */
export function callRetryOf(graph: Graph, node: NodeRecord, tool: string): RetryRecord | undefined {
  return toolRuleOf(node, tool)?.retry ?? own(graph.tools, tool)?.retry
}
