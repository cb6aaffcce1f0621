import { endTarget, exhaustedTarget, failTarget } from '../../graph/graph.ts'
import { reaching, rootsOf, walkFrom, type Subject } from '../moves.ts'
import { errorAt, listNames, type Rule } from '../rule.ts'
import type { Finding } from '../report.ts'

/**
 * Every reachable node has a path to an end along edges that the author wrote, and the start has one to END.
 *
 * The implicit edges of `failed`, `timeout` and `unknown` do not count: with them nearly every node could fail.
 */
export const noEnd: Rule = (subject) => {
  const { graph } = subject
  const { reached } = walkFrom(subject, rootsOf(subject))
  const isDeclared = (move: { readonly edge: { readonly isImplicit: boolean } }): boolean => !move.edge.isImplicit
  const ending = reaching(subject, [endTarget, failTarget, exhaustedTarget], isDeclared)
  const stuck = Object.values(graph.nodes).filter((node) => reached.has(node.id) && !ending.has(node.id))
  const findings = stuck.map((node) => {
    const closed = walkFrom(subject, [node.id], isDeclared).reached
    const nodes = [...closed].filter((id) => graph.nodes[id] !== undefined)
    return errorAt('WAYSTONE_DEFINITION_NO_END', {
      place: node.place,
      message: `node "${node.id}" has no path to an end: its edges only lead to ${listNames(nodes)}`,
      hint: 'Add an edge to END or FAIL from one of these nodes.',
    })
  })
  return findings.length > 0 ? findings : neverCompletes(subject, isDeclared)
}

function neverCompletes(subject: Subject, isDeclared: Parameters<typeof reaching>[2]): readonly Finding[] {
  const { graph } = subject
  if (graph.nodes[graph.start] === undefined) return []
  if (reaching(subject, [endTarget], isDeclared).has(graph.start)) return []
  return [
    errorAt('WAYSTONE_DEFINITION_NO_END', {
      place: graph.place,
      message: `workflow "${graph.name}" can never complete: no path from start "${graph.start}" leads to END`,
      hint: 'Lead at least one outcome to END.',
    }),
  ]
}
