import { modelsOf } from '../../graph/asked-models.ts'
import { compensationsOf, mayCompensate } from '../../graph/compensations.ts'
import { limitNames, type Graph, type LimitRecord } from '../../graph/graph.ts'
import { nanoUsd, tokensPerCall, type Work } from '../call-cost.ts'
import { everyModelUse } from '../model-use.ts'
import { graphsOf, nestedIn } from '../../graph/nested-graphs.ts'
import { subjectOf, type Subject } from '../moves.ts'
import {
  boundNames,
  noBound,
  type BoundAmount,
  type BoundName,
  type BoundRow,
  type Bounds,
  type DominatingCycle,
} from '../report.ts'
import type { CheckOptions } from '../rule.ts'
import { decompose, type Decomposition } from './levels.ts'
import { hasDeadline, timeNetwork, workNetwork, type Network } from './network.ts'
import { parallelWidths } from './widths.ts'
import { costPerCall, openedAtOnce, workOf, workSite, type WorkSite } from './work.ts'
import { undoWorkOf, type UndoBounds } from './undo-work.ts'
import { worstWalk } from './worst-walk.ts'

/**
 * The worst case of a run, from the graph alone and with the workflow's limits.
 *
 * Cost: about O(nodes + edges) for each amount; closer bounds of small components come on top, within a budget.
 * Source: ADR 0001.
 */
export function boundsOf(subject: Subject, options: CheckOptions): Bounds {
  const maker = new BoundsMaker(subject, options)
  const own = maker.make()
  return mayCompensate(subject.graph) ? withUndo(own, maker.undo(own)) : own
}

/** A run that does not complete does what it may do, and undoes it. */
function withUndo(bounds: Bounds, { graph, limited }: UndoRows): Bounds {
  const rows = boundNames.map((name): readonly [BoundName, BoundRow] => {
    const row = bounds[name]
    return [
      name,
      { ...row, graph: both(name, row.graph, graph[name]), limited: both(name, row.limited, limited[name]) },
    ]
  })
  // One row for each name, as the bounds had.
  return { ...bounds, ...(Object.fromEntries(rows) as { readonly [name in BoundName]: BoundRow }) }
}

function both(name: BoundName, one: BoundAmount, more: BoundAmount | undefined): BoundAmount {
  if (more === undefined || more.max === 0) return one
  return { ...plus(name, one, { times: 1, more }), parts: { run: one.max, undo: more.max } }
}

/** What undoing takes at most: by the graph alone, and when no more can have been done than limits allow. */
interface UndoRows {
  readonly graph: UndoBounds
  readonly limited: UndoBounds
}

/** A bound from the graph alone. */
interface GraphBound {
  readonly amount: BoundAmount
  /** Work after `limits.exhausted`; null: not known. */
  readonly after: number | null
  readonly cycle: DominatingCycle | null
}

class BoundsMaker {
  readonly #subject: Subject
  readonly #options: CheckOptions
  readonly #site: WorkSite
  readonly #nested: ReadonlyMap<string, BoundsMaker>
  readonly #made: ReadonlyMap<string, Bounds>
  readonly #work: Parted

  constructor(subject: Subject, options: CheckOptions) {
    this.#subject = subject
    this.#options = options
    const nested = Object.entries(subject.graph.workflows ?? {}).map(
      ([name, graph]) => [name, new BoundsMaker(subjectOf(graph), options)] as const,
    )
    this.#nested = new Map(nested)
    const made = nested.map(([name, maker]) => [name, maker.make()] as const)
    this.#made = new Map(made)
    this.#site = workSite(subject.graph, options, this.#made)
    this.#work = parted(workNetwork(subject))
  }

  make(): Bounds {
    const found = new Map(boundNames.map((name) => [name, this.#fromGraph(name)]))
    const mayExhaust = this.#mayExhaust(found)
    const row = (name: BoundName): BoundRow => {
      const bound = found.get(name) ?? unknownBound('not computed')
      return {
        graph: bound.amount,
        limited: mayExhaust ? this.#limited(name, bound) : bound.amount,
        cycle: bound.cycle,
      }
    }
    const steps = row('steps')
    const modelCalls = bySteps(row('modelCalls'), steps, this.#mostAttempts('model'))
    return {
      steps,
      modelCalls,
      toolCalls: bySteps(row('toolCalls'), steps, this.#mostAttempts('tool')),
      tokens: this.#byCalls('tokens', row('tokens'), modelCalls),
      costUsd: this.#byCalls('costUsd', row('costUsd'), modelCalls),
      durationMs: row('durationMs'),
    }
  }

  /** What undoing takes beside all that. @param own - what {@link make} gave */
  undo(own: Bounds): UndoRows {
    const { graph } = this.#subject
    const nested = new Map(
      [...this.#nested].flatMap(([name, maker]) => {
        const bounds = this.#made.get(name)
        return bounds === undefined ? [] : [[name, maker.undo(bounds).limited] as const]
      }),
    )
    const site = { graph, options: this.#options, nested }
    const found = (['steps', 'toolCalls', 'durationMs'] as const).map((name) => {
      const works = Object.values(graph.nodes).map((node) => undoWorkOf(name, node, site))
      const { amount, after } = this.#fromNetwork(name, this.#work, works)
      const isKnown = amount.max !== null && after !== null
      return [name, isKnown ? { max: round(name, (amount.max ?? 0) + (after ?? 0)), note: null } : amount] as const
    })
    const alone: UndoBounds = Object.fromEntries(found)
    // A step is undone once.
    const steps = smaller(alone.steps ?? unknownAmount, own.steps.limited)
    const most = steps.max === null ? steps : { max: steps.max * mostUndoAttempts(graph), note: null }
    return { graph: alone, limited: { ...alone, steps, toolCalls: smaller(alone.toolCalls ?? unknownAmount, most) } }
  }

  #fromGraph(name: BoundName): GraphBound {
    const { graph, regions } = this.#subject
    const works = Object.values(graph.nodes).map((node) => workOf(name, node, this.#site))
    if (name !== 'durationMs' || regions.forks.size === 0) return this.#fromNetwork(name, this.#work, works)
    const plain = this.#fromNetwork(name, parted(timeNetwork(this.#subject, false)), works)
    if (![...regions.forks.keys()].some((join) => hasDeadline(this.#subject, join))) return plain
    const cut = Object.values(graph.nodes).map((node, index): Work => {
      const deadline = node.kind === 'join' ? node.deadlineMs : null
      return deadline ?? works[index] ?? 0
    })
    const limited = this.#fromNetwork(name, parted(timeNetwork(this.#subject, true)), cut)
    return smaller(limited.amount, plain.amount) === plain.amount ? plain : limited
  }

  #fromNetwork(name: BoundName, { network, decomposition }: Parted, works: readonly Work[]): GraphBound {
    const { graph, exhaustedTo } = this.#subject
    const [start, after] = [graph.start, exhaustedTo].map((root) => (root === null ? -1 : network.ids.indexOf(root)))
    const weights = works.map((work) => (typeof work === 'number' ? work : 0))
    const { from, dominating } = worstWalk(network, decomposition, weights)
    const amountFrom = (root: number): BoundAmount => amountOf(name, { network, root, max: from.get(root) ?? 0, works })
    // Each time the run stalls it begins a walk of its own: together they take each limited edge no oftener than one walk may.
    const stalls = this.#subject.stalledTo.flatMap(({ to, times }) => {
      const root = network.ids.indexOf(to)
      return root === -1 ? [] : [{ times, amount: amountFrom(root) }]
    })
    const withStalls = (own: BoundAmount): BoundAmount =>
      stalls.reduce((sum, { times, amount: more }) => plus(name, sum, { times, more }), own)
    const amount = withStalls(amountFrom(start ?? -1))
    const afterAmount = after === undefined || after === -1 ? 0 : withStalls(amountFrom(after)).max
    const isKnown = amount.max !== null && dominating !== null
    const cycle = isKnown
      ? {
          nodes: dominating.nodes.map((node) => network.ids[node] ?? ''),
          edge: dominating.loop.id,
          times: dominating.times,
          round: inUnit(name, dominating.round),
        }
      : null
    return { amount, after: afterAmount, cycle }
  }

  /** Whether any limit of the workflow may be hit; when not, nothing of them matters. */
  #mayExhaust(found: ReadonlyMap<BoundName, GraphBound>): boolean {
    const { bounds } = this.#subject.graph.limits
    return limitNames.some((name) => {
      const limit = bounds[name]
      if (limit === undefined) return false
      const max = (boundNames as readonly string[]).includes(name) ? found.get(name as BoundName)?.amount.max : null
      if (max === null || max === undefined) return true
      return name === 'tokens' || name === 'costUsd' || name === 'durationMs' ? max >= limit.max : max > limit.max
    })
  }

  #limited(name: BoundName, { amount, after }: GraphBound): BoundAmount {
    const limit = this.#subject.graph.limits.bounds[name]
    const before = limit === undefined ? amount : smaller(amount, this.#atLimit(name, limit))
    if (before.max === null || after === 0) return before
    if (after === null) return { max: null, note: 'unknown: the work after limits.exhausted is not known' }
    return { max: round(name, before.max + after), note: before.note }
  }

  /** How far a run can get before a limit stops it: calls under way when it is reached may go beyond it. */
  #atLimit(name: BoundName, limit: LimitRecord): BoundAmount {
    const nodes = graphsOf(this.#subject.graph).flatMap((graph) => Object.values(graph.nodes))
    const batch = nodes.reduce((most, node) => Math.max(most, openedAtOnce(node)), 1)
    const { fork, run: width } = widthsOf(this.#subject)
    const beyond = (atOnce: number): BoundAmount => ({
      max: limit.check === 'before' ? limit.max : limit.max + atOnce - 1,
      note: null,
    })
    switch (name) {
      case 'steps':
        // Counted when they are opened, and one transition opens no more than these.
        return beyond(Math.max(batch, fork))
      case 'toolCalls':
        return beyond(batch * width)
      case 'modelCalls':
        return beyond(width)
      case 'durationMs':
        return { max: limit.max, note: null }
      case 'tokens':
      case 'costUsd': {
        const call = this.#heaviestCall(name)
        if (typeof call !== 'number')
          return { max: limit.max, note: `and what the last call uses beyond it: ${call.unknown}` }
        return { max: limit.check === 'before' ? limit.max : round(name, limit.max + width * call), note: null }
      }
    }
  }

  /** The most that one model call can use, in the unit of the bound. */
  #heaviestCall(name: 'tokens' | 'costUsd'): Work {
    const works = everyModelUse(this.#subject.graph).map((use) =>
      name === 'tokens' ? tokensPerCall(use) : costPerCall(use, this.#options),
    )
    const reasons = works.flatMap((work) => (typeof work === 'number' ? [] : work.unknown))
    if (reasons.length > 0) return { unknown: someReasons(reasons) }
    return works.reduce(
      (most: number, work) => (typeof work === 'number' ? Math.max(most, inUnit(name, work)) : most),
      0,
    )
  }

  /** The most attempts that one step of this kind may take. */
  #mostAttempts(kind: 'model' | 'tool'): number {
    const graphs = graphsOf(this.#subject.graph)
    const all = graphs.flatMap((graph) => Object.values(graph.nodes))
    const nodes = all.filter((node) =>
      kind === 'model' ? node.kind !== 'tool' : node.kind === 'tool' || node.kind === 'map',
    )
    const records = kind === 'model' ? nodes : [...nodes, ...graphs.flatMap((graph) => Object.values(graph.tools))]
    return records.reduce((most, record) => {
      const models = 'kind' in record ? Math.max(1, modelsOf(record).length) : 1
      return Math.max(most, record.retry.attempts * models)
    }, 1)
  }

  /** A bound on model calls bounds what they use. */
  #byCalls(name: 'tokens' | 'costUsd', row: BoundRow, { limited }: BoundRow): BoundRow {
    const call = this.#heaviestCall(name)
    if (typeof call !== 'number' || limited.max === null) return row
    return { ...row, limited: smaller(row.limited, { max: round(name, limited.max * call), note: null }) }
  }
}

/** Work at once, in each branch perhaps that of a nested workflow, or of several items that are one. */
function widthsOf({ graph, regions }: Subject): ReturnType<typeof parallelWidths> {
  const { fork, run } = parallelWidths(regions)
  const nested = Object.values(graph.nodes).flatMap((node) => {
    const inside = nestedIn(graph, node)
    if (inside === undefined) return []
    const widths = widthsOf(subjectOf(inside))
    return [{ ...widths, run: widths.run * (node.kind === 'map' ? openedAtOnce(node) : 1) }]
  })
  return {
    fork: Math.max(fork, ...nested.map((widths) => widths.fork)),
    run: run * Math.max(1, ...nested.map((widths) => widths.run)),
  }
}

/** A network and what it is made of. */
interface Parted {
  readonly network: Network
  readonly decomposition: Decomposition
}

function parted(network: Network): Parted {
  return { network, decomposition: decompose(network) }
}

function amountOf(
  name: BoundName,
  walk: {
    readonly network: Network
    readonly root: number
    readonly max: number
    readonly works: readonly Work[]
  },
): BoundAmount {
  const reached = reachedFrom(walk.network, walk.root)
  const reasons = walk.works.flatMap((work, node) =>
    typeof work === 'number' || !reached.has(node) ? [] : work.unknown,
  )
  if (reasons.length > 0) return { max: null, note: `unknown: ${someReasons(reasons)}` }
  if (walk.max === Infinity) return { max: null, note: noBound }
  return { max: inUnit(name, walk.max), note: null }
}

function reachedFrom({ arcs }: Network, root: number): ReadonlySet<number> {
  const outgoing = Map.groupBy(arcs, (arc) => arc.from)
  const reached = new Set([root])
  for (const node of reached) for (const arc of outgoing.get(node) ?? []) reached.add(arc.to)
  return reached
}

const unknownAmount: BoundAmount = { max: null, note: 'not computed' }

/** The most attempts that undoing one step may take as calls of a tool. */
function mostUndoAttempts(graph: Graph): number {
  const records = graphsOf(graph).flatMap((one) =>
    Object.values(one.nodes).flatMap((node) => compensationsOf(one, node).map(({ record }) => record)),
  )
  return Math.max(0, ...records.map((record) => (record.kind === 'tool' ? record.retry.attempts : 0)))
}

/** Every call is an attempt of some step. */
function bySteps(row: BoundRow, { limited }: BoundRow, attempts: number): BoundRow {
  if (limited.max === null) return row
  return { ...row, limited: smaller(row.limited, { max: limited.max * attempts, note: null }) }
}

function plus(
  name: BoundName,
  sum: BoundAmount,
  { times, more }: { readonly times: number; readonly more: BoundAmount },
): BoundAmount {
  if (sum.max === null || more.max === null) return sum.max === null ? sum : more
  return { max: round(name, sum.max + times * more.max), note: sum.note ?? more.note }
}

function unknownBound(why: string): GraphBound {
  return { amount: { max: null, note: why }, after: null, cycle: null }
}

function smaller(left: BoundAmount, right: BoundAmount): BoundAmount {
  if (left.max === null) return right
  return right.max === null || left.max <= right.max ? left : right
}

function someReasons(reasons: readonly string[]): string {
  const distinct = [...new Set(reasons)]
  const rest = distinct.length - 3
  return distinct.slice(0, 3).join(', ') + (rest > 0 ? ` and ${rest} more` : '')
}

function inUnit(name: BoundName, work: number): number {
  return name === 'costUsd' ? work / nanoUsd : work
}

function round(name: BoundName, amount: number): number {
  return name === 'costUsd' ? Math.round(amount * nanoUsd) / nanoUsd : amount
}
