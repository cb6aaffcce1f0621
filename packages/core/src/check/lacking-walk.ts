import { forkTarget } from '../graph/graph.ts'
import { wayOf, type Branch, type ForkRegion } from '../graph/regions.ts'
import { Certainty } from './certainty.ts'
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
 * Where branches wait for one another, one begins lacking it only if some edge that may lead to it lacks it, and no branch that it is behind
 * is sure to run and to do it. Likewise the join of such branches, or of ones that guards may leave out.
 *
 * Cost: O(moves), and branches² more for each fork whose branches begin one by one.
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
  readonly #sites: Certainty
  /** By branch that waits for others: a move that leads to it lacking it. */
  readonly #waiting = new Map<ForkRegion, Map<string, Move>>()
  /** Joins of branches that begin one by one: a move that arrives lacking it. */
  readonly #arrived = new Map<ForkRegion, Move>()

  constructor(subject: Subject, mayLack: (move: Move) => boolean) {
    this.#subject = subject
    this.#mayLack = mayLack
    this.#outgoing = Map.groupBy(subject.moves, (move) => move.from)
    this.#sites = new Certainty(subject)
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
    if (!this.#subject.regions.forks.has(node)) return this.#cameBy.has(node)
    return outcome === 'done' ? this.#done.has(node) : this.#early.has(node)
  }

  #leave(vertex: string): void {
    for (const move of this.#outgoing.get(vertex) ?? []) {
      if (this.#lacks(vertex, move.edge.outcome)) this.#take(move)
    }
  }

  #take(move: Move): void {
    const { regions } = this.#subject
    const way = wayOf(regions, move.edge, move.isFork ? forkTarget : move.to)
    const region =
      way.type === 'fork' || way.type === 'arrival' || way.type === 'step' ? regions.forks.get(way.join) : undefined
    if (way.type === 'fork' && region !== undefined) this.#fork(region, move)
    if (!this.#mayLack(move)) return
    if (way.type === 'arrival' && region !== undefined) this.#arrive(region, { move, ...way })
    else if (region?.isMeshed === true) this.#begin(region, move)
    else this.#reach(move.to, move)
    this.#goOn(move.from)
  }

  /** A branch that waits for others may begin lacking it, now or once those that would do it turn out not to. */
  #begin(region: ForkRegion, move: Move): void {
    const waiting = this.#waiting.get(region) ?? new Map<string, Move>()
    this.#waiting.set(region, waiting)
    if (!waiting.has(move.to)) waiting.set(move.to, move)
    this.#look(region)
  }

  /** A move that lacks it may undo what was thought certain of the branch it is in. */
  #goOn(node: string): void {
    for (const { join } of this.#subject.regions.homes.get(node) ?? []) {
      const region = this.#subject.regions.forks.get(join)
      if (region?.isGated === true) this.#look(region)
    }
  }

  #look(region: ForkRegion): void {
    for (const [entry, move] of this.#waiting.get(region) ?? []) {
      const branch = region.branches.find((one) => one.entry === entry)
      if (branch !== undefined && !this.#isSure(region, branch.behind)) this.#reach(entry, move)
    }
    const arrived = this.#arrived.get(region)
    if (arrived === undefined || this.#done.has(region.join.id)) return
    const all = new Set(region.join.atLeast === null ? region.branches.map(({ entry }) => entry) : [])
    if (this.#isSure(region, all)) return
    this.#done.add(region.join.id)
    this.#joinReached(region.join.id, arrived)
  }

  /** Whether one of these branches runs for certain and does it, whatever way it takes, unless the fork is over with it. */
  #isSure(region: ForkRegion, names: ReadonlySet<string>): boolean {
    return region.branches.some(
      (branch) =>
        names.has(branch.entry) && this.#sites.isCertain(region, branch) && !this.#mayEndLacking(region, branch),
    )
  }

  #mayEndLacking(region: ForkRegion, { nodes }: Branch): boolean {
    return [...nodes].some(
      (node) =>
        this.#cameBy.has(node) &&
        (this.#outgoing.get(node) ?? []).some(
          (move) => this.#lacks(node, move.edge.outcome) && this.#mayLack(move) && this.#sites.ends(region, move),
        ),
    )
  }

  #fork(region: ForkRegion, move: Move): void {
    const join = region.join.id
    // What the forking node itself writes is there before the branches begin.
    if (!this.#mayLack(move) || this.#early.has(join)) return
    this.#early.add(join)
    // All branches may have been cancelled when it fires.
    if (region.isGated && this.#sites.mayCancel(region)) this.#done.add(join)
    this.#joinReached(join, move)
  }

  #arrive(
    region: ForkRegion,
    arrival: { readonly move: Move; readonly branch: string; readonly isFailure: boolean },
  ): void {
    const { join } = region
    if (arrival.isFailure && join.failed !== 'keep') return
    if (region.isGated && join.atLeast === null) {
      if (!this.#arrived.has(region)) this.#arrived.set(region, arrival.move)
      return this.#look(region)
    }
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
