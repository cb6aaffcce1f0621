import type { GuardExpression, NodeRecord, PolicyRecord } from '../../graph/graph.ts'
import { isCrossing } from '../../graph/policy-crossing.ts'
import { mayWrite } from '../certain-writes.ts'
import type { Move, Subject } from '../moves.ts'
import { forkTarget } from '../../graph/graph.ts'
import { wayOf, type ForkRegion, type Home } from '../../graph/regions.ts'
import { always, atomsOf, canHold } from '../propositions.ts'
import { besideOf, type Beside } from './beside.ts'
import { Conditions, type Known } from './conditions.ts'
import { BranchEnds, type Effect } from './joins.ts'
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
  /** The branch it is in; null: in none, or the walk began inside. */
  readonly branch: InBranch | null
  /** For a join: the outcomes that fire from here. Null: all. */
  readonly fires: readonly string[] | null
}

/** A position in a branch of a fork. */
interface InBranch {
  readonly join: string
  readonly name: string
  /** Before the fork. */
  readonly base: Position
  readonly effect: Effect
  /** Tells forks from different bases apart. */
  readonly key: string
}

/** Where a run stands, and what is known of its guards there: where a walk begins in the middle. */
export interface Standing {
  readonly nodes: readonly StandingNode[]
  /** Last results of guards, of those that nothing they read was written since. */
  readonly known: ReadonlyMap<string, boolean>
  /** Branches of forks under way that have joined or failed. */
  readonly ended: readonly Home[]
}

/** A node with something open. */
export interface StandingNode {
  readonly id: string
  /** What it may still run is judged elsewhere: only what comes after it counts. */
  readonly isPast: boolean
}

const early = ['failed', 'deadline', 'unsatisfied']

/**
 * Finds, for each node that runs the policy's tool, a shortest path on which it does so against the policy.
 *
 * Walks all positions breadth first. An edge tells which guards of `given` must hold or not (its own guard, and those of edges
 * before it that were passed over); edges that contradict what is known are not taken; a run of the tool counts only where `given`
 * may still hold. What an edge told is forgotten when a node writes a key that the guard reads.
 *
 * Branches of a fork are walked each for itself. In a branch nothing counts that a branch beside it may undo at any moment, and nothing
 * that one beside it crosses. Behind the join counts what branches have crossed that had certainly joined, see {@link BranchEnds}; when it
 * fires for another reason than `done`, only what was crossed before the fork and no branch can undo.
 *
 * Cost: O(moves · (1 + outcomes that count) · 3^guards of `given`), times 6 for each depth of nested forks.
 *
 * @param options - `forgets: false`: as if guards did not change, so that a breach then needs no such write; `from`: a run stands there, and
 * nothing that it has crossed counts
 */
export function findBreaches(
  subject: Subject,
  policy: PolicyRecord,
  options: { readonly forgets: boolean; readonly from?: Standing },
): readonly Breach[] {
  return new BreachSearch(subject, policy, options).run(options.from)
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
  readonly #beside: Beside
  readonly #ends = new Map<string, BranchEnds<Position>>()

  constructor(subject: Subject, policy: PolicyRecord, { forgets }: { readonly forgets: boolean }) {
    const { graph } = subject
    this.#subject = subject
    this.#policy = policy
    this.#forgets = forgets
    this.#given = policy.given ?? always
    this.#conditions = new Conditions(subject, [...atomsOf(this.#given)].slice(0, maxKnown))
    this.#beside = besideOf(subject, policy)
    this.#runners = new Map(runnersOf(graph, policy.never).map((runner) => [runner.node.id, runner]))
  }

  run(from: Standing | undefined): readonly Breach[] {
    this.#begin(from)
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

  #begin(from: Standing | undefined): void {
    const { graph, exhaustedTo } = this.#subject
    const known = from === undefined ? this.#conditions.nothing : this.#conditions.of(from.known)
    const begin = {
      node: graph.start,
      clearedBy: null,
      known,
      lost: null,
      forgot: null,
      by: null,
      branch: null,
      fires: null,
    }
    if (from !== undefined) return this.#stand(from, begin)
    this.#push(begin)
    if (exhaustedTo !== null) this.#push({ ...begin, node: exhaustedTo })
  }

  #stand({ nodes, ended }: Standing, begin: Position): void {
    const { homes, forks } = this.#subject.regions
    for (const { id, isPast } of nodes) {
      const inside = this.#inside(begin, homes.get(id) ?? [])
      const position = { ...inside, node: id, known: this.#forget(inside.known, [...this.#beside.writesBeside(id)]) }
      if (isPast) this.#leave(position)
      else this.#push(position)
    }
    for (const { join, branch } of ended) {
      const region = forks.get(join)
      const list = homes.get(branch) ?? []
      const inside = this.#inside(begin, list.slice(0, list.findIndex((home) => home.join === join) + 1))
      if (region !== undefined) this.#arrive({ ...inside, node: branch }, { region, branch, isFailure: false })
    }
  }

  /** In branches, outermost first, whose forks were taken before anything that counts was crossed. */
  #inside(base: Position, [home, ...inner]: readonly Home[]): Position {
    const region = home === undefined ? undefined : this.#subject.regions.forks.get(home.join)
    if (home === undefined || region === undefined) return base
    this.#push({ ...base, node: home.join, known: this.#forgetRegion(base.known, region), fires: early })
    const key = `${home.join} now ${base.branch?.key ?? ''}`
    const branch: InBranch = { join: home.join, name: home.branch, base, effect: 'kept', key }
    return this.#inside({ ...base, branch }, inner)
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
    const place = placeKey(position)
    const known = seen.get(place)
    if (known?.has(position.known) === true) return
    if (known === undefined) seen.set(place, new Set([position.known]))
    else known.add(position.known)
    this.#queue.push(position)
  }

  /** Takes a move, through whatever it means for forks. */
  #take(position: Position, move: Move): void {
    const { regions } = this.#subject
    const way = wayOf(regions, move.edge, move.isFork ? forkTarget : move.to)
    const by = { before: position, move }
    switch (way.type) {
      case 'plain':
        return this.#push({ ...position, node: move.to, by, fires: null })
      case 'fork':
        return this.#fork({ ...position, by }, move)
      case 'step': {
        const region = regions.forks.get(way.join)
        if (region !== undefined) this.#step({ ...position, by, branch: outOf(position, way.leaves) }, { region, move })
        return
      }
      case 'leaving':
        return this.#push({ ...position, node: move.to, by, fires: null, branch: outOf(position, way.leaves) })
      case 'arrival': {
        const region = regions.forks.get(way.join)
        if (region !== undefined)
          this.#arrive({ ...position, by, branch: outOf(position, way.leaves) }, { region, ...way })
      }
    }
  }

  #fork(position: Position, { to, edge }: Move): void {
    const region = this.#subject.regions.forks.get(edge.fork?.join ?? '')
    if (region === undefined) return
    const join = region.join.id
    const key = `${join} ${position.clearedBy ?? ''} ${position.known.key} ${position.branch?.key ?? ''}`
    const branch: InBranch = { join, name: to, base: position, effect: 'kept', key }
    const cleared = position.clearedBy !== null && this.#beside.isUndone(to) ? this.#undone(position, region) : position
    this.#push({
      ...cleared,
      node: to,
      known: this.#forget(position.known, [...this.#beside.writesBeside(to)]),
      branch,
      fires: null,
    })
    const partly =
      position.clearedBy !== null && this.#beside.mayUndo(region) ? this.#undone(position, region) : position
    this.#push({ ...partly, node: join, known: this.#forgetRegion(position.known, region), fires: early })
  }

  /** Into a branch that waits for others: what these do meanwhile counts against a crossing, and not for it. */
  #step(position: Position, { region, move }: { readonly region: ForkRegion; readonly move: Move }): void {
    const next = region.branches.find(({ entry }) => entry === move.to)
    const from = region.branches.find(({ nodes }) => nodes.has(move.from))
    if (next === undefined || from === undefined) return
    const isLost =
      position.clearedBy !== null &&
      (this.#beside.isUndone(next.entry) || this.#beside.undoerBetween(region, position.clearedBy, next) !== undefined)
    const cleared = isLost ? this.#undone(position, region) : position
    const known = this.#forget(position.known, [...this.#beside.writesByOthers(region, from.entry)])
    const branch = position.branch === null ? null : { ...position.branch, name: next.entry }
    this.#push({ ...cleared, node: next.entry, known, branch, fires: null })
  }

  #undone(position: Position, { join }: ForkRegion): Position {
    return { ...position, clearedBy: null, lost: `a branch that joins at "${join.id}" may undo it meanwhile` }
  }

  #forgetRegion(known: Known, region: ForkRegion): Known {
    return this.#forget(known, [...this.#beside.writesOf(region)])
  }

  #arrive(
    position: Position,
    {
      region,
      branch,
      isFailure,
    }: { readonly region: ForkRegion; readonly branch: string; readonly isFailure: boolean },
  ): void {
    const { id, failed } = region.join
    if (isFailure && failed !== 'keep') return
    const inside = position.branch
    const known = this.#forgetRegion(position.known, region)
    // The walk began inside: nothing is known of the other branches.
    if (inside?.join !== id)
      return this.#push({ ...position, clearedBy: null, known, node: id, branch: null, fires: null })
    const ends = this.#ends.get(inside.key) ?? new BranchEnds<Position>(region, this.#beside.mayUndo(region))
    this.#ends.set(inside.key, ends)
    if (!ends.add(branch, inside.effect, position)) return
    for (const [effect, shown] of ends.effects()) this.#join(shown, { region, effect, base: inside.base })
  }

  #join(
    shown: Position,
    { region, effect, base }: { readonly region: ForkRegion; readonly effect: Effect; readonly base: Position },
  ): void {
    const clearedBy = effect === 'crossed' ? shown.clearedBy : effect === 'kept' ? base.clearedBy : null
    const lost =
      clearedBy !== null ? null : effect === 'undone' ? (shown.lost ?? this.#undone(shown, region).lost) : base.lost
    const outer = base.branch === null || effect === 'kept' ? base.branch : { ...base.branch, effect }
    this.#push({
      ...shown,
      node: region.join.id,
      clearedBy,
      lost,
      known: this.#forgetRegion(base.known, region),
      branch: outer,
      fires: ['done'],
    })
  }

  #leave(position: Position): void {
    const { graph, exhaustedTo, stalledTo, moveGraph } = this.#subject
    const jumps = [...(exhaustedTo === null ? [] : [exhaustedTo]), ...stalledTo.map(({ to }) => to)]
    const node = graph.nodes[position.node]
    if (node === undefined) return
    const ran = this.#afterRun(position)
    const jump = (from: Position): void => {
      for (const to of jumps)
        this.#push({ ...from, node: to, by: { before: position, move: null }, branch: null, fires: null })
    }
    jump(ran)
    const outcomes = new Map(node.outcomes.map((outcome) => [outcome, this.#afterOutcome(ran, node, outcome)]))
    moveGraph.forEachOutEdge(node.id, (_id, { moves }) => {
      for (const move of moves) {
        if (position.fires?.includes(move.edge.outcome) === false) continue
        const ended = outcomes.get(move.edge.outcome) ?? this.#afterOutcome(ran, node, move.edge.outcome)
        const known = this.#conditions.after(move, ended.known)
        if (known !== null)
          this.#take({ ...ended, known: this.#forget(known, [...this.#beside.writesBeside(node.id)]) }, move)
      }
    })
    for (const ended of outcomes.values()) jump(ended)
  }

  #afterRun(position: Position): Position {
    if (!this.#runners.has(position.node)) return position
    const undone = withEffect(position, 'undone')
    return position.clearedBy === null
      ? undone
      : { ...undone, clearedBy: null, lost: `"${position.node}" has run the tool since` }
  }

  #afterOutcome(ran: Position, node: NodeRecord, outcome: string): Position {
    const writes = mayWrite(node, outcome) ? node.writes : []
    const known = this.#forget(ran.known, writes)
    const forgot = known === ran.known ? ran.forgot : node.id
    if (isCrossing(this.#policy, node, outcome)) {
      if (this.#beside.isUndone(node.id))
        return { ...ran, known, forgot, lost: `a branch beside "${node.id}" may undo it at any moment` }
      return { ...withEffect(ran, 'crossed'), known, forgot, clearedBy: node.id, lost: null }
    }
    const undone = this.#beside.undoes(node.id) && writes.length > 0 ? withEffect(ran, 'undone') : ran
    if (ran.clearedBy === null) return { ...undone, known, forgot }
    const shown = this.#subject.graph.nodes[ran.clearedBy]?.reads ?? []
    const rewritten = writes.filter((key) => shown.includes(key))
    if (rewritten.length === 0) return { ...undone, known, forgot }
    const keys = rewritten.map((key) => `"${key}"`).join(', ')
    return {
      ...undone,
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

/** Where a position is, without what it knows. */
function placeKey({ node, branch, fires }: Position): string {
  if (branch === null && fires === null) return node
  return `${node}|${branch === null ? '' : `${branch.key}/${branch.name}/${branch.effect}`}|${fires?.join() ?? ''}`
}

function withEffect(position: Position, effect: Effect): Position {
  return position.branch === null ? position : { ...position, branch: { ...position.branch, effect } }
}

/** The branch around the forks that are left; what was crossed or undone inside them counts there too. */
function outOf({ branch }: Position, leaves: readonly string[]): InBranch | null {
  let inside = branch
  for (const join of leaves.toReversed()) {
    if (inside?.join !== join) return inside
    const { effect, base } = inside
    inside = base.branch === null || effect === 'kept' ? base.branch : { ...base.branch, effect }
  }
  return inside
}

/** Only moves since the last jump by `limits.exhausted` or `limits.stall`. */
function pathOf(position: Position): readonly Move[] {
  const path: Move[] = []
  for (let by = position.by; by !== null && by.move !== null; by = by.before.by) path.unshift(by.move)
  return path
}
