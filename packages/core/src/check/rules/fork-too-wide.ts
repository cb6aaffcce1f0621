import { errorAt, type Rule } from '../rule.ts'

/** A completion costs a look at every branch. */
const mostBranches = 64

/** F7: forks are narrow. */
export const forkTooWide: Rule = ({ regions }) =>
  [...regions.forks.values()]
    .filter(({ branches, isMeshed }) => !isMeshed && branches.length > mostBranches)
    .flatMap(({ branches, edges }) =>
      edges.map((edge) =>
        errorAt('WAYSTONE_DEFINITION_FORK_TOO_WIDE', {
          place: edge.place,
          message: `edge ${edge.id} forks into ${branches.length} branches; at most ${mostBranches} are allowed`,
          hint: 'Use a map over a list for work that is alike, or fork inside branches.',
        }),
      ),
    )
