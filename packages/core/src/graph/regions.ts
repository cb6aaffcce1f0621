import type { EdgeRecord, Graph, JoinRecord, Target } from './graph.ts'
import { failTarget, forkTarget } from './graph.ts'
import { isMeeting, meshOf, type MeshFault } from './mesh.ts'

/** A branch of a fork: what is reachable from its first node without passing the join, or where branches meet before it, a part of that. */
export interface Branch {
  /** Its first node, which is also its name. */
  readonly entry: string
  /** Nodes of nested forks included. Order: as found from the entry. */
  readonly nodes: ReadonlySet<string>
  /** Branches that lead to it, by their names. Empty: it begins with the fork alone. */
  readonly after: readonly string[]
  /** Branches that have ended, or will not begin, when it begins: those it waits for and all that these waited for. */
  readonly behind: ReadonlySet<string>
  /** It begins once so many have led to it; null: when all that may lead to it have ended, and one of them has. */
  readonly atLeast: number | null
  /** Names of which only one branch at a time may hold each. */
  readonly locks: readonly string[]
}

/** Everything between the edges that fork and the join they name. */
export interface ForkRegion {
  readonly join: JoinRecord
  /** In the order of the fork, which is the order of results; where branches meet, each after those it waits for. */
  readonly branches: readonly Branch[]
  /** The edges that fork into it from outside. */
  readonly edges: readonly EdgeRecord[]
  /** Of all branches. */
  readonly nodes: ReadonlySet<string>
  /** Branches meet before the join: they wait for one another. */
  readonly isMeshed: boolean
  /** Branches begin one by one: they are meshed, or guards may leave some out. */
  readonly isGated: boolean
  /** Branches meet in a way that cannot work; they are then not meshed. */
  readonly fault?: MeshFault
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
  /** From one branch to others of the same fork, which wait for it. `leaves`: joins of the forks inside the branch that it is out of then. */
  | {
      readonly type: 'step'
      readonly join: string
      readonly branch: string
      readonly to: readonly string[]
      readonly leaves: readonly string[]
    }
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
    forks.set(name, regionAt(site, join, edges))
  }
  return { forks, homes: homesOf(forks) }
}

interface Site {
  readonly graph: Graph
  readonly outgoing: ReadonlyMap<string, readonly EdgeRecord[]>
  readonly join: string
}

function regionAt(site: Site, join: JoinRecord, all: readonly EdgeRecord[]): ForkRegion {
  const edges = outermost(all, site)
  const entries = [...new Set(edges.flatMap((edge) => edge.fork?.branches ?? []))]
  const branches = entries.map((entry) => ({ entry, nodes: walk(site, entry), after: [] }))
  const nodes = new Set(branches.flatMap((branch) => [...branch.nodes]))
  const isGuarded = all.some((edge) => edge.fork?.guarded !== undefined)
  const whole = { join, edges, nodes }
  const plain = { ...whole, branches: branches.map((branch) => completed(site.graph, branch, [])), isMeshed: false }
  const inner = nestedIn(site, nodes)
  const direct = new Set([...nodes].filter((name) => !inner.has(name)))
  if (!isMesh(site.graph, { branches, nodes, direct, isSplit: edges.length < all.length }))
    return { ...plain, isGated: isGuarded }
  const meshed = meshOf({ graph: site.graph, join: join.id, nodes, entries, direct })
  if ('why' in meshed) return { ...plain, isGated: isGuarded, fault: meshed }
  const done: Branch[] = []
  for (const branch of meshed) done.push(completed(site.graph, branch, done))
  return { ...whole, branches: done, isMeshed: true, isGated: true }
}

/** Whether branches wait for one another: they share nodes, fork inside towards the same join, meet at a join of their own, exclude or cancel each other. */
function isMesh(
  graph: Graph,
  area: {
    readonly branches: readonly Pick<Branch, 'nodes'>[]
    readonly nodes: ReadonlySet<string>
    readonly direct: ReadonlySet<string>
    readonly isSplit: boolean
  },
): boolean {
  const { branches, nodes, direct, isSplit } = area
  if (isSplit || branches.reduce((sum, branch) => sum + branch.nodes.size, 0) > nodes.size) return true
  if ([...nodes].some((name) => graph.nodes[name]?.exclusive !== undefined)) return true
  if ([...direct].some((name) => isMeeting(graph, name))) return true
  return graph.edges.some(({ from, cancels }) => direct.has(from) && cancels !== undefined)
}

/** Nodes of the forks inside an area. */
function nestedIn({ graph, outgoing, join }: Site, nodes: ReadonlySet<string>): ReadonlySet<string> {
  const inner = new Set<string>()
  for (const { from, fork } of graph.edges) {
    if (fork === undefined || fork.join === join || !nodes.has(from)) continue
    for (const entry of fork.branches)
      for (const name of walk({ graph, outgoing, join: fork.join }, entry)) inner.add(name)
  }
  return inner
}

function completed(graph: Graph, branch: Pick<Branch, 'entry' | 'nodes' | 'after'>, before: readonly Branch[]): Branch {
  const record = graph.nodes[branch.entry]
  const atLeast = record?.kind === 'join' ? record.atLeast : null
  const waited = atLeast === null ? before.filter(({ entry }) => branch.after.includes(entry)) : []
  const behind = new Set(waited.flatMap(({ entry, behind: earlier }) => [entry, ...earlier]))
  const locks = new Set([...branch.nodes].flatMap((name) => graph.nodes[name]?.exclusive ?? []))
  return { ...branch, atLeast, behind, locks: [...locks] }
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
    return record !== undefined && (record.kind !== 'join' || isMeeting(graph, target))
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
export function wayOf({ homes, forks }: Regions, edge: EdgeRecord, target: Target): Way {
  const from = homes.get(edge.from)
  if (target === forkTarget) return forkWay(forks, edge, from ?? [])
  if (from === undefined) return plain
  const met = from.findIndex((home) => home.join === target)
  if (met !== -1) return arrivalAt(from, met, false)
  if (target === failTarget && edge.cancelsFork !== true) return arrivalAt(from, from.length - 1, true)
  const to = homes.get(target) ?? []
  let shared = 0
  while (shared < from.length && isSame(from[shared], to[shared])) shared += 1
  const own = from[shared]
  const other = to[shared]
  if (own !== undefined && own.join === other?.join && forks.get(own.join)?.isMeshed === true)
    return stepFrom(from, shared, [other.branch])
  return shared === from.length ? plain : { type: 'leaving', leaves: from.slice(shared).map((home) => home.join) }
}

const plain: Way = { type: 'plain' }

/** A fork inside a branch towards the join of that branch goes on in others of the same fork. */
function forkWay(forks: Regions['forks'], { fork }: EdgeRecord, from: readonly Home[]): Way {
  const join = fork?.join ?? ''
  const level = from.findIndex((home) => home.join === join)
  if (level === -1 || forks.get(join)?.isMeshed !== true) return { type: 'fork', join }
  return stepFrom(from, level, fork?.branches ?? [])
}

function stepFrom(homes: readonly Home[], level: number, to: readonly string[]): Way {
  const { join = '', branch = '' } = homes[level] ?? {}
  return { type: 'step', join, branch, to, leaves: homes.slice(level + 1).map((home) => home.join) }
}

function arrivalAt(homes: readonly Home[], level: number, isFailure: boolean): Way {
  const { join = '', branch = '' } = homes[level] ?? {}
  return { type: 'arrival', join, branch, isFailure, leaves: homes.slice(level + 1).map((home) => home.join) }
}

function isSame(left: Home | undefined, right: Home | undefined): boolean {
  return left?.join === right?.join && left?.branch === right?.branch
}

/** The branches that may be under way while a branch is: all but those behind it, and those it is behind. Order: of the region. */
export function besideBranch({ branches }: ForkRegion, branch: Branch): readonly Branch[] {
  return branches.filter(
    (other) => other !== branch && !branch.behind.has(other.entry) && !other.behind.has(branch.entry),
  )
}

/** Whether two nodes are in branches that run beside each other: of a common fork, and neither branch waits for the other. */
export function areBeside({ homes, forks }: Regions, one: string, other: string): boolean {
  const [own, theirs] = [homes.get(one) ?? [], homes.get(other) ?? []]
  const level = own.findIndex((home, index) => !isSame(home, theirs[index]))
  const [home, facing] = [own[level], theirs[level]]
  if (home === undefined || facing === undefined || home.join !== facing.join) return false
  const region = forks.get(home.join)
  const branch = region?.branches.find(({ entry }) => entry === home.branch)
  if (region === undefined || branch === undefined) return false
  return besideBranch(region, branch).some(({ entry }) => entry === facing.branch)
}

/** What an edge cancels: branches beside its own, by the join that all of them lead to. Null: it cancels none, or nodes that are no such branches. */
export function cancelledBy(
  { homes, forks }: Regions,
  { from, cancels }: EdgeRecord,
): { readonly join: string; readonly branches: readonly string[] } | null {
  const own = homes.get(from) ?? []
  const found = (cancels ?? []).map((name) => {
    const theirs = homes.get(name) ?? []
    const level = own.findIndex((home, index) => !isSame(home, theirs[index]))
    const home = theirs[level]
    return home !== undefined && home.join === own[level]?.join && forks.get(home.join)?.isMeshed === true ? home : null
  })
  const join = found[0]?.join
  if (join === undefined || found.some((home) => home?.join !== join)) return null
  return { join, branches: [...new Set(found.map((home) => home?.branch ?? ''))] }
}
