import { own } from '../base/own.ts'
import type {
  CallApprovalRecord,
  DecidersRecord,
  EffectClass,
  Graph,
  NodeRecord,
  RetryRecord,
  ToolRuleRecord,
} from './graph.ts'

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

/** Who decides what is asked by a node, or about one of its calls. */
export function decidersOf(graph: Graph, node: NodeRecord, tool: string | undefined): DecidersRecord {
  if (node.kind === 'approval') return node
  return (tool === undefined ? null : callApprovalOf(graph, node, tool)) ?? nobodyInParticular
}

const nobodyInParticular: DecidersRecord = Object.freeze({})

/** How a person is asked before a node's calls of a tool run; null: nobody is asked. What the agent says goes before what the tool says. */
export function callApprovalOf(graph: Graph, node: NodeRecord, tool: string): CallApprovalRecord | null {
  if (node.kind !== 'agent') return null
  const said = toolRuleOf(node, tool)?.approval
  return said === undefined ? (own(graph.tools, tool)?.approval ?? null) : said
}
