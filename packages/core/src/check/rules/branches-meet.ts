import { errorAt, listNames, type Rule } from '../rule.ts'

/** F1: branches of a fork share no node; they meet at their join. */
export const branchesMeet: Rule = ({ graph, regions }) =>
  [...regions.forks.values()].flatMap(({ join, branches }) => {
    const shared = Object.keys(graph.nodes).filter(
      (node) => branches.filter((branch) => branch.nodes.has(node)).length > 1,
    )
    const first = graph.nodes[shared[0] ?? '']
    if (first === undefined) return []
    const meeting = branches.filter((branch) => branch.nodes.has(first.id)).map((branch) => branch.entry)
    return [
      errorAt('WAYSTONE_DEFINITION_BRANCHES_MEET_BEFORE_JOIN', {
        place: first.place,
        message: `the branches ${listNames(meeting)} both lead to ${listNames(shared)}, before they meet at "${join.id}"`,
        hint: `Let each branch lead to "${join.id}" by nodes of its own, and put what they share behind it.`,
      }),
    ]
  })
