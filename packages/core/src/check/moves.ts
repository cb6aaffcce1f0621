import { DirectedGraph } from 'graphology'
import { regionsOf, type Regions } from '../graph/regions.ts'
import { endTarget, exhaustedTarget, failTarget, type EdgeRecord, type Graph, type Target } from '../graph/graph.ts'

/** One way on from a node: an edge, or where it leads when its limit is used up. */
export interface Move {
  /** Edge id, or `<edge id>:otherwise`. */
  readonly id: string
  readonly from: string
  readonly to: Target
  readonly edge: EdgeRecord
  readonly isOtherwise: boolean
  /** One branch of a fork. */
  readonly isFork: boolean
}

/** The moves of a graph, as a graphology graph: a vertex per node and per target, an arc with all moves from one to the other. */
export type MoveGraph = DirectedGraph<Record<string, never>, { readonly moves: Move[] }>

/** The graph as the rules look at it. */
export interface Subject {
  readonly graph: Graph
  /** Order: as edges. Edges with limit 0 are left out, since they are never taken. */
  readonly moves: readonly Move[]
  readonly moveGraph: MoveGraph
  /** Edges of each node's outcomes, by `node.outcome`. Order: priority. */
  readonly lists: ReadonlyMap<string, readonly EdgeRecord[]>
  readonly regions: Regions
  /** Where the run goes on when a limit of the workflow is hit; null: it has none, or ends `exhausted`. */
  readonly exhaustedTo: Target | null
  /** Where a run that has stalled goes on, from any node. */
  readonly stalledTo: readonly Jump[]
}

/** A way on that no edge shows: it may be taken from any node. */
export interface Jump {
  /** As findings name it. */
  readonly name: string
  readonly to: Target
  /** Times it may be taken in a run. */
  readonly times: number
}

/** Reads the moves of a graph. Targets that do not exist are vertices without arcs. */
export function subjectOf(graph: Graph): Subject {
  const moves = graph.edges.flatMap((edge) => movesOf(edge))
  const moveGraph: MoveGraph = new DirectedGraph()
  for (const id of Object.keys(graph.nodes)) moveGraph.addNode(id)
  for (const move of moves) {
    moveGraph.mergeNode(move.from)
    moveGraph.mergeNode(move.to)
    if (moveGraph.hasEdge(move.from, move.to)) moveGraph.getEdgeAttribute(move.from, move.to, 'moves').push(move)
    else moveGraph.addEdge(move.from, move.to, { moves: [move] })
  }
  const lists = Map.groupBy(graph.edges, (edge) => listName(edge.from, edge.outcome))
  for (const list of lists.values()) list.sort((left, right) => left.index - right.index)
  const isLimited = Object.keys(graph.limits.bounds).length > 0
  const exhaustedTo = isLimited && graph.limits.exhausted !== exhaustedTarget ? graph.limits.exhausted : null
  return { graph, moves, moveGraph, lists, regions: regionsOf(graph), exhaustedTo, stalledTo: stallJumps(graph) }
}

function stallJumps({ limits: { stall } }: Graph): readonly Jump[] {
  if (stall === undefined) return []
  return [
    { name: 'limits.stall', to: stall.to, times: stall.limit },
    { name: 'limits.stall.otherwise', to: stall.otherwise, times: 1 },
  ]
}

/** The name of the way by which a run was put to a node that it did not start at. */
export function jumpName({ graph, exhaustedTo, stalledTo }: Subject, root: string): string | undefined {
  if (root === graph.start) return undefined
  return root === exhaustedTo ? 'limits.exhausted' : stalledTo.find(({ to }) => to === root)?.name
}

/** Key of {@link Subject.lists}. */
export function listName(node: string, outcome: string): string {
  return `${node}.${outcome}`
}

function movesOf(edge: EdgeRecord): Move[] {
  const moves: Move[] = []
  // A fork leads to all of its branches at once; each is a move of its own.
  const targets = edge.fork?.branches ?? [edge.to]
  if (edge.limit?.max !== 0)
    for (const to of targets)
      moves.push({ id: edge.id, from: edge.from, to, edge, isOtherwise: false, isFork: edge.fork !== undefined })
  if (edge.limit !== null && edge.otherwise !== null) {
    moves.push({
      id: `${edge.id}:otherwise`,
      from: edge.from,
      to: edge.otherwise,
      edge,
      isOtherwise: true,
      isFork: false,
    })
  }
  return moves
}

/** Where a run may begin or be put: the start, and the targets of `limits.exhausted` and `limits.stall` that are nodes. */
export function rootsOf({ graph, exhaustedTo, stalledTo }: Subject): readonly string[] {
  const roots = [graph.start, ...(exhaustedTo === null ? [] : [exhaustedTo]), ...stalledTo.map(({ to }) => to)]
  return [...new Set(roots)].filter((root) => graph.nodes[root] !== undefined)
}

/** What a walk over moves has found. */
export interface Walk {
  /** Vertices reached, roots included, nearest first. */
  readonly reached: ReadonlySet<string>
  /** The moves of a shortest path from a root to a reached vertex. */
  pathTo(vertex: string): readonly Move[]
}

/**
 * Walks moves breadth first.
 *
 * Cost: O(moves).
 *
 * @param mayTake - moves to follow; default: all
 */
export function walkFrom(subject: Subject, roots: readonly string[], mayTake?: (move: Move) => boolean): Walk {
  const cameBy = new Map<string, Move | null>()
  const queue: string[] = []
  for (const root of roots) {
    if (cameBy.has(root) || !subject.moveGraph.hasNode(root)) continue
    cameBy.set(root, null)
    queue.push(root)
  }
  for (const vertex of queue) {
    subject.moveGraph.forEachOutEdge(vertex, (_id, { moves }, _from, to) => {
      const move = cameBy.has(to) ? undefined : moves.find((candidate) => mayTake?.(candidate) !== false)
      if (move === undefined) return
      cameBy.set(to, move)
      queue.push(to)
    })
  }
  return { reached: new Set(queue), pathTo: (vertex) => pathBack(cameBy, vertex) }
}

/** The moves that led to a vertex, from its root on. */
export function pathBack(cameBy: ReadonlyMap<string, Move | null>, vertex: string): readonly Move[] {
  const path: Move[] = []
  const seen = new Set<Move>()
  for (let move = cameBy.get(vertex); move && !seen.has(move); move = cameBy.get(move.from)) {
    seen.add(move)
    path.unshift(move)
  }
  return path
}

/** Vertices from which one of the targets can be reached, the targets included. Cost: O(moves). */
export function reaching(
  subject: Subject,
  targets: readonly string[],
  mayTake?: (move: Move) => boolean,
): ReadonlySet<string> {
  const reached = new Set(targets.filter((target) => subject.moveGraph.hasNode(target)))
  for (const vertex of reached) {
    subject.moveGraph.forEachInEdge(vertex, (_id, { moves }, from) => {
      if (moves.some((move) => mayTake?.(move) !== false)) reached.add(from)
    })
  }
  return reached
}

/** A target as authors write it: `END`, `FAIL`, or the node in quotes. */
export function formatTarget(target: Target): string {
  if (target === endTarget) return 'END'
  return target === failTarget ? 'FAIL' : `"${target}"`
}

/** A path as people read it: `triage.done.0 → refund.done → END`. @param last - what it ends with */
export function formatPath(path: readonly Move[], last?: string): string {
  const ids = path.map((move) => move.id)
  return last === undefined ? ids.join(' → ') : [...ids, last].join(' → ')
}
