import type { EdgeRecord, Graph } from '../../graph/graph.ts'
import { warningAt, type Rule } from '../rule.ts'
import type { Finding } from '../report.ts'

/**
 * An unsafe tool runs because something was decided, not because nothing else was.
 *
 * A default edge is the last of a list, without guard, behind others; where a used-up limit leads is one too. A single edge is
 * not: its outcome was decided.
 */
export const defaultUnsafe: Rule = ({ graph }) =>
  graph.edges.flatMap((edge): Finding[] => {
    const findings: Finding[] = []
    for (const to of edge.fork?.branches ?? [edge.to]) {
      const tool = edge.index > 0 && edge.when === null ? unsafeTool(graph, to) : null
      if (tool !== null)
        findings.push(finding(edge, { to, tool, what: `edge ${edge.id} is the default of its outcome and` }))
    }
    const instead = edge.otherwise === null ? null : unsafeTool(graph, edge.otherwise)
    if (instead !== null) {
      findings.push(
        finding(edge, {
          to: edge.otherwise ?? '',
          tool: instead,
          what: `otherwise of edge ${edge.id}, taken when its limit is used up,`,
        }),
      )
    }
    return findings
  })

function unsafeTool(graph: Graph, target: string): string | null {
  const node = graph.nodes[target]
  return (node?.kind === 'tool' || node?.kind === 'map') && node.effect === 'unsafe' ? node.tool : null
}

function finding(
  edge: EdgeRecord,
  { to, tool, what }: { readonly to: string; readonly tool: string; readonly what: string },
): Finding {
  return warningAt('WAYSTONE_DEFINITION_DEFAULT_UNSAFE', {
    place: edge.place,
    message: `${what} leads to "${to}", which runs the unsafe tool "${tool}"`,
    hint: `Guard the edge to "${to}", and let the default lead to a person or an end.`,
  })
}
