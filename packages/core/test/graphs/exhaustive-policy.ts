import type { Graph, NodeRecord, PolicyRecord } from '../../src/graph/graph.ts'
import { nestedIn } from '../../src/graph/nested-graphs.ts'
import { isCrossing, shownAt } from '../../src/graph/policy-crossing.ts'
import { ForkMoves, keyOfPlace, type ForkPlace } from './exhaustive-forks.ts'

/**
 * Whether some run of a small graph with forks, maps and nested workflows breaks a policy without `given`, by trying all of them: guards may
 * hold or not at will, branches end in any order, agents and maps run their tool up to twice a visit.
 *
 * @returns null when there are too many states
 */
export function breaksPolicy(graph: Graph, policy: PolicyRecord, mostStates = 20_000): boolean | null {
  const search = new PolicySearch(policy)
  const begun = search.begin(graph, false, 0)
  if (begun.isBroken) return true
  const seen = new Set<string>()
  const queue = [begun]
  for (const { tree, isCleared } of queue) {
    const key = `${isCleared} ${keyOf(tree)}`
    if (seen.has(key)) continue
    if (seen.size > mostStates) return null
    seen.add(key)
    for (const next of search.after(graph, { tree, isCleared }, 0)) {
      if (next.isBroken) return true
      queue.push(next)
    }
  }
  return false
}

/** Where a run and what is nested in it may be. */
interface Tree {
  readonly place: ForkPlace
  /** By node that is active. */
  readonly inside: { readonly [node: string]: Tree }
  /** Runs of the tool in this visit, or items begun, by node that is active. */
  readonly runs: { readonly [node: string]: number }
}

interface Here {
  readonly tree: Tree
  /** The outcome was crossed, and the tool has not run since, nor was what it showed written. */
  readonly isCleared: boolean
}

interface Move extends Here {
  readonly isBroken: boolean
}

const failures = new Set(['failed', 'timeout', 'unknown', 'exhausted'])
const mostRuns = 2

function keyOf({ place, inside, runs }: Tree): string {
  const nested = Object.entries(inside).map(([node, tree]) => `${node}(${keyOf(tree)})`)
  const counts = Object.entries(runs).map(([node, count]) => `${node}=${count}`)
  return `${keyOfPlace(place)}${nested.toSorted().join('')}${counts.toSorted().join('')}`
}

class PolicySearch {
  readonly #policy: PolicyRecord
  readonly #moves = new Map<Graph, ForkMoves>()

  constructor(policy: PolicyRecord) {
    this.#policy = policy
  }

  begin(graph: Graph, isCleared: boolean, depth: number): Move {
    const [place, entered] = this.#movesOf(graph).begin()
    return this.#enter(graph, { tree: { place, inside: {}, runs: {} }, isCleared }, { entered, depth })
  }

  *after(graph: Graph, here: Here, depth: number): Generator<Move> {
    for (const name of here.tree.place.active) {
      const node = graph.nodes[name]
      if (node === undefined) continue
      const inside = here.tree.inside[name]
      const nested = nestedIn(graph, node)
      if (inside !== undefined && nested !== undefined && inside.place.active.length > 0) {
        for (const move of this.after(nested, { tree: inside, isCleared: here.isCleared }, depth + 1))
          yield { ...move, tree: withInside(here.tree, name, move.tree) }
        continue
      }
      yield* this.#runAgain(graph, here, { node, depth })
      for (const outcome of node.outcomes) yield* this.#leave(graph, here, { node, outcome, depth })
    }
    for (const [place, entered] of this.#movesOf(graph).deadlines(here.tree.place))
      yield this.#enter(graph, { ...here, tree: { ...here.tree, place } }, { entered, depth })
  }

  /** An agent calls the tool; a map begins an item. */
  *#runAgain(
    graph: Graph,
    here: Here,
    { node, depth }: { readonly node: NodeRecord; readonly depth: number },
  ): Generator<Move> {
    const { tree, isCleared } = here
    const runs = tree.runs[node.id] ?? 0
    if (runs >= Math.min(mostRuns, mostOf(node, this.#policy.never))) return
    const counted: Tree = { ...tree, runs: { ...tree.runs, [node.id]: runs + 1 } }
    const nested = nestedIn(graph, node)
    if (nested === undefined) {
      yield { tree: counted, isCleared: false, isBroken: !isCleared }
      return
    }
    const begun = this.begin(nested, isCleared, depth + 1)
    yield { ...begun, tree: withInside(counted, node.id, begun.tree) }
  }

  *#leave(
    graph: Graph,
    { tree, isCleared }: Here,
    { node, outcome, depth }: { readonly node: NodeRecord; readonly outcome: string; readonly depth: number },
  ): Generator<Move> {
    const { without } = this.#policy
    const shown = without === 'approval' || depth > 0 ? [] : shownAt(graph, without.node)
    const isUndone = !failures.has(outcome) && node.writes.some((key) => shown.includes(key))
    const isCrossed = depth === 0 && isCrossing(this.#policy, node, outcome)
    const cleared = isCrossed || (isCleared && !isUndone)
    for (const [place, entered] of this.#movesOf(graph).end(tree.place, { node: node.id, outcome }))
      yield this.#enter(graph, { tree: { ...tree, place }, isCleared: cleared }, { entered, depth, left: node.id })
  }

  #enter(
    graph: Graph,
    { tree: { place, inside, runs }, isCleared }: Here,
    { entered, depth, left }: { readonly entered: readonly string[]; readonly depth: number; readonly left?: string },
  ): Move {
    const kept = (name: string): boolean => place.active.includes(name) && !entered.includes(name) && name !== left
    const keep = <Value>(record: { readonly [node: string]: Value }): { [node: string]: Value } =>
      Object.fromEntries(Object.entries(record).filter(([name]) => kept(name)))
    const now = { isCleared, isBroken: false }
    const trees = keep(inside)
    for (const name of entered) {
      const node = graph.nodes[name]
      if (node?.kind === 'tool' && node.tool === this.#policy.never) {
        now.isBroken ||= !now.isCleared
        now.isCleared = false
      }
      const nested = node?.kind === 'workflow' ? nestedIn(graph, node) : undefined
      if (nested === undefined) continue
      const begun = this.begin(nested, now.isCleared, depth + 1)
      trees[name] = begun.tree
      now.isBroken ||= begun.isBroken
      now.isCleared = begun.isCleared
    }
    return { ...now, tree: { place, inside: trees, runs: keep(runs) } }
  }

  #movesOf(graph: Graph): ForkMoves {
    const moves = this.#moves.get(graph) ?? new ForkMoves(graph)
    this.#moves.set(graph, moves)
    return moves
  }
}

/** How often a node may run the tool in one visit, or begin what may run it. */
function mostOf(node: NodeRecord, tool: string): number {
  if (node.kind === 'agent') return node.tools.includes(tool) ? node.maxModelCalls * node.maxCallsPerTurn : 0
  if (node.kind !== 'map') return 0
  // Further attempts of a call have the same effect id; those of a workflow begin it anew.
  if (node.workflow !== undefined) return node.maxItems * node.retry.attempts
  return node.tool === tool ? node.maxItems : 0
}

function withInside(tree: Tree, node: string, inside: Tree): Tree {
  return { ...tree, inside: { ...tree.inside, [node]: inside } }
}
