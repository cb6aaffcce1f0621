import { compensationsOf } from '../../graph/compensations.ts'
import type { Graph, NodeRecord, PolicyRecord } from '../../graph/graph.ts'
import { findBreaches } from '../policy/breach.ts'
import { formatPath } from '../moves.ts'
import { errorAt, type Rule } from '../rule.ts'
import type { Finding } from '../report.ts'

/**
 * A tool whose calls people are asked about runs as a node only where somebody has approved: a node asks nobody by itself.
 *
 * A policy about the tool says what is wanted, and is proven instead.
 */
export const toolAsksNobody: Rule = (subject) => {
  const { graph } = subject
  const guarded = new Set(graph.policies.map(({ never }) => never))
  const asked = Object.values(graph.tools)
    .filter(({ name, approval }) => approval !== undefined && !guarded.has(name))
    .flatMap(({ name, place }) => {
      const policy: PolicyRecord = { never: name, without: 'approval', given: null, place }
      return findBreaches(subject, policy, { forgets: true })
        .filter(({ runner: { node } }) => node.kind !== 'agent' && (node.kind !== 'map' || node.asks === undefined))
        .map(({ runner, path, lost }) => {
          const { id } = runner.node
          const way = path.length === 0 ? `"${id}" is where the run starts` : formatPath(path, id)
          return errorAt('WAYSTONE_DEFINITION_TOOL_ASKS_NOBODY', {
            place: runner.node.place,
            message: `node "${id}" runs tool "${name}", about whose calls a person is asked, and nobody is asked on the path: ${way}${lost === null ? '' : `; ${lost}`}`,
            hint: `Lead every path to "${id}" through an approval, or say with a policy when "${name}" may run.${itemHint(graph, runner.node, name)}`,
          })
        })
    })
  return [...asked, ...undoFindings(graph)]
}

/** Undoing asks nobody before it begins. */
function undoFindings(graph: Graph): Finding[] {
  return Object.values(graph.nodes).flatMap((node) =>
    compensationsOf(graph, node).flatMap(({ record }): Finding[] => {
      if (record.kind !== 'tool' || graph.tools[record.tool]?.approval === undefined) return []
      return [
        errorAt('WAYSTONE_DEFINITION_TOOL_ASKS_NOBODY', {
          place: record.place,
          message: `tool "${record.tool}" undoes what "${node.id}" did, and nobody is asked about that, as its calls should be`,
          hint: `Let another tool undo "${node.id}", one that needs no approval.`,
        }),
      ]
    }),
  )
}

/** One yes is for one call. */
function itemHint({ tools }: Graph, { kind }: NodeRecord, name: string): string {
  if (kind !== 'map') return ''
  const which = tools[name]?.approval?.when === 'arguments' ? 'each item of which its `when` says so' : 'each item'
  return ` Or give the map \`approval: true\`: ${which} is asked about.`
}
