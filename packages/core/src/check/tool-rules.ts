import type { GuardExpression, NodeRecord } from '../graph/graph.ts'

/** Conditions of a node on its tools, with the tool each is for. Order: as written. */
export function toolConditions(node: NodeRecord): readonly { readonly tool: string; readonly when: GuardExpression }[] {
  if (node.kind !== 'agent') return []
  return Object.entries(node.toolRules ?? {}).flatMap(([tool, { when }]) =>
    when === undefined ? [] : [{ tool, when }],
  )
}
