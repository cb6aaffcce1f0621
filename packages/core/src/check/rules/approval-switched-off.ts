import type { Graph } from '../../graph/graph.ts'
import { toolRuleOf } from '../../graph/tool-use.ts'
import { warningAt, type Rule } from '../rule.ts'

/**
 * An agent that switches off what a tool asks says somewhere when the tool may run: nobody is asked about its calls then.
 *
 * A policy about the tool says it, and is proven instead.
 */
export const approvalSwitchedOff: Rule = ({ graph }) => {
  const guarded = new Set(graph.policies.map(({ never }) => never))
  return Object.values(graph.nodes).flatMap((node) =>
    askingTools(graph)
      .filter((tool) => !guarded.has(tool) && toolRuleOf(node, tool)?.approval === null)
      .map((tool) =>
        warningAt('WAYSTONE_DEFINITION_APPROVAL_SWITCHED_OFF', {
          place: { ...node.place, path: `${node.place.path}.toolRules.${tool}.approval` },
          message: `agent "${node.id}" calls "${tool}" without asking anybody, which the tool itself asks about`,
          hint: `Leave \`approval: false\` out, ask under a condition, or say with a policy when "${tool}" may run.`,
        }),
      ),
  )
}

function askingTools({ tools }: Graph): readonly string[] {
  return Object.values(tools).flatMap(({ name, approval }) => (approval === undefined ? [] : [name]))
}
