import type { NodeRecord } from '../../graph/graph.ts'
import { besideBranch, type Branch, type ForkRegion } from '../../graph/regions.ts'
import { toolConditions } from '../tool-rules.ts'
import { atomsOf, conditionsOf } from '../propositions.ts'
import type { Subject } from '../moves.ts'
import { errorAt, listNames, type Rule } from '../rule.ts'
import type { Finding } from '../report.ts'

/** Two branches of a fork write one key only under a merge rule, and none reads what another one writes. */
export const parallelKeys: Rule = (subject) =>
  [...subject.regions.forks.values()].flatMap((region) => {
    const uses = region.branches.map((branch) => usesOf(subject, branch))
    return Object.keys(subject.graph.state).flatMap((key) => [
      ...writersOf(subject, { region, uses, key }),
      ...readersOf(subject, { region, uses, key }),
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
    for (const key of node.sees === 'fork' ? [] : node.reads)
      if (!readers.has(key)) readers.set(key, { place: node.place, what: `node "${name}"` })
    for (const { tool, when } of toolConditions(node))
      for (const key of [...atomsOf(when)].flatMap((guard) => graph.guards[guard]?.reads ?? []))
        if (!readers.has(key))
          readers.set(key, { place: node.place, what: `the condition on tool "${tool}" of "${name}"` })
    for (const edge of node.outcomes.flatMap((outcome) => lists.get(`${name}.${outcome}`) ?? [])) {
      for (const key of [...atomsOf(conditionsOf(edge))].flatMap((guard) => graph.guards[guard]?.reads ?? []))
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
  const writing = uses.filter(({ writers }) => writers.has(key))
  const writers = writing
    .filter(({ branch }) => writing.some((other) => isBeside(region, branch, other.branch)))
    .flatMap(({ writers: own }) => own.get(key) ?? [])
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

function isBeside(region: ForkRegion, branch: Branch, other: Branch): boolean {
  return besideBranch(region, branch).includes(other)
}

function readersOf({ graph }: Subject, { region, uses, key }: Look): readonly Finding[] {
  return uses.flatMap(({ branch, readers }) => {
    const reader = readers.get(key)
    if (reader === undefined) return []
    const others = uses.filter((other) => other.branch !== branch && other.writers.has(key))
    const beside = others.find((other) => isBeside(region, branch, other.branch))?.writers.get(key)
    if (beside !== undefined) {
      return [
        errorAt('WAYSTONE_DEFINITION_PARALLEL_READER', {
          place: reader.place,
          message: `${reader.what} reads "${key}", which "${beside.id}" writes in a branch beside it: what it sees depends on who is faster`,
          hint: `Read "${key}" behind the join, or write it to another key.`,
        }),
      ]
    }
    const [one, two] = unorderedBefore(region, others, { branch, key })
    const rule = graph.state[key]?.merge.rule
    if (one === undefined || two === undefined || (rule !== 'append' && rule !== 'union')) return []
    return [
      errorAt('WAYSTONE_DEFINITION_PARALLEL_READER', {
        place: reader.place,
        message: `${reader.what} reads "${key}", to which "${one.id}" and "${two.id}" add beside each other before it: its items come into their order only at "${region.join.id}"`,
        hint: `Read "${key}" behind "${region.join.id}", or let each write a key of its own.`,
      }),
    ]
  })
}

/** Two writers before a branch that run beside each other. */
function unorderedBefore(
  region: ForkRegion,
  writing: readonly Use[],
  { branch: { behind }, key }: { readonly branch: Branch; readonly key: string },
): readonly (NodeRecord | undefined)[] {
  const before = writing.filter((use) => behind.has(use.branch.entry))
  for (const one of before) {
    const two = before.find((other) => isBeside(region, one.branch, other.branch))
    if (two !== undefined) return [one, two].map(({ writers }) => writers.get(key))
  }
  return []
}
