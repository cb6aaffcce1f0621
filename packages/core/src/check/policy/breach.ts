import type { GuardExpression, NodeRecord, PolicyRecord } from '../../graph/graph.ts'
import { isCrossing } from '../../graph/policy-crossing.ts'
import { mayWrite } from '../certain-writes.ts'
import type { Move, Subject } from '../moves.ts'
import { always, atomsOf, canHold } from '../propositions.ts'
import { Conditions, type Known } from './conditions.ts'
import { runnersOf, type Runner } from './runners.ts'

/** A way in which a tool can run against a policy. */
export interface Breach {
  readonly runner: Runner
  /** Shortest: moves from the start, or from the node that `limits.exhausted` leads to. */
  readonly path: readonly Move[]
  /** Why a crossing of the outcome no longer counts; null: it was not crossed. */
  readonly lost: string | null
  /** The outcome was crossed, but the runner may run the tool more than once. */
  readonly isSecondRun: boolean
  /** The last node that wrote what a known guard reads; null: none did. */
  readonly forgot: string | null
}

/** Guards of `given` beyond this number are taken as unknown. */
const maxKnown = 6

/** Where a run may be, with what a policy needs to know of how it got there. */
interface Position {
  readonly node: string
  /** Where the outcome has been crossed, while that still counts; null: it does not. */
  readonly clearedBy: string | null
  /** Truth of the guards of `given`, as far as the edges taken tell. */
  readonly known: Known
  readonly lost: string | null
  readonly forgot: string | null
  readonly by: { readonly before: Position; readonly move: Move | null } | null
}

/**
 * Finds, for each node that runs the policy's tool, a shortest path on which it does so against the policy.
 *
 * Walks all positions breadth first. An edge tells which guards of `given` must hold or not (its own guard, and those of edges
 * before it that were passed over); edges that contradict what is known are not taken; a run of the tool counts only where `given`
 * may still hold. What an edge told is forgotten when a node writes a key that the guard reads.
 *
 * Cost: O(moves · (1 + outcomes that count) · 3^guards of `given`).
 *
 * @param options - `forgets: false`: as if guards did not change, so that a breach then needs no such write
 */
export function findBreaches(
  subject: Subject,
  policy: PolicyRecord,
  options: { readonly forgets: boolean },
): readonly Breach[] {
  return new BreachSearch(subject, policy, options).run()
}

class BreachSearch {
  readonly #subject: Subject
  readonly #policy: PolicyRecord
  readonly #forgets: boolean
  readonly #given: GuardExpression
  readonly #runners: ReadonlyMap<string, Runner>
  readonly #conditions: Conditions
  /** By where the outcome was crossed, then by node. */
  readonly #seen = new Map<string | null, Map<string, Set<Known>>>()
  readonly #queue: Position[] = []

  constructor(subject: Subject, policy: PolicyRecord, { forgets }: { readonly forgets: boolean }) {
    const { graph } = subject
    this.#subject = subject
    this.#policy = policy
    this.#forgets = forgets
    this.#given = policy.given ?? always
    this.#conditions = new Conditions(subject, [...atomsOf(this.#given)].slice(0, maxKnown))
    this.#runners = new Map(runnersOf(graph, policy.never).map((runner) => [runner.node.id, runner]))
  }

  run(): readonly Breach[] {
    const { graph, exhaustedTo } = this.#subject
    const begin = { clearedBy: null, known: this.#conditions.nothing, lost: null, forgot: null, by: null }
    this.#push({ ...begin, node: graph.start })
    if (exhaustedTo !== null) this.#push({ ...begin, node: exhaustedTo })
    const breaches = new Map<string, Breach>()
    for (const position of this.#queue) {
      const runner = this.#runners.get(position.node)
      const counts = runner !== undefined && !breaches.has(position.node) && canHold(this.#given, position.known.truth)
      const isAsked = counts && this.#isAsked(runner, position.known)
      if (counts && !isAsked && (position.clearedBy === null || runner.runs > 1)) {
        const path = pathOf(position)
        breaches.set(position.node, {
          runner,
          path,
          lost: position.lost,
          isSecondRun: position.clearedBy !== null,
          forgot: position.forgot,
        })
      }
      this.#leave(position)
    }
    return [...this.#runners.keys()].flatMap((id) => breaches.get(id) ?? [])
  }

  /** Every run of the tool there asks a person about the very call, whenever the policy is meant. */
  #isAsked({ asks }: Runner, { truth }: Known): boolean {
    if (this.#policy.without !== 'approval' || asks === null) return false
    return !canHold({ all: [this.#given, { not: asks }] }, truth)
  }

  #push(position: Position): void {
    if (this.#subject.graph.nodes[position.node] === undefined) return
    const seen = this.#seen.get(position.clearedBy) ?? new Map<string, Set<Known>>()
    this.#seen.set(position.clearedBy, seen)
    const known = seen.get(position.node)
    if (known?.has(position.known) === true) return
    if (known === undefined) seen.set(position.node, new Set([position.known]))
    else known.add(position.known)
    this.#queue.push(position)
  }

  #leave(position: Position): void {
    const { graph, exhaustedTo, moveGraph } = this.#subject
    const node = graph.nodes[position.node]
    if (node === undefined) return
    const ran = this.#afterRun(position)
    if (exhaustedTo !== null) this.#push({ ...ran, node: exhaustedTo, by: { before: position, move: null } })
    const outcomes = new Map(node.outcomes.map((outcome) => [outcome, this.#afterOutcome(ran, node, outcome)]))
    moveGraph.forEachOutEdge(node.id, (_id, { moves }) => {
      for (const move of moves) {
        const ended = outcomes.get(move.edge.outcome) ?? this.#afterOutcome(ran, node, move.edge.outcome)
        const known = this.#conditions.after(move, ended.known)
        if (known !== null) this.#push({ ...ended, known, node: move.to, by: { before: position, move } })
      }
    })
    if (exhaustedTo === null) return
    for (const ended of outcomes.values())
      this.#push({ ...ended, node: exhaustedTo, by: { before: position, move: null } })
  }

  #afterRun(position: Position): Position {
    if (position.clearedBy === null || !this.#runners.has(position.node)) return position
    return { ...position, clearedBy: null, lost: `"${position.node}" has run the tool since` }
  }

  #afterOutcome(ran: Position, node: NodeRecord, outcome: string): Position {
    const writes = mayWrite(outcome) ? node.writes : []
    const known = this.#forget(ran.known, writes)
    const forgot = known === ran.known ? ran.forgot : node.id
    if (isCrossing(this.#policy, node, outcome)) return { ...ran, known, forgot, clearedBy: node.id, lost: null }
    if (ran.clearedBy === null) return { ...ran, known, forgot }
    const shown = this.#subject.graph.nodes[ran.clearedBy]?.reads ?? []
    const rewritten = writes.filter((key) => shown.includes(key))
    if (rewritten.length === 0) return { ...ran, known, forgot }
    const keys = rewritten.map((key) => `"${key}"`).join(', ')
    return {
      ...ran,
      known,
      forgot,
      clearedBy: null,
      lost: `"${node.id}" writes ${keys}, which "${ran.clearedBy}" has shown`,
    }
  }

  #forget(known: Known, writes: readonly string[]): Known {
    if (!this.#forgets || writes.length === 0) return known
    const { guards } = this.#subject.graph
    return this.#conditions.without(known, (guard) => guards[guard]?.reads.some((key) => writes.includes(key)) === true)
  }
}

/** Only moves since the last jump by `limits.exhausted`. */
function pathOf(position: Position): readonly Move[] {
  const path: Move[] = []
  for (let by = position.by; by !== null && by.move !== null; by = by.before.by) path.unshift(by.move)
  return path
}
