import { failTarget, forkTarget, personTarget, type Target } from '../../graph/graph.ts'
import { formatTarget, type Move } from '../moves.ts'
import { errorAt, type Rule } from '../rule.ts'

/**
 * F3: a branch ends at its join. FAIL fails the branch; whatever else leads out of the fork says `cancelsFork`.
 *
 * Nodes are in the branch as soon as an edge of it leads to them, so what is outside are ends and joins of other forks.
 */
export const branchLeaves: Rule = ({ regions, moves }) =>
  [...regions.forks.values()].flatMap(({ join, branches, isMeshed, nodes: all }) =>
    branches.flatMap(({ entry, nodes }) => {
      const isAllowed = ({ to, edge }: Move): boolean =>
        (isMeshed ? all : nodes).has(to) || to === join.id || isInside(to) || edge.cancelsFork === true
      // A node in several forks is looked at for the innermost.
      const own = moves.filter((move) => regions.homes.get(move.from)?.at(-1)?.join === join.id && nodes.has(move.from))
      return own
        .filter((move) => !isAllowed(move))
        .map((move) =>
          errorAt('WAYSTONE_DEFINITION_BRANCH_LEAVES_FORK', {
            place: move.edge.place,
            message: `edge ${move.id} leads to ${formatTarget(move.to)} and out of the branch of "${entry}", while other branches go on`,
            hint: `Lead to "${join.id}" instead, or write cancelsFork: true to end the other branches.`,
          }),
        )
    }),
  )

function isInside(to: Target): boolean {
  return to === failTarget || to === personTarget || to === forkTarget
}
