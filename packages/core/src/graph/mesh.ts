import type { EdgeRecord, Graph } from './graph.ts'

/** Branches that wait for one another, in an order in which each comes after those it waits for. */
export interface MeshedBranch {
  readonly entry: string
  readonly nodes: ReadonlySet<string>
  /** Branches that lead to it, by their first nodes. */
  readonly after: readonly string[]
}

/** Why nodes that branches share cannot wait for one another. */
export interface MeshFault {
  /** Never empty. */
  readonly nodes: readonly string[]
  readonly why: string
}

/** Most branches that may wait for one another: each end of one is a look at all. */
const mostMeshed = 50

/** More nodes than this are not looked into. */
const mostNodes = 400

interface Area {
  readonly graph: Graph
  readonly join: string
  readonly nodes: ReadonlySet<string>
  /** First nodes of the branches that begin with the fork. */
  readonly entries: readonly string[]
  /** Nodes that are in no fork inside. */
  readonly direct: ReadonlySet<string>
}

/**
 * Parts what lies between a fork and its join into branches that wait for one another: a node for itself, or nodes that lead back to
 * each other, or a fork of its own with its join.
 *
 * Cost: O(nodes × edges) of the area, once per graph.
 */
export function meshOf(area: Area): readonly MeshedBranch[] | MeshFault {
  const names = [...area.nodes]
  if (names.length > mostNodes) return { nodes: names, why: `are ${names.length}; at most ${mostNodes} are allowed` }
  const targets = new Map(names.map((name) => [name, new Set<string>()]))
  for (const edge of area.graph.edges) addTargets(area, targets, edge)
  const parts = partsOf(names, targets)
  const partOf = new Map(parts.flatMap((part) => part.map((name) => [name, part] as const)))
  const branches: MeshedBranch[] = []
  for (const part of parts) {
    const branch = branchOf(area, { part, partOf, targets })
    if ('why' in branch) return branch
    branches.push(branch)
  }
  if (branches.length > mostMeshed)
    return {
      nodes: names,
      why: `make ${branches.length} branches that wait for one another; at most ${mostMeshed} are allowed`,
    }
  return inOrder(branches)
}

type Targets = ReadonlyMap<string, Set<string>>

function addTargets({ nodes, join }: Area, targets: Targets, { from, to, otherwise, fork }: EdgeRecord): void {
  const own = targets.get(from)
  if (own === undefined) return
  for (const target of [to, otherwise ?? to, ...(fork?.branches ?? [])]) if (nodes.has(target)) own.add(target)
  // A fork with a join of its own stays together.
  if (fork !== undefined && fork.join !== join && nodes.has(fork.join)) {
    own.add(fork.join)
    targets.get(fork.join)?.add(from)
  }
}

/** Nodes that reach each other are together. Order: as found. */
function partsOf(names: readonly string[], targets: Targets): readonly (readonly string[])[] {
  const reached = new Map(names.map((name) => [name, reachedFrom(name, targets)]))
  const parts: string[][] = []
  const seen = new Set<string>()
  for (const name of names) {
    if (seen.has(name)) continue
    const part = names.filter(
      (other) => other === name || (reached.get(name)?.has(other) === true && reached.get(other)?.has(name) === true),
    )
    for (const other of part) seen.add(other)
    parts.push(part)
  }
  return parts
}

function reachedFrom(name: string, targets: Targets): ReadonlySet<string> {
  const reached = new Set(targets.get(name))
  for (const other of reached) for (const target of targets.get(other) ?? []) reached.add(target)
  return reached
}

interface Part {
  readonly part: readonly string[]
  readonly partOf: ReadonlyMap<string, readonly string[]>
  readonly targets: Targets
}

function branchOf({ graph, join, entries, direct }: Area, { part, partOf, targets }: Part): MeshedBranch | MeshFault {
  const members = new Set(part)
  const entered = new Set(entries.filter((entry) => members.has(entry)))
  const after = new Set<string>()
  for (const [from, list] of targets) {
    const inside = members.has(from) ? [] : [...list].filter((target) => members.has(target))
    for (const target of inside) entered.add(target)
    if (inside.length > 0) after.add(from)
  }
  const [entry] = entered
  if (entry === undefined || entered.size > 1)
    return { nodes: part, why: `lead back to each other, and are entered at ${entered.size} of them` }
  const loop = graph.edges.find(
    (edge) =>
      edge.fork?.join === join && members.has(edge.from) && edge.fork.branches.some((name) => members.has(name)),
  )
  if (loop !== undefined) return { nodes: part, why: `lead back to "${loop.from}", which forks into them` }
  const meeting = part.find((name) => direct.has(name) && isMeeting(graph, name))
  if (meeting !== undefined && part.length > 1) return { nodes: part, why: `lead back to join "${meeting}"` }
  // Named by first nodes once all are known.
  return { entry, nodes: members, after: [...after].map((name) => partOf.get(name)?.[0] ?? name) }
}

/** A join that no edge forks into: a place where branches wait for one another. */
export function isMeeting(graph: Graph, name: string): boolean {
  return graph.nodes[name]?.kind === 'join' && !graph.edges.some(({ fork }) => fork?.join === name)
}

/** Each after those it waits for; else as found. */
function inOrder(branches: readonly MeshedBranch[]): readonly MeshedBranch[] {
  const entryOf = new Map(branches.flatMap(({ entry, nodes }) => [...nodes].map((node) => [node, entry] as const)))
  const named = branches.map((branch) => ({
    ...branch,
    after: [...new Set(branch.after.map((name) => entryOf.get(name) ?? name))],
  }))
  const ordered: MeshedBranch[] = []
  const placed = new Set<string>()
  let left: readonly MeshedBranch[] = named
  while (left.length > 0) {
    // Parts are whole cycles, so that some are always free.
    const free = left.filter(({ after }) => after.every((name) => placed.has(name)))
    if (free.length === 0) return [...ordered, ...left]
    for (const { entry } of free) placed.add(entry)
    ordered.push(...free)
    left = left.filter(({ entry }) => !placed.has(entry))
  }
  return ordered
}
