import { speaks } from '../../graph/speaks.ts'
import { reaching } from '../moves.ts'
import { errorAt, type Rule } from '../rule.ts'
import type { Finding } from '../report.ts'

/** Whatever a node hears may come before it on some path. */
export const hearsNothing: Rule = (subject) => {
  const { graph } = subject
  const findings: Finding[] = []
  for (const node of Object.values(graph.nodes)) {
    if (node.hears.length === 0) continue
    const before = new Set<string>()
    for (const source of subject.moveGraph.inNeighbors(node.id))
      for (const id of reaching(subject, [source])) before.add(id)
    for (const heard of node.hears) {
      const record = graph.nodes[heard]
      if (before.has(heard) && speaks(record)) continue
      const why =
        record === undefined
          ? 'which is not a node'
          : speaks(record)
            ? 'which never comes before it'
            : `which is ${record.kind === 'agent' ? 'an agent that hands over to nobody' : `a ${record.kind} and gives no verdict`}`
      findings.push(
        errorAt('WAYSTONE_DEFINITION_HEARS_NOTHING', {
          place: node.place,
          message: `node "${node.id}" hears "${heard}", ${why}`,
          hint: `Take "${heard}" out of hears, or lead an edge from it towards "${node.id}".`,
        }),
      )
    }
  }
  return findings
}
