import { componentsOf } from './components.ts'
import type { Arc, Network } from './network.ts'

/**
 * A part of a graph, split into strongly connected components.
 *
 * A component with cycles has loops: limited arcs whose count does not start again inside it, so that each can be taken at most
 * `limit` times while a walk stays. Without its loops the component is a level of its own.
 */
export interface Level {
  /** Order: topological. */
  readonly components: readonly Component[]
  /** Arcs from one component to another. */
  readonly arcs: readonly Arc[]
}

/** One node, or a knot of cycles. */
export interface Component {
  readonly nodes: readonly number[]
  /** Absent for a single node without cycle. */
  readonly inner?: { readonly loops: readonly Arc[]; readonly level: Level }
}

/** A component of cycles in which no limit holds. */
export interface UnlimitedComponent {
  readonly nodes: readonly number[]
}

/** A graph taken apart. */
export interface Decomposition {
  readonly level: Level
  /** Not empty: the graph is unbounded. Each is also in the levels, as a component whose loops are empty. */
  readonly unlimited: readonly UnlimitedComponent[]
}

/**
 * Takes a graph apart: components, their loops, what is left without these, and so on.
 *
 * Cost: O(nodes + arcs) for each depth of nested loops.
 */
export function decompose({ ids, arcs }: Network): Decomposition {
  const unlimited: UnlimitedComponent[] = []
  const level = levelOf([...ids.keys()], arcs, unlimited)
  return { level, unlimited }
}

function levelOf(nodes: readonly number[], arcs: readonly Arc[], unlimited: UnlimitedComponent[]): Level {
  const found = componentsOf(nodes, arcs)
  const placeOf = new Map<number, number>()
  found.forEach((members, place) => {
    for (const node of members) placeOf.set(node, place)
  })
  const crossing: Arc[] = []
  const within: Arc[][] = found.map(() => [])
  for (const arc of arcs) {
    const place = placeOf.get(arc.from) ?? -1
    if (place === placeOf.get(arc.to)) within[place]?.push(arc)
    else crossing.push(arc)
  }
  const components = found.map((members, place): Component => {
    const inside = within[place] ?? []
    return inside.length === 0 ? { nodes: members } : knot(members, inside, unlimited)
  })
  return { components, arcs: crossing }
}

function knot(nodes: readonly number[], arcs: readonly Arc[], unlimited: UnlimitedComponent[]): Component {
  const members = new Set(nodes)
  const isLoop = (arc: Arc): boolean => arc.limit !== Infinity && !members.has(arc.per)
  const loops = arcs.filter((arc) => isLoop(arc))
  if (loops.length === 0) {
    unlimited.push({ nodes })
    return { nodes, inner: { loops, level: { components: nodes.map((node) => ({ nodes: [node] })), arcs: [] } } }
  }
  const rest = arcs.filter((arc) => !isLoop(arc))
  return { nodes, inner: { loops, level: levelOf(nodes, rest, unlimited) } }
}
