import type { Component, Decomposition, Level } from './levels.ts'
import { maxFlow, type FlowNetwork } from './max-flow.ts'
import type { Arc, Network, Pool } from './network.ts'

/** The heaviest walk of a graph, at most. */
export interface WorstWalk {
  /** By root: upper bound of the work of any walk that begins there. Infinity: unbounded. */
  readonly from: ReadonlyMap<number, number>
  /** The loop that adds most; null: no loop adds anything. */
  readonly dominating: {
    readonly loop: Arc
    readonly nodes: readonly number[]
    readonly times: number
    readonly round: number
  } | null
}

/** Work done at each visit of a node, by number; integers, so that sums are exact. */
export type Weights = readonly number[]

/**
 * Bounds the work of any walk, each arc being taken no more often than its limit allows.
 *
 * A stay in a component is cut at its loops: the first piece begins where the stay does, each other piece at the target of a loop,
 * so it weighs at most its heaviest first piece plus, for each loop, limit times the heaviest piece from its target. Where that is
 * loose, a flow of most weight, with loops as arcs of limited capacity, gives a closer bound; the smaller one counts.
 *
 * Source: ADR 0001; measured against exhaustive search in bounds.test.ts.
 */
export function worstWalk(network: Network, { level, unlimited }: Decomposition, weights: Weights): WorstWalk {
  const search = new WalkSearch(weights)
  const { best } = search.walks(level, network.roots)
  const isUnbounded = unlimited.length > 0
  const from = new Map(network.roots.map((root) => [root, isUnbounded ? Infinity : (best.get(root) ?? 0)]))
  return { from, dominating: search.dominating() }
}

/** Heaviest walks by the node they begin at. */
type Heaviest = ReadonlyMap<number, number>

/** What is known of the walks inside a level. */
interface LevelWalks {
  /** Walks that stay in the level. */
  readonly best: Heaviest
  /** Walks that stay in one component of it. */
  readonly stays: Heaviest
}

interface LoopCandidate {
  readonly loop: Arc
  readonly level: Level
  readonly times: number
  readonly upper: number
  readonly stays: Heaviest
}

/** What a component needs to know of the level it is in. */
interface Around {
  /** Nodes at which a walk may enter. */
  readonly starts: ReadonlySet<number>
  /** Heaviest work after leaving the component from a node. */
  readonly leave: (node: number) => number
  /** How often the level may be entered. */
  readonly repeats: number
}

/** More work than this is not spent on the closer bound of one component: loops times arcs times entries. */
const flowBudget = 60_000

/** Loops that are looked at for the one that adds most, those that might add most first. */
const maxCandidates = 24

class WalkSearch {
  readonly #weights: Weights
  readonly #candidates: LoopCandidate[] = []

  constructor(weights: Weights) {
    this.#weights = weights
  }

  /** @param entries - nodes at which a walk may enter the level */
  walks(level: Level, entries: Iterable<number>, repeats = 1): LevelWalks {
    const best = new Map<number, number>()
    const stays = new Map<number, number>()
    const starts = new Set(entries)
    for (const arc of level.arcs) starts.add(arc.to)
    const exits = Map.groupBy(level.arcs, (arc) => arc.from)
    const leave = (node: number): number =>
      (exits.get(node) ?? []).reduce((most, arc) => Math.max(most, best.get(arc.to) ?? 0), 0)
    for (const { nodes, inner } of level.components.toReversed()) {
      if (inner !== undefined) {
        this.#knot({ nodes, inner }, { starts, leave, repeats }, { best, stays })
        continue
      }
      for (const node of nodes) {
        stays.set(node, this.#weights[node] ?? 0)
        best.set(node, (this.#weights[node] ?? 0) + leave(node))
      }
    }
    return { best, stays }
  }

  #knot(
    { nodes, inner }: Required<Component>,
    { starts, leave, repeats }: Around,
    found: { readonly best: Map<number, number>; readonly stays: Map<number, number> },
  ): void {
    const { loops, level } = inner
    const entries = nodes.filter((node) => starts.has(node))
    const rounds = 1 + pooledSum(loops, { nodes, amount: () => 1 })
    const pieces = this.walks(level, [...entries, ...loops.map((loop) => loop.to)], repeats * rounds)
    const again = pooledSum(loops, { nodes, amount: (loop) => pieces.best.get(loop.to) ?? 0 })
    for (const loop of loops) {
      const times = loop.limit * repeats
      this.#candidates.push({ loop, level, times, upper: times * (pieces.best.get(loop.to) ?? 0), stays: pieces.stays })
    }
    const exit = nodes.reduce((most, node) => Math.max(most, leave(node)), 0)
    const closer = closerBound({ level, loops, stays: pieces.stays, entries: entries.length })
    for (const entry of entries) {
      const simple = (pieces.best.get(entry) ?? 0) + again
      const stay = Math.min(simple, closer?.(entry, () => 0) ?? Infinity)
      found.stays.set(entry, stay)
      found.best.set(entry, Math.min(simple + exit, exit === 0 ? stay : (closer?.(entry, leave) ?? Infinity)))
    }
  }

  /** The loop that adds most; among equals the first. */
  dominating(): WorstWalk['dominating'] {
    let found: WorstWalk['dominating'] = null
    const candidates = this.#candidates.toSorted((left, right) => right.upper - left.upper)
    for (const candidate of candidates.slice(0, maxCandidates)) {
      if (found !== null && candidate.upper <= found.times * found.round) break
      const round = this.#round(candidate)
      if (round === null || candidate.times * round.weight <= (found === null ? 0 : found.times * found.round)) continue
      found = { loop: candidate.loop, nodes: round.nodes, times: candidate.times, round: round.weight }
    }
    return found
  }

  /** The heaviest path from the target of a loop to its source, by components of the level. */
  #round({ loop, level, stays }: LoopCandidate): { readonly nodes: readonly number[]; readonly weight: number } | null {
    const placeOf = placesOf(level)
    const incoming = Map.groupBy(level.arcs, (arc) => placeOf.get(arc.to) ?? -1)
    const first = placeOf.get(loop.to) ?? -1
    const last = placeOf.get(loop.from) ?? -1
    const best = new Map<number, { readonly weight: number; readonly nodes: readonly number[] }>()
    best.set(first, { weight: stays.get(loop.to) ?? 0, nodes: [loop.to] })
    for (let place = first + 1; place <= last; place++) {
      for (const arc of incoming.get(place) ?? []) {
        const before = best.get(placeOf.get(arc.from) ?? -1)
        if (before === undefined) continue
        const weight = before.weight + (stays.get(arc.to) ?? 0)
        if (weight > (best.get(place)?.weight ?? -1)) best.set(place, { weight, nodes: [...before.nodes, arc.to] })
      }
    }
    const end = best.get(last)
    if (end === undefined) return null
    return { weight: end.weight, nodes: end.nodes.at(-1) === loop.from ? end.nodes : [...end.nodes, loop.from] }
  }
}

/** Limit times amount over loops; those that share a limit add no more than it times the largest of their amounts. */
function pooledSum(
  loops: readonly Arc[],
  { nodes, amount }: { readonly nodes: readonly number[]; readonly amount: (loop: Arc) => number },
): number {
  const members = new Set(nodes)
  // A limit that starts again inside the component bounds no stay in it.
  const poolOf = ({ pool }: Arc): Pool | null => (pool === undefined || members.has(pool.per) ? null : pool)
  let sum = 0
  for (const [pool, sharing] of Map.groupBy(loops, poolOf)) {
    const apart = sharing.reduce((all, loop) => all + loop.limit * amount(loop), 0)
    const together = pool === null ? Infinity : pool.limit * Math.max(...sharing.map((loop) => amount(loop)))
    sum += Math.min(apart, together)
  }
  return sum
}

interface Knot {
  readonly level: Level
  readonly loops: readonly Arc[]
  readonly stays: Heaviest
  readonly entries: number
}

type CloserBound = (entry: number, leave: (node: number) => number) => number | null

/** The bound by flow of walks that enter a component at a node; null: too costly. */
function closerBound({ level, loops, stays, entries }: Knot): CloserBound | null {
  if (loops.length === 0 || loops.length * (level.arcs.length + loops.length) * entries > flowBudget) return null
  const placeOf = placesOf(level)
  const place = (node: number): number => placeOf.get(node) ?? 0
  const work = (node: number): number => stays.get(node) ?? 0
  const arcOf = (arc: Arc, capacity: number): FlowNetwork['arcs'][number] => ({
    from: place(arc.from),
    to: place(arc.to),
    capacity,
    weight: work(arc.to),
  })
  const arcs = [...level.arcs.map((arc) => arcOf(arc, Infinity)), ...loops.map((loop) => arcOf(loop, loop.limit))]
  return (entry, leave) => {
    const ends = level.components.map(({ nodes }) => nodes.reduce((most, node) => Math.max(most, leave(node)), 0))
    const flow = maxFlow({ size: level.components.length, arcs, ends }, place(entry))
    return flow === null ? null : work(entry) + flow
  }
}

const placesByLevel = new WeakMap<Level, ReadonlyMap<number, number>>()

function placesOf(level: Level): ReadonlyMap<number, number> {
  const known = placesByLevel.get(level)
  if (known !== undefined) return known
  const places = new Map<number, number>()
  level.components.forEach(({ nodes }, place) => {
    for (const node of nodes) places.set(node, place)
  })
  placesByLevel.set(level, places)
  return places
}
