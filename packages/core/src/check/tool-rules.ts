import type { GuardExpression, NodeRecord } from '../graph/graph.ts'

/** A condition of an agent on calls of one of its tools. */
export interface ToolCondition {
  readonly tool: string
  readonly when: GuardExpression
  /** Which of the tool's rules it is of: whether the tool is offered, or whether a person is asked. */
  readonly part: 'when' | 'approval.when'
}

/** Conditions of a node on its tools, with the tool each is for. Order: as written. */
export function toolConditions(node: NodeRecord): readonly ToolCondition[] {
  if (node.kind !== 'agent') return []
  return Object.entries(node.toolRules ?? {}).flatMap(([tool, { when, approval }]) => {
    const conditions: ToolCondition[] = when === undefined ? [] : [{ tool, when, part: 'when' }]
    if (typeof approval?.when === 'object') conditions.push({ tool, when: approval.when, part: 'approval.when' })
    return conditions
  })
}
