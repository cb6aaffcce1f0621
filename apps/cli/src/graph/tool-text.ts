import { compensationsOf, type AgentRecord, type Graph } from '@waystone/core'
import { guardText } from './edge-labels.ts'
import { undoText } from './node-text.ts'

/**
 * The tools of an agent, with what holds for calls of them: `look-up, refund (asks, after look-up, ≤ 1×)`.
 *
 * `asks`: a person is asked before a call runs; `asks if isLarge` where a guard says so, `asks by arguments` where a function does.
 *
 * @returns empty when the agent has no tools
 */
export function toolText(agent: AgentRecord, graph: Graph): string {
  return agent.tools.map((tool) => oneToolText(tool, agent, graph)).join(', ')
}

function oneToolText(tool: string, agent: AgentRecord, graph: Graph): string {
  const { toolRules = {} } = agent
  const { tools } = graph
  const rule = Object.hasOwn(toolRules, tool) ? toolRules[tool] : undefined
  const own = Object.hasOwn(tools, tool) ? tools[tool]?.approval : undefined
  const approval = rule?.approval === undefined ? own : rule.approval
  const says = [
    approval === undefined || approval === null ? '' : `asks${asksIf(approval.when)}`,
    rule?.when === undefined ? '' : `if ${guardText(rule.when)}`,
    rule?.after === undefined || rule.after.length === 0 ? '' : `after ${rule.after.join(' and ')}`,
    rule?.maxCalls === undefined ? '' : `≤ ${rule.maxCalls}×`,
    undoText(compensationsOf(graph, agent).find((undone) => undone.tool === tool)?.record),
    rule?.alternates === undefined || rule.alternates.length === 0 ? '' : `else ${rule.alternates.join(' → ')}`,
  ].filter((part) => part !== '')
  return says.length === 0 ? tool : `${tool} (${says.join(', ')})`
}

type Approval = NonNullable<Graph['tools'][string]['approval']>

function asksIf(when: Approval['when']): string {
  if (when === 'always') return ''
  return when === 'arguments' ? ' by arguments' : ` if ${guardText(when)}`
}
