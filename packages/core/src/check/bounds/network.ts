import type { Subject } from '../moves.ts'

/** An arc between nodes, by their numbers. */
export interface Arc {
  /** Move id. */
  readonly id: string
  readonly from: number
  readonly to: number
  /** Times it can be taken; Infinity: no limit of its own. */
  readonly limit: number
  /** Node whose entry starts the count again; -1: none, it counts per run. */
  readonly per: number
}

/** The nodes of a graph and the moves between them; moves to ends are left out. */
export interface Network {
  /** Node ids by number. */
  readonly ids: readonly string[]
  readonly arcs: readonly Arc[]
  /** Where walks may begin. */
  readonly roots: readonly number[]
}

/** Numbers the nodes and moves of a graph. */
export function bareNetwork({ graph, moves, exhaustedTo }: Subject): Network {
  const ids = Object.keys(graph.nodes)
  const numbers = new Map(ids.map((id, number) => [id, number]))
  const arcs: Arc[] = []
  for (const { id, from, to, edge, isOtherwise } of moves) {
    const [source, target] = [numbers.get(from), numbers.get(to)]
    if (source === undefined || target === undefined) continue
    const limit = edge.limit === null || isOtherwise ? Infinity : edge.limit.max
    const per = edge.limit?.per ?? null
    arcs.push({ id, from: source, to: target, limit, per: per === null ? -1 : (numbers.get(per) ?? -1) })
  }
  const roots = [graph.start, exhaustedTo].flatMap((root) => (root === null ? [] : (numbers.get(root) ?? [])))
  return { ids, arcs, roots: [...new Set(roots)] }
}
