import { own } from '../../base/own.ts'
import type { AgentRecord } from '../../graph/graph.ts'
import { canHold, formatGuard } from '../propositions.ts'
import { errorAt, type Rule } from '../rule.ts'

/**
 * Every tool of an agent can be called at some time: its condition can hold, and the tools it comes after can be called
 * before it, and it may be called at all (`maxCalls` is not 0).
 */
export const toolNeverCalled: Rule = ({ graph }) =>
  Object.values(graph.nodes).flatMap((node) =>
    node.kind === 'agent' && node.toolRules !== undefined
      ? deadTools(node).map(({ tool, because }) =>
          errorAt('WAYSTONE_DEFINITION_TOOL_NEVER_CALLED', {
            place: { ...node.place, path: `${node.place.path}.toolRules.${tool}` },
            message: `agent "${node.id}" can never call "${tool}": ${because}`,
            hint: `Change the rule, or leave "${tool}" out of the tools of "${node.id}".`,
          }),
        )
      : [],
  )

interface DeadTool {
  readonly tool: string
  readonly because: string
}

function deadTools(node: AgentRecord): readonly DeadTool[] {
  const rules = node.toolRules ?? {}
  const callable = new Set<string>()
  const waitsFor = (tool: string): readonly string[] =>
    (own(rules, tool)?.after ?? []).filter((name) => !callable.has(name))
  const isOpen = (tool: string): boolean => {
    const rule = own(rules, tool)
    return rule?.maxCalls !== 0 && (rule?.when === undefined || canHold(rule.when))
  }
  for (let before = -1; before !== callable.size;) {
    before = callable.size
    for (const tool of node.tools) if (isOpen(tool) && waitsFor(tool).length === 0) callable.add(tool)
  }
  return node.tools.flatMap((tool): DeadTool[] => {
    const rule = own(rules, tool)
    if (callable.has(tool) || rule === undefined) return []
    if (rule.maxCalls === 0) return [{ tool, because: 'its `maxCalls` is 0' }]
    if (rule.when !== undefined && !canHold(rule.when))
      return [{ tool, because: `its condition ${formatGuard(rule.when)} cannot hold` }]
    const names = waitsFor(tool).map((name) => `"${name}"`)
    return [{ tool, because: `it comes after ${names.join(' and ')}, which can never be called before it` }]
  })
}
