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
interface Place {
  readonly active: readonly string[]
  /** By join, then branch. */
  readonly forks: { readonly [join: string]: { readonly [branch: string]: Status } }
  readonly taken: { readonly [edge: string]: number }
}

/** A place, and the work of getting there. */
type Step = readonly [place: Place, work: number]

class ForkTrial {
  readonly #graph: Graph
  readonly #work: (node: NodeRecord) => number
  readonly #mostStates: number
  readonly #regions: Regions
  readonly #lists: ReadonlyMap<string, readonly EdgeRecord[]>
  readonly #done = new Map<string, number>()
  readonly #open = new Set<string>()

  constructor(graph: Graph, work: (node: NodeRecord) => number, mostStates: number) {
    this.#graph = graph
    this.#work = work
    this.#mostStates = mostStates
    this.#regions = regionsOf(graph)
    this.#lists = Map.groupBy(graph.edges, (edge) => listName(edge.from, edge.outcome))
  }

  begin(): number {
    return this.#best(this.#enter({ active: [], forks: {}, taken: {} }, [this.#graph.start]))
  }

  #best([place, work]: Step): number {
    if (place.active.length === 0) return work
    const key = JSON.stringify([place.active.toSorted(), place.forks, place.taken])
    const known = this.#done.get(key)
    if (known !== undefined) return work + known
    if (this.#open.has(key)) return Infinity
    if (this.#done.size > this.#mostStates) return NaN
    this.#open.add(key)
    let most = 0
    for (const step of this.#steps(place)) {
      const rest = this.#best(step)
      if (Number.isNaN(rest)) return NaN
      most = Math.max(most, rest)
    }
    this.#open.delete(key)
    this.#done.set(key, most)
    return work + most
  }

  *#steps(place: Place): Generator<Step> {
    for (const name of place.active) {
      const node = this.#graph.nodes[name]
      for (const outcome of node?.outcomes ?? []) yield* this.#leave(place, { node: name, outcome })
    }
    for (const join of Object.keys(place.forks)) {
      const region = this.#regions.forks.get(join)
      if (region !== undefined && region.join.deadlineMs !== null) yield* this.#fire(place, region, 'deadline')
    }
  }

  /** All edges that may be taken at an outcome. */
  *#leave(place: Place, end: { readonly node: string; readonly outcome: string }): Generator<Step> {
    for (const edge of this.#lists.get(listName(end.node, end.outcome)) ?? []) {
      const used = place.taken[edge.id] ?? 0
      const isFree = edge.limit === null || used < edge.limit.max
      const counted = edge.limit === null ? place : { ...place, taken: { ...place.taken, [edge.id]: used + 1 } }
      if (isFree) yield* this.#take(counted, edge, edge.to)
      else if (edge.otherwise !== null) yield* this.#take(place, edge, edge.otherwise)
      if (edge.when === null && (isFree || edge.otherwise !== null)) return
    }
  }

  *#take(place: Place, edge: EdgeRecord, to: Target): Generator<Step> {
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
        if (region === undefined || outcome === null) yield [next, 0]
        else yield* this.#fire(next, region, outcome)
      }
    }
  }

  *#fire(place: Place, { join }: ForkRegion, outcome: string): Generator<Step> {
    const closed = this.#without(place, [join.id])
    const fresh = this.#reset({ ...closed, active: [...closed.active, join.id] }, join.id)
    yield* this.#leave(fresh, { node: join.id, outcome })
  }

  #move(place: Place, to: Target): Step {
    return to.startsWith(':') ? [{ ...place, active: [], forks: {} }, 0] : this.#enter(place, [to])
  }

  #enter(place: Place, names: readonly string[]): Step {
    let next = { ...place, active: [...place.active, ...names] }
    let work = 0
    for (const name of names) {
      next = this.#reset(next, name)
      const node = this.#graph.nodes[name]
      if (node !== undefined) work += this.#work(node)
    }
    return [next, work]
  }

  #reset<Some extends Place>(place: Some, name: string): Some {
    const gone = new Set(this.#graph.edges.filter((edge) => edge.limit?.per === name).map((edge) => edge.id))
    if (gone.size === 0) return place
    return { ...place, taken: Object.fromEntries(Object.entries(place.taken).filter(([edge]) => !gone.has(edge))) }
  }

  #without(place: Place, joins: readonly string[]): Place {
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
