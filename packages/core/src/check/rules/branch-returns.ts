import { errorAt, type Rule } from '../rule.ts'

/** F4: no branch leads back to before its own fork. */
export const branchReturns: Rule = ({ regions }) =>
  [...regions.forks.values()].flatMap(({ join, branches, edges }) =>
    edges.flatMap((edge) =>
      branches
        .filter(({ nodes }) => nodes.has(edge.from))
        .map(({ entry }) =>
          errorAt('WAYSTONE_DEFINITION_BRANCH_RETURNS_BEFORE_FORK', {
            place: edge.place,
            message: `the branch of "${entry}" leads back to "${edge.from}", which forks into it`,
            hint: `Lead to "${join.id}", and go back from there; or mark the edge back with cancelsFork: true.`,
          }),
        ),
    ),
  )
