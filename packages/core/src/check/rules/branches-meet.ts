import { errorAt, listNames, type Rule } from '../rule.ts'

/** F1: where branches of a fork meet before their join, they can wait for one another. */
export const branchesMeet: Rule = ({ graph, regions }) =>
  [...regions.forks.values()].flatMap(({ join, branches, fault }) => {
    const first = graph.nodes[fault?.nodes[0] ?? '']
    if (fault === undefined || first === undefined) return []
    const meeting = branches.filter((branch) => branch.nodes.has(first.id)).map((branch) => branch.entry)
    const who =
      meeting.length > 1
        ? `the branches ${listNames(meeting)} both lead to ${listNames(fault.nodes)}, before they meet at "${join.id}", and these nodes`
        : `between the fork and "${join.id}", ${listNames(fault.nodes)}`
    return [
      errorAt('WAYSTONE_DEFINITION_BRANCHES_MEET_BEFORE_JOIN', {
        place: first.place,
        message: `${who} ${fault.why}`,
        hint: `A node where branches meet waits for all that lead to it, so no way may lead back to before it. Let each branch lead to "${join.id}" by nodes of its own, or make what goes round a nested workflow.`,
      }),
    ]
  })
