import type { EdgeRecord, Graph, NodeRecord } from '../../src/graph/graph.ts'
import { listName } from '../../src/check/moves.ts'

/**
 * The heaviest walk of a small graph by trying all of them: guards may hold or not at will, limits are counted as a run counts
 * them, a limit on steps included (one step a visit).
 *
 * @param work - what one visit of a node weighs
 * @param mostStates - stops beyond this many states
 * @returns Infinity when a walk can go on for ever; null when there are too many states
 */
export function exhaustiveWalk(graph: Graph, work: (node: NodeRecord) => number, mostStates = 200_000): number | null {
  const search = new WalkTrial(graph, work, mostStates)
  return search.from(graph.start)
}

class WalkTrial {
  readonly #graph: Graph
  readonly #work: (node: NodeRecord) => number
  readonly #mostStates: number
  readonly #lists: ReadonlyMap<string, readonly EdgeRecord[]>
  readonly #limited: readonly EdgeRecord[]
  readonly #done = new Map<string, number>()
  readonly #open = new Set<string>()

  constructor(graph: Graph, work: (node: NodeRecord) => number, mostStates: number) {
    this.#graph = graph
    this.#work = work
    this.#mostStates = mostStates
    this.#lists = Map.groupBy(graph.edges, (edge) => listName(edge.from, edge.outcome))
    this.#limited = graph.edges.filter((edge) => edge.limit !== null)
  }

  from(start: string): number | null {
    const best = this.#enter(start, new Map(), 0)
    return Number.isNaN(best) ? null : best
  }

  /** NaN: too many states. @param steps - steps so far; -1: the limit has been hit and no longer counts */
  #enter(id: string, taken: ReadonlyMap<string, number>, steps: number): number {
    const node = this.#graph.nodes[id]
    if (node === undefined) return 0
    const { bounds, exhausted } = this.#graph.limits
    if (steps >= (bounds.steps?.max ?? Infinity)) return this.#enter(exhausted, taken, -1)
    const now = bounds.steps === undefined || steps === -1 ? steps : steps + 1
    const counts = new Map(taken)
    for (const edge of this.#limited) if (edge.limit?.per === id) counts.delete(edge.id)
    const key = `${id} ${now} ${this.#limited.map((edge) => counts.get(edge.id) ?? 0).join()}`
    const known = this.#done.get(key)
    if (known !== undefined) return known
    if (this.#open.has(key)) return Infinity
    if (this.#done.size > this.#mostStates) return NaN
    this.#open.add(key)
    let most = 0
    for (const [target, next] of this.#choices(node, counts)) {
      const rest = this.#enter(target, next, now)
      if (Number.isNaN(rest)) return NaN
      most = Math.max(most, rest)
    }
    this.#open.delete(key)
    const best = this.#work(node) + most
    this.#done.set(key, best)
    return best
  }

  #choices(node: NodeRecord, counts: ReadonlyMap<string, number>): [string, ReadonlyMap<string, number>][] {
    const choices: [string, ReadonlyMap<string, number>][] = []
    for (const outcome of node.outcomes) {
      for (const edge of this.#lists.get(listName(node.id, outcome)) ?? []) {
        const used = counts.get(edge.id) ?? 0
        const isFree = edge.limit === null || used < edge.limit.max
        if (isFree) choices.push([edge.to, edge.limit === null ? counts : new Map([...counts, [edge.id, used + 1]])])
        else if (edge.otherwise !== null) choices.push([edge.otherwise, counts])
        if (edge.when === null && (isFree || edge.otherwise !== null)) break
      }
    }
    return choices
  }
}
