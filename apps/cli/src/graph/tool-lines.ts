import type { AgentRecord, Graph } from '@waystone/core'
import { guardText } from './edge-labels.ts'
import { labelWidth, maxTextWidth } from './label-widths.ts'

/** Measured, px; that of the drawing's small lines. */
const textSize = 11

/**
 * The tools of an agent, with what holds for calls of them: `look-up, refund (asks, after look-up, ≤ 1×)`.
 *
 * `asks`: a person is asked before a call runs; `asks if isLarge` where a guard says so, `asks by arguments` where a function does.
 *
 * @returns as few lines as a picture has room for in width; none when the agent has no tools
 */
export function toolLines(agent: AgentRecord, graph: Graph): readonly string[] {
  if (agent.tools.length === 0) return []
  return packed(agent.tools.map((tool) => toolText(tool, agent, graph)).join(', '))
}

function toolText(tool: string, { toolRules = {} }: AgentRecord, { tools }: Graph): string {
  const rule = Object.hasOwn(toolRules, tool) ? toolRules[tool] : undefined
  const own = Object.hasOwn(tools, tool) ? tools[tool]?.approval : undefined
  const approval = rule?.approval === undefined ? own : rule.approval
  const says = [
    approval === undefined || approval === null ? '' : `asks${asksIf(approval.when)}`,
    rule?.when === undefined ? '' : `if ${guardText(rule.when)}`,
    rule?.after === undefined || rule.after.length === 0 ? '' : `after ${rule.after.join(' and ')}`,
    rule?.maxCalls === undefined ? '' : `≤ ${rule.maxCalls}×`,
    rule?.alternates === undefined || rule.alternates.length === 0 ? '' : `else ${rule.alternates.join(' → ')}`,
  ].filter((part) => part !== '')
  return says.length === 0 ? tool : `${tool} (${says.join(', ')})`
}

type Approval = NonNullable<Graph['tools'][string]['approval']>

function asksIf(when: Approval['when']): string {
  if (when === 'always') return ''
  return when === 'arguments' ? ' by arguments' : ` if ${guardText(when)}`
}

/** Breaks a list after its commas. */
function packed(text: string): readonly string[] {
  const lines: string[] = []
  for (const part of text.split(/(?<=,) /)) {
    const longer = `${lines.at(-1) ?? ''} ${part}`
    if (lines.length === 0 || labelWidth(longer, textSize) > maxTextWidth) lines.push(part)
    else lines[lines.length - 1] = longer
  }
  return lines
}
