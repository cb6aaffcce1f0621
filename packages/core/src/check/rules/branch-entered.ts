import type { Place } from '../../errors/definition-error.ts'
import { errorAt, type Rule } from '../rule.ts'
import type { Finding } from '../report.ts'

/** F2: a branch is entered by its fork alone, at its first node. */
export const branchEntered: Rule = ({ graph, regions, moves, stalledTo }) =>
  [...regions.forks.values()].flatMap(({ join, branches }) =>
    branches.flatMap(({ entry, nodes }): readonly Finding[] => {
      const wrong = (node: string, place: Place, what: string): Finding =>
        errorAt('WAYSTONE_DEFINITION_BRANCH_ENTERED_FROM_OUTSIDE', {
          place,
          message: `${what} leads to "${node}", which is in the branch of "${entry}" and is reached by the fork that joins at "${join.id}" alone`,
          hint: `Lead to the node that forks, or to a node behind "${join.id}".`,
        })
      const found = moves
        .filter(
          (move) =>
            nodes.has(move.to) &&
            !nodes.has(move.from) &&
            // Branches that share nodes are another finding; those that wait for one another are entered by one another.
            !branches.some((branch) => branch.nodes.has(move.from)) &&
            !(move.isFork && move.edge.fork?.join === join.id),
        )
        .map((move) => wrong(move.to, move.edge.place, `edge ${move.id}`))
      if (nodes.has(graph.start)) found.push(wrong(graph.start, graph.place, 'the start of the run'))
      const { exhausted, place } = graph.limits
      for (const { name, to } of [{ name: 'limits.exhausted', to: exhausted }, ...stalledTo])
        if (nodes.has(to)) found.push(wrong(to, place, name))
      return found
    }),
  )
