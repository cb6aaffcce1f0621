import { handoffOf } from '../../graph/handoff.ts'
import { listName } from '../moves.ts'
import { formatGuard } from '../propositions.ts'
import { errorAt, type Rule } from '../rule.ts'
import type { Finding } from '../report.ts'

/**
 * Every outcome has edges, and the last of them is taken whenever no other was: it has no guard, and no limit without `otherwise`. A handoff
 * is offered and made only while one of its edges can be taken, so it needs no such edge.
 */
export const totalRouting: Rule = ({ graph, lists }) =>
  Object.values(graph.nodes).flatMap((node) =>
    node.outcomes.flatMap((outcome): Finding[] => {
      const last = lists.get(listName(node.id, outcome))?.at(-1)
      if (last === undefined) {
        return [
          errorAt('WAYSTONE_DEFINITION_MISSING_EDGE', {
            place: node.place,
            message: `outcome "${outcome}" of "${node.id}" is not routed`,
            hint: `Add edges.${node.id}.${outcome}.`,
          }),
        ]
      }
      if (handoffOf(node, outcome) !== undefined) return []
      if (last.when !== null) {
        return [
          errorAt('WAYSTONE_DEFINITION_NO_DEFAULT', {
            place: last.place,
            message: `outcome "${outcome}" of "${node.id}" has no default: its last edge ${last.id} is only taken when ${formatGuard(last.when)} holds`,
            hint: 'Add a last edge without guard.',
          }),
        ]
      }
      if (last.limit === null || last.otherwise !== null) return []
      return [
        errorAt('WAYSTONE_DEFINITION_LIMIT_WITHOUT_OTHERWISE', {
          place: last.place,
          message: `edge ${last.id} is the last of its outcome and can be taken ${times(last.limit.max)}; nothing says where to go then`,
          hint: `Give ${last.id} an otherwise, e.g. otherwise: END, or add a last edge without limit.`,
        }),
      ]
    }),
  )

function times(max: number): string {
  if (max === 0) return 'never'
  return max === 1 ? 'once' : `${max} times`
}
