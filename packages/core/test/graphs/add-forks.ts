import type { EdgeNotation, GraphNotation, NodeNotation } from './graph-fixture.ts'
import type { RandomSource } from './random-source.ts'

type Join = Extract<NodeNotation, { kind: 'join' }>
type Edges = { [node: string]: { [outcome: string]: EdgeNotation | readonly EdgeNotation[] } }

/** The list that every branch of a random fork may add to. */
export const branchList = 'log'

/** What {@link addForks} may draw. */
export interface ForkDraw {
  /** Forks beside each other, at most. Default 2. */
  readonly most?: number
  /** Highest limit of an edge inside a branch. Default 2. */
  readonly maxLimit?: number
  /** False: joins wait for all, keep failures and have no deadline, and no edge leaves a fork. Default true. */
  readonly isWild?: boolean
}

/**
 * Puts forks into a random graph: some unlimited edges become forks whose joins lead where the edge led.
 *
 * Each branch has a state key of its own (`b0`, `b1`, `b2`), so that no parallel reader or writer is refused; all may add to `log`.
 */
export function addForks(notation: GraphNotation, random: RandomSource, draw: ForkDraw = {}): GraphNotation {
  const maker = new ForkMaker(notation, random, draw)
  maker.fork()
  return maker.notation()
}

class ForkMaker {
  readonly #given: GraphNotation
  readonly #random: RandomSource
  readonly #draw: Required<ForkDraw>
  readonly #nodes: { [id: string]: NodeNotation }
  readonly #edges: Edges
  #count = 0

  constructor(notation: GraphNotation, random: RandomSource, draw: ForkDraw) {
    this.#given = notation
    this.#random = random
    this.#draw = { most: 2, maxLimit: 2, isWild: true, ...draw }
    this.#nodes = { ...notation.nodes }
    this.#edges = Object.fromEntries(Object.entries(notation.edges).map(([node, outcomes]) => [node, { ...outcomes }]))
  }

  notation(): GraphNotation {
    const state = Object.fromEntries((this.#given.state as readonly string[]).map((key) => [key, {}]))
    const list = { schema: { type: 'array' }, merge: { rule: 'append', key: null }, optional: true } as const
    const own = { optional: true } as const
    return {
      ...this.#given,
      nodes: this.#nodes,
      edges: this.#edges,
      state: { ...state, b0: own, b1: own, b2: own, [branchList]: list },
    }
  }

  fork(): void {
    const places = Object.entries(this.#given.edges).flatMap(([node, outcomes]) =>
      Object.entries(outcomes).flatMap(([outcome, list]) => {
        const last: unknown = Array.isArray(list) ? list.at(-1) : list
        return typeof last === 'string' && !last.startsWith(':fail') ? [{ node, outcome, to: last }] : []
      }),
    )
    for (let count = 1 + this.#random.below(this.#draw.most); count > 0 && places.length > 0; count--) {
      const [place] = places.splice(this.#random.below(places.length), 1)
      if (place === undefined) return
      const { node, outcome, to } = place
      const list = this.#edges[node]?.[outcome]
      const edge = this.#forkTo(to, { depth: 0, key: null })
      const outcomes = this.#edges[node]
      if (outcomes === undefined) return
      outcomes[outcome] = Array.isArray(list) ? [...(list as readonly EdgeNotation[]).slice(0, -1), edge] : edge
    }
  }

  /** An edge into new branches that join and go on to a target. */
  #forkTo(to: string, inside: { readonly depth: number; readonly key: string | null }): EdgeNotation {
    const join = this.#name('j')
    const count = 2 + this.#random.below(inside.depth === 0 ? 2 : 1)
    const record = this.#join(count)
    this.#nodes[join] = record
    const branches = Array.from({ length: count }, (_, index) =>
      this.#branch(join, { depth: inside.depth, key: inside.key === null ? `b${index}` : null }),
    )
    this.#edges[join] = {
      done: to,
      ...(record.failed === 'drop' && { unsatisfied: to }),
      ...((record.deadlineMs ?? null) !== null && { deadline: to }),
      ...((record.failed ?? 'raise') === 'raise' && this.#random.chance(0.5) && { failed: to }),
    }
    return { fork: branches, join }
  }

  #join(count: number): Join {
    if (!this.#draw.isWild) return { kind: 'join', failed: 'keep' }
    return {
      kind: 'join',
      atLeast: this.#random.chance(0.5) ? null : 1 + this.#random.below(count),
      failed: this.#random.pick(['raise', 'keep', 'drop'] as const),
      losers: this.#random.pick(['abort', 'finish'] as const),
      deadlineMs: this.#random.chance(0.3) ? 100 + this.#random.below(400) : null,
    }
  }

  /** One to three nodes in a row; the last may fork again. @returns its first node */
  #branch(join: string, inside: { readonly depth: number; readonly key: string | null }): string {
    const names = Array.from({ length: 1 + this.#random.below(3) }, () => this.#name('p'))
    names.forEach((name, index) => {
      const next = names[index + 1]
      const onward = next ?? (this.#mayNest(inside.depth) ? this.#forkTo(join, { ...inside, depth: 1 }) : join)
      this.#node(name, { onward, first: names[0] ?? name, key: inside.key })
    })
    return names[0] ?? join
  }

  #mayNest(depth: number): boolean {
    return depth === 0 && this.#random.chance(0.3)
  }

  #node(
    name: string,
    way: { readonly onward: EdgeNotation; readonly first: string; readonly key: string | null },
  ): void {
    const keys = way.key === null ? [] : [way.key]
    const writes = this.#random.chance(0.6) ? [...keys, branchList] : keys
    const kind = this.#random.pick(['task', 'gate', 'approval', 'agent', 'tool'] as const)
    if (kind === 'approval') {
      this.#nodes[name] = { kind, show: keys, expiresInMs: 60_000 }
      this.#edges[name] = { approved: way.onward, rejected: this.#wayOut(way), expired: ':fail' }
    } else if (kind === 'gate') {
      this.#nodes[name] = { kind, reads: keys, outcomes: ['pass', 'revise'] }
      this.#edges[name] = { pass: way.onward, revise: this.#wayOut(way) }
    } else if (kind === 'tool') {
      this.#nodes[name] = { kind, tool: this.#random.pick(['t0', 't1', 't2'] as const), reads: keys }
      this.#edges[name] = { done: way.onward, ...(this.#random.chance(0.3) && { failed: this.#wayOut(way) }) }
    } else if (kind === 'agent') {
      this.#nodes[name] = { kind, reads: keys, writes, tools: ['t0'], maxModelCalls: 2, maxCallsPerTurn: 2 }
      this.#edges[name] = { done: way.onward }
    } else {
      this.#nodes[name] = { kind, reads: keys, writes, effect: this.#random.pick(['pure', 'unsafe'] as const) }
      this.#edges[name] = { done: way.onward, ...(this.#random.chance(0.2) && { failed: this.#wayOut(way) }) }
    }
  }

  #wayOut({ onward, first }: { readonly onward: EdgeNotation; readonly first: string }): EdgeNotation {
    const back = { to: first, limit: { max: this.#random.below(this.#draw.maxLimit + 1), per: null } }
    const draw = this.#random.below(4)
    if (draw === 0 || typeof onward !== 'string') return { ...back, otherwise: ':fail' }
    if (draw === 1) return { ...back, otherwise: onward }
    return draw === 2 && this.#draw.isWild ? { to: ':end', cancelsFork: true } : ':fail'
  }

  #name(letter: string): string {
    this.#count += 1
    return `${letter}${this.#count}`
  }
}
