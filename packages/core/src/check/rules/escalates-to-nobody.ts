import type { DecidersRecord } from '../../graph/graph.ts'
import { callApprovalOf, decidersOf } from '../../graph/tool-use.ts'
import { warningAt, type Rule } from '../rule.ts'

/** An escalation asks somebody who was not asked before. With a quorum of named persons it changes who is meant to look, and nobody who may decide. */
export const escalatesToNobody: Rule = ({ graph }) =>
  Object.values(graph.nodes).flatMap((node) => {
    const own =
      node.kind === 'approval' ? [{ path: node.place.path, deciders: decidersOf(graph, node, undefined) }] : []
    const tools = node.kind === 'agent' ? node.tools.filter((tool) => callApprovalOf(graph, node, tool) !== null) : []
    const calls = tools.map((tool) => ({
      path: `${node.place.path}.tools.${tool}`,
      deciders: decidersOf(graph, node, tool),
    }))
    return [...own, ...calls]
      .filter(({ deciders }) => movesNobody(deciders))
      .map(({ path, deciders }) => {
        const of = deciders.quorum?.of?.join(', ') ?? ''
        const roles = (deciders.escalations ?? []).map(({ role }) => `"${role}"`).join(', ')
        return warningAt('WAYSTONE_DEFINITION_ESCALATES_TO_NOBODY', {
          place: { ...node.place, path },
          message: `what "${node.id}" asks is escalated to ${roles}, but only ${of} may decide it: after the escalation nobody else may`,
          hint: 'Name in `delegates` who may decide for whom then, or leave `of` out so that anybody counts.',
        })
      })
  })

/** Delegates are others, who may be meant. */
function movesNobody({ quorum, escalations = [], delegates = [] }: DecidersRecord): boolean {
  return escalations.length > 0 && delegates.length === 0 && quorum !== undefined && quorum.of !== null
}
