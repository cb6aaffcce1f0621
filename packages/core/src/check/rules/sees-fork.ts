import { errorAt, type Rule } from '../rule.ts'

/** Only in a branch of a fork can a node see the state as it was when the fork was taken. */
export const seesFork: Rule = ({ graph, regions }) =>
  Object.values(graph.nodes)
    .filter((node) => node.sees === 'fork' && !regions.homes.has(node.id))
    .map((node) =>
      errorAt('WAYSTONE_DEFINITION_SEES_NO_FORK', {
        place: node.place,
        message: `node "${node.id}" sees the state as it was at the fork, and is in no branch of one`,
        hint: "Take sees: 'fork' out, or fork into the branch that it is in.",
      }),
    )
