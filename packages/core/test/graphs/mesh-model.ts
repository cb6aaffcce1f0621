import type { EdgeRecord, Graph } from '../../src/graph/graph.ts'

/** How a branch of a modelled mesh stands. */
type Standing = 'waits' | 'queues' | 'runs' | 'ended' | 'dead'

/** A mesh under way, as {@link MeshModel} has it. */
export interface MeshPosition {
  readonly standing: { readonly [node: string]: Standing }
  /** Nodes that led to each node; `plan` is the fork. */
  readonly ledBy: { readonly [node: string]: readonly string[] }
  readonly joined: number
  readonly failed: number
  /** How the join fired; null: not yet. */
  readonly fired: string | null
  /** Meetings passed since the last move, by the move itself. */
  readonly begun: readonly string[]
}

/**
 * What a fork whose branches meet may do, told from the words of its definition and not from the engine: a node begins when every edge into it
 * has been decided and one of them was taken; a join on the way as soon as enough were. For graphs of `meshGraph`: each node is a branch.
 */
export class MeshModel {
  readonly #graph: Graph
  /** In the order in which they begin. */
  readonly #nodes: readonly string[]
  readonly #into: ReadonlyMap<string, ReadonlySet<string>>

  /** @param order - in which nodes begin that may begin at the same time */
  constructor(graph: Graph, order: readonly string[]) {
    this.#graph = graph
    this.#nodes = order
    const into = new Map(order.map((node) => [node, new Set<string>()]))
    for (const edge of graph.edges) for (const target of namesOf(edge)) into.get(target)?.add(edge.from)
    this.#into = into
  }

  begin(entries: readonly string[]): MeshPosition {
    const standing = Object.fromEntries(this.#nodes.map((node): [string, Standing] => [node, 'waits']))
    const ledBy = Object.fromEntries(entries.map((node) => [node, ['plan']]))
    return this.#settle({ standing, ledBy, joined: 0, failed: 0, fired: null, begun: [] })
  }

  running({ standing }: MeshPosition): readonly string[] {
    return this.#nodes.filter((node) => standing[node] === 'runs')
  }

  /** A node ends by an edge; of a fork, towards those of its branches. */
  end(before: MeshPosition, edge: EdgeRecord, branches: readonly string[]): MeshPosition {
    return this.#settle(this.#left({ ...before, begun: [] }, edge, branches))
  }

  #left(before: MeshPosition, edge: EdgeRecord, branches: readonly string[]): MeshPosition {
    const ledBy = { ...before.ledBy }
    const standing: { [node: string]: Standing } = { ...before.standing, [edge.from]: 'ended' }
    for (const node of edge.cancels ?? []) if (standing[node] !== 'ended') standing[node] = 'dead'
    let { joined, failed } = before
    if (edge.to === ':fail') failed += 1
    else if (edge.to === 'meet') joined += 1
    else for (const node of branches) ledBy[node] = [...(ledBy[node] ?? []), edge.from]
    return { ...before, standing, ledBy, joined, failed }
  }

  #settle(before: MeshPosition): MeshPosition {
    const fired = this.#outcome(before)
    if (fired !== null) return { ...before, fired }
    const next = this.#step(before)
    return next === before ? before : this.#settle(next)
  }

  /** One decision at a time: a node begins, is dead, or a join on the way is passed. */
  #step(position: MeshPosition): MeshPosition {
    const { standing } = position
    const set = (node: string, to: Standing): MeshPosition => ({ ...position, standing: { ...standing, [node]: to } })
    for (const node of this.#nodes) {
      if (standing[node] !== 'waits') continue
      const record = this.#graph.nodes[node]
      const led = position.ledBy[node]?.length ?? 0
      const needed = record?.kind === 'join' ? record.atLeast : null
      const isDecided = [...(this.#into.get(node) ?? [])].every((from) => isOver(standing[from]))
      if (needed !== null && led >= needed) return set(node, 'queues')
      if (isDecided) return set(node, led > 0 ? 'queues' : 'dead')
    }
    const locks = new Set(this.running(position).map((node) => this.#graph.nodes[node]?.exclusive))
    for (const node of this.#nodes) {
      const record = this.#graph.nodes[node]
      if (standing[node] !== 'queues' || (record?.exclusive !== undefined && locks.has(record.exclusive))) continue
      if (record?.kind === 'join') {
        const edge = this.#graph.edges.find(({ from, outcome }) => from === node && outcome === 'done')
        return edge === undefined ? position : this.#left(set(node, 'runs'), edge, namesOf(edge))
      }
      return { ...set(node, 'runs'), begun: [...position.begun, node] }
    }
    return position
  }

  #outcome({ standing, joined, failed }: MeshPosition): string | null {
    const join = this.#graph.nodes['meet']
    if (join?.kind !== 'join') return null
    const counted = joined + (join.failed === 'keep' ? failed : 0)
    const coming = Object.values(standing).filter((one) => !isOver(one)).length
    if (join.atLeast !== null && counted >= join.atLeast) return 'done'
    if (failed > 0 && join.failed === 'raise') return 'failed'
    if (failed > 0 && join.failed === 'drop' && join.atLeast === null) return 'unsatisfied'
    if (coming > 0) return null
    return counted === 0 && join.failed === 'drop' ? 'unsatisfied' : 'done'
  }
}

function isOver(standing: Standing | undefined): boolean {
  return standing === undefined || standing === 'ended' || standing === 'dead'
}

/** Nodes that an edge names. */
export function namesOf(edge: EdgeRecord): readonly string[] {
  return edge.fork?.branches ?? [edge.to]
}
