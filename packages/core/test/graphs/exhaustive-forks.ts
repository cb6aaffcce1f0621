import { listName } from '../../src/check/moves.ts'
import type { EdgeRecord, Graph, NodeRecord, Target } from '../../src/graph/graph.ts'
import { regionsOf, wayOf, type ForkRegion, type Regions } from '../../src/graph/regions.ts'

/**
 * The most work that a run of a small graph with forks can do, by trying all orders in which its branches may end: guards may hold or not at
 * will, limits are counted as a run counts them, deadlines may be at any moment. Work counts when a node is entered.
 *
 * @returns Infinity when a run can go on for ever; null when there are too many states
 */
export function exhaustiveForks(graph: Graph, work: (node: NodeRecord) => number, mostStates = 60_000): number | null {
  const trial = new ForkTrial(graph, work, mostStates)
  const most = trial.begin()
  return Number.isNaN(most) ? null : most
}

type Status = 'running' | 'joined' | 'failed'

/** Where a run may be. */
export interface ForkPlace {
  readonly active: readonly string[]
  /** By join, then branch. */
  readonly forks: { readonly [join: string]: { readonly [branch: string]: Status } }
  readonly taken: { readonly [edge: string]: number }
}

/** A place, and the nodes that were entered on the way to it. */
export type ForkMove = readonly [place: ForkPlace, entered: readonly string[]]

/** The same for all ways to a place. */
export function keyOfPlace({ active, forks, taken }: ForkPlace): string {
  return JSON.stringify([active.toSorted(), forks, taken])
}

class ForkTrial {
  readonly #graph: Graph
  readonly #work: (node: NodeRecord) => number
  readonly #mostStates: number
  readonly #moves: ForkMoves
  readonly #done = new Map<string, number>()
  readonly #open = new Set<string>()

  constructor(graph: Graph, work: (node: NodeRecord) => number, mostStates: number) {
    this.#graph = graph
    this.#work = work
    this.#mostStates = mostStates
    this.#moves = new ForkMoves(graph)
  }

  begin(): number {
    return this.#best(this.#moves.begin())
  }

  #best([place, entered]: ForkMove): number {
    const work = entered.reduce((sum, name) => sum + this.#workOf(name), 0)
    if (place.active.length === 0) return work
    const key = keyOfPlace(place)
    const known = this.#done.get(key)
    if (known !== undefined) return work + known
    if (this.#open.has(key)) return Infinity
    if (this.#done.size > this.#mostStates) return NaN
    this.#open.add(key)
    let most = 0
    for (const step of this.#moves.after(place)) {
      const rest = this.#best(step)
      if (Number.isNaN(rest)) return NaN
      most = Math.max(most, rest)
    }
    this.#open.delete(key)
    this.#done.set(key, most)
    return work + most
  }

  #workOf(name: string): number {
    const node = this.#graph.nodes[name]
    return node === undefined ? 0 : this.#work(node)
  }
}

/** The moves that a run of a graph may make, whatever its guards say. */
export class ForkMoves {
  readonly #graph: Graph
  readonly #regions: Regions
  readonly #lists: ReadonlyMap<string, readonly EdgeRecord[]>

  constructor(graph: Graph) {
    this.#graph = graph
    this.#regions = regionsOf(graph)
    this.#lists = Map.groupBy(graph.edges, (edge) => listName(edge.from, edge.outcome))
  }

  begin(): ForkMove {
    return this.#enter({ active: [], forks: {}, taken: {} }, [this.#graph.start])
  }

  /** All moves from a place. */
  *after(place: ForkPlace): Generator<ForkMove> {
    for (const name of place.active) {
      const node = this.#graph.nodes[name]
      for (const outcome of node?.outcomes ?? []) yield* this.end(place, { node: name, outcome })
    }
    yield* this.deadlines(place)
  }

  /** The moves of deadlines, which may come at any moment. */
  *deadlines(place: ForkPlace): Generator<ForkMove> {
    for (const join of Object.keys(place.forks)) {
      const region = this.#regions.forks.get(join)
      if (region !== undefined && region.join.deadlineMs !== null) yield* this.#fire(place, region, 'deadline')
    }
  }

  /** All edges that may be taken at an outcome. */
  *end(place: ForkPlace, end: { readonly node: string; readonly outcome: string }): Generator<ForkMove> {
    for (const edge of this.#lists.get(listName(end.node, end.outcome)) ?? []) {
      const used = place.taken[edge.id] ?? 0
      const isFree = edge.limit === null || used < edge.limit.max
      const counted = edge.limit === null ? place : { ...place, taken: { ...place.taken, [edge.id]: used + 1 } }
      if (isFree) yield* this.#take(counted, edge, edge.to)
      else if (edge.otherwise !== null) yield* this.#take(place, edge, edge.otherwise)
      if (edge.when === null && (isFree || edge.otherwise !== null)) return
    }
  }

  *#take(place: ForkPlace, edge: EdgeRecord, to: Target): Generator<ForkMove> {
    if (to === ':person') return
    const gone = { ...place, active: place.active.filter((name) => name !== edge.from) }
    const way = wayOf(this.#regions, edge, to)
    switch (way.type) {
      case 'plain':
        yield this.#move(gone, to)
        return
      case 'step':
        throw new RangeError('branches that meet are for MeshModel')
      case 'leaving':
        yield this.#move(this.#without(gone, way.leaves), to)
        return
      case 'fork': {
        const branches = edge.fork?.branches ?? []
        const statuses = Object.fromEntries(branches.map((branch) => [branch, 'running' as const]))
        yield this.#enter({ ...gone, forks: { ...gone.forks, [way.join]: statuses } }, branches)
        return
      }
      case 'arrival': {
        const left = this.#without(gone, way.leaves)
        const statuses = {
          ...left.forks[way.join],
          [way.branch]: way.isFailure ? ('failed' as const) : ('joined' as const),
        }
        const next = { ...left, forks: { ...left.forks, [way.join]: statuses } }
        const region = this.#regions.forks.get(way.join)
        const outcome = region === undefined ? null : outcomeOf(region, Object.values(statuses))
        if (region === undefined || outcome === null) yield [next, []]
        else yield* this.#fire(next, region, outcome)
      }
    }
  }

  *#fire(place: ForkPlace, { join }: ForkRegion, outcome: string): Generator<ForkMove> {
    const closed = this.#without(place, [join.id])
    const fresh = this.#reset({ ...closed, active: [...closed.active, join.id] }, join.id)
    yield* this.end(fresh, { node: join.id, outcome })
  }

  #move(place: ForkPlace, to: Target): ForkMove {
    return to.startsWith(':') ? [{ ...place, active: [], forks: {} }, []] : this.#enter(place, [to])
  }

  #enter(place: ForkPlace, names: readonly string[]): ForkMove {
    let next = { ...place, active: [...place.active, ...names] }
    for (const name of names) next = this.#reset(next, name)
    return [next, names]
  }

  #reset<Some extends ForkPlace>(place: Some, name: string): Some {
    const gone = new Set(this.#graph.edges.filter((edge) => edge.limit?.per === name).map((edge) => edge.id))
    if (gone.size === 0) return place
    return { ...place, taken: Object.fromEntries(Object.entries(place.taken).filter(([edge]) => !gone.has(edge))) }
  }

  #without(place: ForkPlace, joins: readonly string[]): ForkPlace {
    const nodes = new Set(joins.flatMap((join) => [...(this.#regions.forks.get(join)?.nodes ?? [])]))
    const isGone = (name: string): boolean => nodes.has(name) || joins.includes(name)
    return {
      ...place,
      active: place.active.filter((name) => !nodes.has(name)),
      forks: Object.fromEntries(Object.entries(place.forks).filter(([join]) => !isGone(join))),
    }
  }
}

function outcomeOf({ join, branches }: ForkRegion, statuses: readonly Status[]): string | null {
  const needed = join.atLeast ?? branches.length
  const count = (status: Status): number => statuses.filter((one) => one === status).length
  const joined = count('joined') + (join.failed === 'keep' ? count('failed') : 0)
  if (joined >= needed) return 'done'
  if (join.failed === 'raise' && count('failed') > 0) return 'failed'
  return joined + count('running') < needed ? 'unsatisfied' : null
}
