import { wayOf, type ForkRegion } from '../graph/regions.ts'
import { pathBack, type Move, type Subject, type Walk } from './moves.ts'

/** Where a run may get without something having been done. */
export interface LackingWalk extends Walk {
  /** Whether a node may end with an outcome without it; for joins the outcome matters. */
  lacks(node: string, outcome: string): boolean
}

/**
 * Walks moves breadth first, joins as they fire.
 *
 * With `done`, a join has been reached by as many branches as it waits for: it lacks what so many of them may lack. With any other outcome nothing
 * that a branch did is certain, so it lacks what its fork lacked.
 *
 * Cost: O(moves).
 *
 * @param mayLack - moves on which it is not done
 */
export function walkLacking(subject: Subject, roots: readonly string[], mayLack: (move: Move) => boolean): LackingWalk {
  return new Lacking(subject, mayLack).from(roots)
}

class Lacking {
  readonly #subject: Subject
  readonly #mayLack: (move: Move) => boolean
  readonly #outgoing: ReadonlyMap<string, readonly Move[]>
  readonly #cameBy = new Map<string, Move | null>()
  readonly #queue: string[] = []
  /** By join: branches that may arrive lacking it. */
  readonly #branches = new Map<string, Set<string>>()
  /** Joins that may fire otherwise than done, or done, without it. */
  readonly #early = new Set<string>()
  readonly #done = new Set<string>()

  constructor(subject: Subject, mayLack: (move: Move) => boolean) {
    this.#subject = subject
    this.#mayLack = mayLack
    this.#outgoing = Map.groupBy(subject.moves, (move) => move.from)
  }

  from(roots: readonly string[]): LackingWalk {
    for (const root of roots) if (this.#subject.moveGraph.hasNode(root)) this.#reach(root, null)
    for (const vertex of this.#queue) this.#leave(vertex)
    return {
      reached: new Set(this.#queue),
      pathTo: (vertex) => pathBack(this.#cameBy, vertex),
      lacks: (node, outcome) => this.#lacks(node, outcome),
    }
  }

  #reach(vertex: string, move: Move | null): void {
    if (this.#cameBy.has(vertex)) return
    this.#cameBy.set(vertex, move)
    this.#queue.push(vertex)
  }

  #lacks(node: string, outcome: string): boolean {
    if (this.#subject.graph.nodes[node]?.kind !== 'join') return this.#cameBy.has(node)
    return outcome === 'done' ? this.#done.has(node) : this.#early.has(node)
  }

  #leave(vertex: string): void {
    for (const move of this.#outgoing.get(vertex) ?? []) {
      if (this.#lacks(vertex, move.edge.outcome)) this.#take(move)
    }
  }

  #take(move: Move): void {
    const { regions } = this.#subject
    const way = wayOf(regions, move.edge, move.isFork ? ':fork' : move.to)
    const region = way.type === 'fork' || way.type === 'arrival' ? regions.forks.get(way.join) : undefined
    if (way.type === 'fork' && region !== undefined) this.#fork(region, move)
    if (!this.#mayLack(move)) return
    if (way.type === 'arrival' && region !== undefined) this.#arrive(region, { move, ...way })
    else this.#reach(move.to, move)
  }

  #fork(region: ForkRegion, move: Move): void {
    const join = region.join.id
    // What the forking node itself writes is there before the branches begin.
    if (!this.#mayLack(move) || this.#early.has(join)) return
    this.#early.add(join)
    this.#joinReached(join, move)
  }

  #arrive(
    region: ForkRegion,
    arrival: { readonly move: Move; readonly branch: string; readonly isFailure: boolean },
  ): void {
    const { join } = region
    if (arrival.isFailure && join.failed !== 'keep') return
    const branches = this.#branches.get(join.id) ?? new Set()
    this.#branches.set(join.id, branches.add(arrival.branch))
    if (this.#done.has(join.id) || branches.size < (join.atLeast ?? region.branches.length)) return
    this.#done.add(join.id)
    this.#joinReached(join.id, arrival.move)
  }

  /** A join may be reached twice: with `done`, and with what fires early. */
  #joinReached(join: string, move: Move): void {
    if (this.#cameBy.has(join)) this.#leave(join)
    else this.#reach(join, move)
  }
}
