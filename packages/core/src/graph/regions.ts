import type { EdgeRecord, Graph, JoinRecord, Target } from './graph.ts'
import { failTarget, forkTarget } from './graph.ts'

/** A branch of a fork: what is reachable from its first node without passing the join. */
export interface Branch {
  /** Its first node, which is also its name. */
  readonly entry: string
  /** Nodes of nested forks included. Order: as found from the entry. */
  readonly nodes: ReadonlySet<string>
}

/** Everything between the edges that fork and the join they name. */
export interface ForkRegion {
  readonly join: JoinRecord
  /** In the order of the fork, which is the order of results. */
  readonly branches: readonly Branch[]
  /** The edges that fork into it. */
  readonly edges: readonly EdgeRecord[]
  /** Of all branches. */
  readonly nodes: ReadonlySet<string>
}

/** The branch of a fork that a node is in. */
export interface Home {
  readonly join: string
  readonly branch: string
}

/** The forks of a graph. */
export interface Regions {
  /** By join. Order: as the edges that fork. */
  readonly forks: ReadonlyMap<string, ForkRegion>
  /** By node: the branches it is in, outermost first. Nodes outside of forks are not in it. */
  readonly homes: ReadonlyMap<string, readonly Home[]>
}

/** Where an edge leads, as forks see it. */
export type Way =
  | { readonly type: 'plain' }
  /** Into the branches of a fork. */
  | { readonly type: 'fork'; readonly join: string }
  /** To the end of a branch, which fails when it leads to FAIL. `leaves`: joins of the forks inside the branch that it is out of then. */
  | {
      readonly type: 'arrival'
      readonly join: string
      readonly branch: string
      readonly isFailure: boolean
      readonly leaves: readonly string[]
    }
  /** Out of forks, which ends their other branches. */
  | { readonly type: 'leaving'; readonly leaves: readonly string[] }

const known = new WeakMap<Graph, Regions>()
const none: Regions = { forks: new Map(), homes: new Map() }

/**
 * Finds the forks of a graph. Says what is there, not whether it is right: that is for the rules of `check`.
 *
 * Cost: O(forks × nodes), once per graph.
 */
export function regionsOf(graph: Graph): Regions {
  let regions = known.get(graph)
  if (regions === undefined) {
    regions = graph.edges.some((edge) => edge.fork !== undefined) ? findRegions(graph) : none
    known.set(graph, regions)
  }
  return regions
}

function findRegions(graph: Graph): Regions {
  const outgoing = Map.groupBy(graph.edges, (edge) => edge.from)
  const byJoin = Map.groupBy(
    graph.edges.filter((edge) => edge.fork !== undefined),
    (edge) => edge.fork?.join ?? '',
  )
  const forks = new Map<string, ForkRegion>()
  for (const [name, edges] of byJoin) {
    const join = graph.nodes[name]
    if (join?.kind !== 'join') continue
    const site: Site = { graph, outgoing, join: name }
    const entries = new Set(outermost(edges, site).flatMap((edge) => edge.fork?.branches ?? []))
    const branches = [...entries].map((entry) => ({ entry, nodes: walk(site, entry) }))
    const nodes = new Set(branches.flatMap((branch) => [...branch.nodes]))
    forks.set(name, { join, branches, edges, nodes })
  }
  return { forks, homes: homesOf(forks) }
}

interface Site {
  readonly graph: Graph
  readonly outgoing: ReadonlyMap<string, readonly EdgeRecord[]>
  readonly join: string
}

/** Edges inside a branch may fork into more of the same region; the branches are those of the edges that come from outside. */
function outermost(edges: readonly EdgeRecord[], site: Site): readonly EdgeRecord[] {
  if (edges.length === 1) return edges
  const inside = edges.filter((edge) =>
    edges.some((other) => other !== edge && other.fork?.branches.some((entry) => walk(site, entry).has(edge.from))),
  )
  return inside.length === edges.length ? edges : edges.filter((edge) => !inside.includes(edge))
}

/**
 * What is reachable from the entry of a branch. Edges that may leave the fork are not followed: what they lead to is in the branch when
 * something else leads there. Other joins are passed only together with their fork.
 */
function walk({ graph, outgoing, join }: Site, entry: string): ReadonlySet<string> {
  const reached = new Set([entry])
  for (const name of reached) {
    for (const edge of outgoing.get(name) ?? []) {
      if (edge.cancelsFork === true) continue
      for (const target of nextAfter(graph, edge)) if (target !== join) reached.add(target)
    }
  }
  return reached
}

function nextAfter(graph: Graph, { to, otherwise, fork }: EdgeRecord): readonly string[] {
  const targets = [to, otherwise ?? to].filter((target) => {
    const record = graph.nodes[target]
    return record !== undefined && record.kind !== 'join'
  })
  return fork === undefined ? targets : [...fork.branches, fork.join, ...targets]
}

function homesOf(forks: Regions['forks']): Regions['homes'] {
  const homes = new Map<string, Home[]>()
  // An outer fork has more nodes than one inside it.
  const outerFirst = [...forks.values()].toSorted((left, right) => right.nodes.size - left.nodes.size)
  for (const { join, branches } of outerFirst) {
    for (const { entry, nodes } of branches) {
      for (const node of nodes) {
        const list = homes.get(node) ?? []
        homes.set(node, list)
        list.push({ join: join.id, branch: entry })
      }
    }
  }
  return homes
}

/** Where one of an edge's targets leads. */
export function wayOf({ homes }: Regions, edge: EdgeRecord, target: Target): Way {
  if (target === forkTarget) return { type: 'fork', join: edge.fork?.join ?? '' }
  const from = homes.get(edge.from)
  if (from === undefined) return plain
  const met = from.findIndex((home) => home.join === target)
  if (met !== -1) return arrivalAt(from, met, false)
  if (target === failTarget && edge.cancelsFork !== true) return arrivalAt(from, from.length - 1, true)
  const to = homes.get(target) ?? []
  let shared = 0
  while (shared < from.length && isSame(from[shared], to[shared])) shared += 1
  return shared === from.length ? plain : { type: 'leaving', leaves: from.slice(shared).map((home) => home.join) }
}

const plain: Way = { type: 'plain' }

function arrivalAt(homes: readonly Home[], level: number, isFailure: boolean): Way {
  const { join = '', branch = '' } = homes[level] ?? {}
  return { type: 'arrival', join, branch, isFailure, leaves: homes.slice(level + 1).map((home) => home.join) }
}

function isSame(left: Home | undefined, right: Home | undefined): boolean {
  return left?.join === right?.join && left?.branch === right?.branch
}
