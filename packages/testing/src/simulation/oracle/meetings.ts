import type { CompiledWorkflow, EdgeRecord, Graph, GuardExpression } from '@waystone/core'

/** How a node between a fork and its join stands, where branches meet: by the words of what such a fork is, not by the engine's ledger. */
export type Standing = 'waits' | 'queues' | 'runs' | 'ended' | 'dead'

/** A fork under way whose branches meet. Each node is a branch of its own: workflows of simulations have no loops there. */
export interface KnownMesh {
  readonly join: string
  /** Order: each after those that lead to it. */
  readonly standing: Map<string, Standing>
  /** By node: who has led to it. */
  readonly led: Map<string, string[]>
  joined: number
  failed: number
}

/** What follows from the end of a node. */
export interface Settled {
  /** Nodes that begin now, places on the way among them. */
  readonly begun: readonly string[]
  /** The join, or the place on the way, that is passed next, with its outcome; null: none. */
  readonly fires: string | null
}

/** Nodes that were cancelled and have not stopped: until then they hold their names. */
export type Stopping = ReadonlySet<string>

/** Whether branches of a fork meet, or may be left out: then they begin one by one. @param branches - nodes that each may come to */
export function isMesh(
  { graph }: CompiledWorkflow,
  { fork }: EdgeRecord,
  branches: readonly ReadonlySet<string>[],
): boolean {
  if (fork === undefined) return false
  const nodes = branches.flatMap((one) => [...one])
  const isOnTheWay = (name: string): boolean =>
    graph.nodes[name]?.kind === 'join' && !graph.edges.some((edge) => edge.fork?.join === name)
  return fork.guarded !== undefined || new Set(nodes).size < nodes.length || nodes.some((name) => isOnTheWay(name))
}

/** A mesh as its fork is taken. @param holds - truth of a guard as the fork is taken */
export function beginMesh(
  spec: CompiledWorkflow,
  { fork, from }: EdgeRecord,
  {
    nodes,
    holds,
    stopping,
  }: {
    readonly nodes: ReadonlySet<string>
    readonly holds: (guard: GuardExpression) => boolean
    readonly stopping: Stopping
  },
): { readonly mesh: KnownMesh; readonly settled: Settled } {
  const mesh: KnownMesh = {
    join: fork?.join ?? '',
    standing: new Map(inOrder(spec, nodes).map((node) => [node, 'waits'])),
    led: new Map(),
    joined: 0,
    failed: 0,
  }
  lead(mesh, from, begunBy(fork, holds))
  return { mesh, settled: settle(spec, mesh, stopping) }
}

/** Branches of a fork whose guards hold. */
function begunBy(fork: EdgeRecord['fork'], holds: (guard: GuardExpression) => boolean): readonly string[] {
  return (fork?.branches ?? []).filter((branch) => {
    const when = fork?.guarded?.[branch]
    return when === undefined || holds(when)
  })
}

/** A node of a mesh, or a place on the way, is left by an edge. */
export function endInMesh(
  spec: CompiledWorkflow,
  mesh: KnownMesh,
  end: {
    readonly edge: EdgeRecord
    readonly to: string
    readonly holds: (guard: GuardExpression) => boolean
    readonly stopping: Stopping
  },
): Settled {
  const { edge, to, holds, stopping } = end
  mesh.standing.set(edge.from, 'ended')
  const isOver = (name: string): boolean => mesh.standing.get(name) === 'ended' || mesh.standing.get(name) === 'dead'
  if (to === edge.to) for (const name of edge.cancels ?? []) if (!isOver(name)) mesh.standing.set(name, 'dead')
  if (to === ':fail') mesh.failed += 1
  else if (to === mesh.join) mesh.joined += 1
  else lead(mesh, edge.from, to === ':fork' ? begunBy(edge.fork, holds) : [to])
  return settle(spec, mesh, stopping)
}

/** What was cancelled has stopped: who waited for a name that it held may begin. */
export function freeInMesh(spec: CompiledWorkflow, mesh: KnownMesh, stopping: Stopping): readonly string[] {
  return [...mesh.standing.values()].includes('queues') ? settle(spec, mesh, stopping).begun : []
}

function lead(mesh: KnownMesh, from: string, targets: readonly string[]): void {
  for (const target of targets) mesh.led.set(target, [...(mesh.led.get(target) ?? []), from])
}

function settle(spec: CompiledWorkflow, mesh: KnownMesh, stopping: Stopping): Settled {
  const { graph } = spec
  const begun: string[] = []
  const { standing } = mesh
  const isOver = (name: string): boolean => standing.get(name) === 'ended' || standing.get(name) === 'dead'
  for (const [node, now] of standing) {
    const record = graph.nodes[node]
    const led = mesh.led.get(node)?.length ?? 0
    const wanted = record?.kind === 'join' ? record.atLeast : null
    const before = graph.edges.filter((edge) => standing.has(edge.from) && targetsOf(edge).includes(node))
    if (now === 'waits' && wanted !== null && led >= wanted) standing.set(node, 'queues')
    else if (now === 'waits' && before.every((edge) => isOver(edge.from)))
      standing.set(node, led > 0 ? 'queues' : 'dead')
  }
  let onTheWay: string | null = null
  const isShort = (name: string): boolean => isTooFew(graph, name, mesh.led.get(name)?.length ?? 0)
  for (const [node, now] of standing) {
    const record = graph.nodes[node]
    const holders = [...standing].flatMap(([other, how]) => (how === 'runs' ? [other] : [])).concat(...stopping)
    const isTaken = holders.some((other) => graph.nodes[other]?.exclusive === record?.exclusive)
    if (now !== 'queues' || (record?.exclusive !== undefined && isTaken)) continue
    standing.set(node, 'runs')
    if (record?.kind === 'join') onTheWay ??= `${node}.${isShort(node) ? 'unsatisfied' : 'done'}`
    begun.push(node)
  }
  return { begun, fires: outcomeOf(spec, mesh) ?? onTheWay }
}

function targetsOf({ to, otherwise, fork }: EdgeRecord): readonly string[] {
  return [...(fork?.branches ?? [to]), ...(otherwise === null ? [] : [otherwise])]
}

function outcomeOf({ graph }: CompiledWorkflow, { join, standing, joined, failed }: KnownMesh): string | null {
  const record = graph.nodes[join]
  if (record?.kind !== 'join') return null
  const counted = joined + (record.failed === 'keep' ? failed : 0)
  const coming = [...standing.values()].filter((how) => how !== 'ended' && how !== 'dead').length
  if (record.atLeast !== null && counted >= record.atLeast) return `${join}.done`
  if (failed > 0 && record.failed === 'raise') return `${join}.failed`
  if (failed > 0 && record.failed === 'drop' && record.atLeast === null) return `${join}.unsatisfied`
  // Not even if all that is under way came to the join.
  if (isTooFew(graph, join, counted + coming)) return `${join}.unsatisfied`
  return coming > 0 ? null : `${join}.done`
}

/** True where a join that drops what failed can do with no fewer than it names, and these are fewer. */
function isTooFew({ nodes }: Graph, name: string, count: number): boolean {
  const join = nodes[name]
  return join?.kind === 'join' && join.failed === 'drop' && count < (join.atLeast ?? 1)
}

/** Nodes in rounds: each after all that lead to it; else as they were found. */
function inOrder({ graph }: CompiledWorkflow, nodes: ReadonlySet<string>): readonly string[] {
  const placed = new Set<string>()
  while (placed.size < nodes.size) {
    const free = [...nodes].filter(
      (node) =>
        !placed.has(node) &&
        graph.edges.every((edge) => !nodes.has(edge.from) || placed.has(edge.from) || !targetsOf(edge).includes(node)),
    )
    if (free.length === 0) return [...placed]
    for (const node of free) placed.add(node)
  }
  return [...placed]
}
