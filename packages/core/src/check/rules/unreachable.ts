import { rootsOf, walkFrom } from '../moves.ts'
import { errorAt, type Rule } from '../rule.ts'

/** Every node is on some path from the start, or on one from where the workflow's limits lead. */
export const unreachable: Rule = (subject) => {
  const { graph } = subject
  const { reached } = walkFrom(subject, rootsOf(subject))
  return Object.values(graph.nodes)
    .filter((node) => !reached.has(node.id))
    .map((node) => {
      const sources = subject.moves
        .filter((move) => move.to === node.id && move.from !== node.id)
        .map((move) => move.id)
      const found =
        sources.length === 0 ? 'no edge leads to it' : `only ${sources.join(', ')} of unreachable nodes lead to it`
      return errorAt('WAYSTONE_DEFINITION_UNREACHABLE', {
        place: node.place,
        message: `node "${node.id}" is not reachable from start "${graph.start}": ${found}`,
        hint: `Add an edge to "${node.id}" from a node that is reached, or take the node out.`,
      })
    })
}
