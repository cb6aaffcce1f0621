import type { NodeRecord } from '../../graph/graph.ts'
import type { Branch, ForkRegion } from '../../graph/regions.ts'
import { toolConditions } from '../tool-rules.ts'
import { atomsOf } from '../propositions.ts'
import type { Subject } from '../moves.ts'
import { errorAt, listNames, type Rule } from '../rule.ts'
import type { Finding } from '../report.ts'

/** Two branches of a fork write one key only under a merge rule, and none reads what another one writes. */
export const parallelKeys: Rule = (subject) =>
  [...subject.regions.forks.values()].flatMap((region) => {
    const uses = region.branches.map((branch) => usesOf(subject, branch))
    return Object.keys(subject.graph.state).flatMap((key) => [
      ...writersOf(subject, { region, uses, key }),
      ...readersOf({ region, uses, key }),
    ])
  })

interface Use {
  readonly branch: Branch
  readonly writers: ReadonlyMap<string, NodeRecord>
  readonly readers: ReadonlyMap<string, { readonly place: NodeRecord['place']; readonly what: string }>
}

/** The first node of a branch that writes each key, and the first that reads it, guards of its edges included. */
function usesOf({ graph, lists }: Subject, branch: Branch): Use {
  const writers = new Map<string, NodeRecord>()
  const readers = new Map<string, { readonly place: NodeRecord['place']; readonly what: string }>()
  for (const name of branch.nodes) {
    const node = graph.nodes[name]
    if (node === undefined) continue
    for (const key of node.writes) if (!writers.has(key)) writers.set(key, node)
    for (const key of node.reads) if (!readers.has(key)) readers.set(key, { place: node.place, what: `node "${name}"` })
    for (const { tool, when } of toolConditions(node))
      for (const key of [...atomsOf(when)].flatMap((guard) => graph.guards[guard]?.reads ?? []))
        if (!readers.has(key))
          readers.set(key, { place: node.place, what: `the condition on tool "${tool}" of "${name}"` })
    for (const edge of node.outcomes.flatMap((outcome) => lists.get(`${name}.${outcome}`) ?? [])) {
      const guards = edge.when === null ? [] : [...atomsOf(edge.when)]
      for (const key of guards.flatMap((guard) => graph.guards[guard]?.reads ?? []))
        if (!readers.has(key)) readers.set(key, { place: edge.place, what: `the guard of edge ${edge.id}` })
    }
  }
  return { branch, writers, readers }
}

interface Look {
  readonly region: ForkRegion
  readonly uses: readonly Use[]
  readonly key: string
}

function writersOf({ graph }: Subject, { region, uses, key }: Look): readonly Finding[] {
  if (graph.state[key]?.merge.rule !== 'replace') return []
  const writers = uses.flatMap(({ writers: own }) => own.get(key) ?? [])
  const [first] = writers
  if (first === undefined || writers.length < 2) return []
  return [
    errorAt('WAYSTONE_DEFINITION_PARALLEL_WRITERS', {
      place: first.place,
      message: `${listNames(writers.map((node) => node.id))} write "${key}" in branches that run beside each other, up to "${region.join.id}", and "${key}" has no merge rule`,
      hint: `Give "${key}" a merge rule that fits (append, union, merge, max, min, sum or a reducer), or write a key for each branch.`,
    }),
  ]
}

function readersOf({ uses, key }: Look): readonly Finding[] {
  return uses.flatMap(({ branch, readers }) => {
    const reader = readers.get(key)
    const writer = uses.find((other) => other.branch !== branch && other.writers.has(key))?.writers.get(key)
    if (reader === undefined || writer === undefined) return []
    return [
      errorAt('WAYSTONE_DEFINITION_PARALLEL_READER', {
        place: reader.place,
        message: `${reader.what} reads "${key}", which "${writer.id}" writes in a branch beside it: what it sees depends on who is faster`,
        hint: `Read "${key}" behind the join, or write it to another key.`,
      }),
    ]
  })
}
