import type { Home } from '../../graph/regions.ts'
import { escalationOutcome, handoffOf } from '../../graph/handoff.ts'
import { wayOf } from '../../graph/regions.ts'
import { rootsOf, type Move, type Subject } from '../moves.ts'

/** An arc between nodes, by their numbers. */
export interface Arc {
  /** Move id. */
  readonly id: string
  readonly from: number
  readonly to: number
  /** Times it can be taken; Infinity: no limit of its own. */
  readonly limit: number
  /** Node whose entry starts the count again; -1: none, it counts per run. */
  readonly per: number
  /** A limit that several arcs share, each counting for it; absent: none. */
  readonly pool?: Pool
}

/** A limit that arcs share. Told apart by identity. */
export interface Pool {
  /** Times that all of them together can be taken. */
  readonly limit: number
  /** As {@link Arc.per}. */
  readonly per: number
}

/** The nodes of a graph and the moves between them; moves to ends are left out. */
export interface Network {
  /** Node ids by number. */
  readonly ids: readonly string[]
  readonly arcs: readonly Arc[]
  /** Where walks may begin. */
  readonly roots: readonly number[]
}

/**
 * The network in which a walk does the work of a run: the branches of a fork come one after the other, in any order the same sum.
 *
 * A branch may be cut off at any of its nodes, by its join or by another branch, so each leads on to the next branch, whether or not it is
 * what the next one waits for; what leads out of a
 * fork does so behind the last branch, where the others have done all they could.
 */
export function workNetwork(subject: Subject): Network {
  const maker = new NetworkMaker(subject)
  for (const move of subject.moves) addWork(maker, move)
  for (const { join, branches } of subject.regions.forks.values()) {
    for (const { entry, nodes } of branches) {
      const next = nextBranch(subject, { join: join.id, branch: entry })
      for (const node of nodes) if (subject.regions.homes.get(node)?.at(-1)?.join === join.id) maker.add(node, next)
    }
  }
  return maker.make()
}

function addWork(maker: NetworkMaker, move: Move): void {
  const { subject } = maker
  const way = wayOf(subject.regions, move.edge, move.isFork ? ':fork' : move.to)
  switch (way.type) {
    case 'plain':
      return maker.add(move.from, move.to, move)
    case 'fork': {
      // Whichever of the branches it leads to: the first of all leads on to each.
      const first = subject.regions.forks.get(way.join)?.branches[0]?.entry
      if (first !== undefined && move.edge.fork?.branches[0] === move.to) maker.add(move.from, first, move)
      return
    }
    case 'step':
      // It only ends its branch, which leads on to the next in any case.
      return
    case 'leaving':
      return maker.add(way.leaves[0] ?? move.from, move.to, move)
    case 'arrival':
      return maker.add(way.leaves[0] ?? move.from, nextBranch(subject, way), move)
  }
}

function nextBranch({ regions }: Subject, { join, branch }: Home): string {
  const branches = regions.forks.get(join)?.branches ?? []
  return branches[branches.findIndex(({ entry }) => entry === branch) + 1]?.entry ?? join
}

/**
 * The network in which a walk takes the time of a run: through the branch of a fork that takes longest.
 *
 * @param byDeadlines - a fork with a deadline takes just that, whatever is in it
 */
export function timeNetwork(subject: Subject, byDeadlines: boolean): Network {
  const maker = new NetworkMaker(subject)
  const { regions, graph } = subject
  const cut = (node: string): string | undefined =>
    regions.homes.get(node)?.find(({ join }) => hasDeadline(subject, join))?.join
  for (const move of subject.moves) {
    const way = wayOf(regions, move.edge, move.isFork ? ':fork' : move.to)
    const from = byDeadlines ? (cut(move.from) ?? move.from) : move.from
    const met = way.type === 'arrival' ? way.join : move.to
    const to = byDeadlines && graph.nodes[met] !== undefined ? (cut(met) ?? met) : met
    if (from !== to || move.from === move.to) maker.add(from, to, move)
  }
  return maker.make()
}

/** Whether a fork cannot last longer than its deadline. */
export function hasDeadline({ graph }: Pick<Subject, 'graph'>, join: string): boolean {
  const record = graph.nodes[join]
  return record?.kind === 'join' && record.deadlineMs !== null
}

class NetworkMaker {
  readonly subject: Subject
  readonly #ids: readonly string[]
  readonly #numbers: ReadonlyMap<string, number>
  readonly #arcs: Arc[] = []
  readonly #pools: HandoffPools

  constructor(subject: Subject) {
    this.subject = subject
    this.#ids = Object.keys(subject.graph.nodes)
    this.#numbers = new Map(this.#ids.map((id, number) => [id, number]))
    this.#pools = handoffPools(subject, (node) => this.#numbers.get(node) ?? -1)
  }

  add(from: string, to: string, move?: Move): void {
    const [source, target] = [this.#numbers.get(from), this.#numbers.get(to)]
    if (source === undefined || target === undefined) return
    const limit = move === undefined || move.edge.limit === null || move.isOtherwise ? Infinity : move.edge.limit.max
    const per = move?.edge.limit?.per ?? null
    const arc: Arc = {
      id: move?.id ?? `${from} → ${to}`,
      from: source,
      to: target,
      limit,
      per: per === null ? -1 : (this.#numbers.get(per) ?? -1),
    }
    this.#arcs.push(move === undefined ? arc : inPool(this.subject, arc, { move, pools: this.#pools }))
  }

  make(): Network {
    const roots = rootsOf(this.subject).flatMap((root) => this.#numbers.get(root) ?? [])
    return { ids: this.#ids, arcs: this.#arcs, roots: [...new Set(roots)] }
  }
}

/** What handoffs share. */
interface HandoffPools {
  /** `limits.handoffs.max`; null: no such limit. */
  readonly all: Pool | null
  /** `limits.handoffs.perPair`; null: no such limit. */
  readonly pair: Pool | null
  /** One too many, once a chain. */
  readonly escalation: Pool
}

function handoffPools({ graph }: Subject, numberOf: (node: string) => number): HandoffPools {
  const { max, perPair, per = null } = graph.limits.handoffs ?? {}
  const from = per === null ? -1 : numberOf(per)
  return {
    all: max === undefined ? null : { limit: max, per: from },
    pair: perPair === undefined ? null : { limit: perPair, per: from },
    escalation: { limit: 1, per: from },
  }
}

/** The arc of a handoff shares its limit with the others. A limit of its edge stays where it counts from somewhere else and always holds. */
function inPool(
  { graph }: Subject,
  arc: Arc,
  { move, pools }: { readonly move: Move; readonly pools: HandoffPools },
): Arc {
  const { from, outcome } = move.edge
  if (outcome === escalationOutcome) return { ...arc, pool: pools.escalation }
  if (handoffOf(graph.nodes[from], outcome) === undefined) return arc
  const shared = [pools.all, pools.pair].filter((pool) => pool !== null)
  const [pool] = shared
  if (pool === undefined) return arc
  const limit = Math.min(...shared.map((one) => one.limit))
  const pooled = pools.all === null ? {} : { pool: pools.all }
  if (arc.limit === Infinity) return { ...arc, limit, per: pool.per, ...pooled }
  if (arc.per === pool.per) return { ...arc, limit: Math.min(arc.limit, limit), ...pooled }
  return arc.per === -1 ? { ...arc, ...pooled } : { ...arc, limit, per: pool.per, ...pooled }
}
