import type { EdgeRecord } from '../../graph/graph.ts'
import { formatTarget } from '../moves.ts'
import { canHold, formatGuard, isAbsorbing, takenWhen } from '../propositions.ts'
import { errorAt, type Rule } from '../rule.ts'

/** Every edge of a list can be taken: guards are reasoned about by their names, each true or false. */
export const shadowedEdge: Rule = ({ lists }) =>
  [...lists.values()].flatMap((list) =>
    list
      .filter((edge) => !canHold(takenWhen(list, edge)))
      .map((edge) =>
        errorAt('WAYSTONE_DEFINITION_SHADOWED_EDGE', {
          place: edge.place,
          message: `edge ${edge.id} to ${formatTarget(edge.to)} is never taken: ${reason(list, edge)}`,
          hint: `Take ${edge.id} out, change its guard, or move it before the edge that is taken instead.`,
        }),
      ),
  )

function reason(list: readonly EdgeRecord[], edge: EdgeRecord): string {
  const { when } = edge
  if (when !== null && !canHold(when)) return `its guard ${formatGuard(when)} cannot hold`
  const before = list.slice(0, list.indexOf(edge)).filter((other) => isAbsorbing(other))
  const unguarded = before.find((other) => other.when === null)
  if (unguarded !== undefined) return `${unguarded.id}, before it, has no guard`
  const covering = before.find((other) => !canHold({ all: [when ?? { all: [] }, { not: other.when ?? { all: [] } }] }))
  if (covering?.when && when !== null) {
    const [own, theirs] = [formatGuard(when), formatGuard(covering.when)]
    if (own === theirs) return `${covering.id}, before it, has the same guard ${own}`
    return `whenever ${own} holds, ${theirs} of ${covering.id} before it does too`
  }
  const guards = before.flatMap((other) => (other.when === null ? [] : [formatGuard(other.when)]))
  return `the guards before it (${guards.join('; ')}) leave nothing over`
}
