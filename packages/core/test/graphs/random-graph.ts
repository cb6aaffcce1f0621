import type { Graph, GuardExpression, WorkingRecord } from '../../src/graph/graph.ts'
import { addForks, type ForkDraw } from './add-forks.ts'
import { graphFixture, type EdgeNotation, type GraphNotation, type NodeNotation } from './graph-fixture.ts'
import { randomSource, type RandomSource } from './random-source.ts'

/** Kinds of nodes that take steps. */
export type WorkingKind = Exclude<WorkingRecord['kind'], 'map' | 'workflow'>

/** What {@link randomGraph} may vary. */
export interface RandomGraphOptions {
  /** Number of nodes, 1 or more. Default: 2 to 8, drawn. */
  readonly nodes?: number
  /** Kinds to draw from. Default: all but waits. */
  readonly kinds?: readonly [WorkingKind, ...WorkingKind[]]
  /** Highest limit of an edge, 0 or more. Default 3. */
  readonly maxLimit?: number
  /** Probability that an outcome has an edge back. Default 0.35. */
  readonly backEdges?: number
  /** Whether the workflow has limits, sometimes with a node to go to when one is hit. Default false. */
  readonly limits?: boolean
  /** Whether some edges fork. Default false. */
  readonly forks?: boolean | ForkDraw
}

/** State keys of random graphs: integers from 0 to 4, all of them input. */
export const randomKeys = ['k0', 'k1', 'k2'] as const

/**
 * Makes a valid graph from a seed: `check` has no error for it. Every cycle has a limit, every list a default, every node is
 * reachable and reaches `:end`. Guards are atoms like `k0AtLeast2` over {@link randomKeys}; `registryFor` has their functions.
 *
 * Order: nodes `n0` … are numbered so that unlimited edges go to higher numbers; edges to lower ones or to themselves are limited.
 *
 * @param seed - any integer; the same seed and options give the same graph
 */
export function randomGraph(seed: number, options: RandomGraphOptions = {}): Graph {
  const notation = randomNotation(seed, options)
  const { forks = false } = options
  if (forks === false) return graphFixture(notation)
  return graphFixture(addForks(notation, randomSource(seed + 0.5), forks === true ? {} : forks))
}

function randomNotation(seed: number, options: RandomGraphOptions = {}): GraphNotation {
  const random = randomSource(seed)
  const count = options.nodes ?? 2 + random.below(7)
  const kinds = options.kinds ?? (['agent', 'tool', 'gate', 'approval', 'task'] as const)
  const nodes = Array.from({ length: count }, () => randomNode(random, random.pick(kinds)))
  const children = nodes.map((): number[] => [])
  for (let node = 1; node < count; node++) children[random.below(node)]?.push(node)
  const maker = new EdgeMaker(random, count, options)
  const edges = Object.fromEntries(
    nodes.map((node, index) => [`n${index}`, maker.outcomesOf(index, node.routed, children[index] ?? [])]),
  )
  return {
    name: `random-${seed}`,
    state: [...randomKeys],
    input: [...randomKeys],
    output: ['k0'],
    nodes: Object.fromEntries(nodes.map((node, index) => [`n${index}`, withQuestions(seed, node.notation)])),
    edges,
    guards: Object.fromEntries(guardAtoms.map((atom) => [atom, [atom.slice(0, 2)]])),
    tools: { t0: 'pure', t1: 'keyed', t2: 'unsafe' },
    ...(options.limits ? { limits: randomLimits(random, count) } : {}),
  }
}

/** Agents of two graphs of three ask people about calls; not drawn, so that all else stays as it is for a seed. */
function withQuestions(seed: number, notation: NodeNotation): NodeNotation {
  if (typeof notation === 'string' || notation.kind !== 'agent') return notation
  const rule = { role: null, reason: '', canEdit: true, canAskBack: true }
  const always = { ...rule, when: 'always', expiresInMs: 5_000 } as const
  const [guard = ''] = guardAtoms
  const byGuard = { ...rule, when: { guard }, expiresInMs: null } as const
  const tools = notation.tools ?? []
  const toolRules = {
    ...(seed % 3 === 1 && tools.includes('t1') && { t1: { approval: byGuard } }),
    ...(seed % 3 !== 2 && tools.includes('t2') && { t2: { approval: always } }),
  }
  return Object.keys(toolRules).length === 0 ? notation : { ...notation, toolRules }
}

interface RandomNode {
  readonly notation: NodeNotation
  /** Outcomes that get edges. */
  readonly routed: readonly string[]
}

/** Names of the guards of random graphs: key, comparison, number. */
const guardAtoms = randomKeys.flatMap((key) =>
  [1, 2, 3].flatMap((number) => [`${key}AtLeast${number}`, `${key}Is${number}`]),
)

function randomNode(random: RandomSource, kind: WorkingKind): RandomNode {
  const reads = randomKeys.filter(() => random.chance(0.5))
  const writes = randomKeys.filter(() => random.chance(0.5))
  const retry = { attempts: 1 + random.below(2), backoffMs: 10, factor: 2, maxBackoffMs: 100, jitter: 0 }
  const maybeFailed = random.chance(0.3) ? ['failed'] : []
  switch (kind) {
    case 'agent': {
      const tools = ['t0', 't1', 't2'].filter(() => random.chance(0.4))
      const notation: NodeNotation = {
        kind,
        reads,
        writes,
        retry,
        tools,
        maxModelCalls: 1 + random.below(3),
        maxCallsPerTurn: 2,
      }
      return { notation, routed: ['done', ...maybeFailed] }
    }
    case 'tool': {
      const tool = random.pick(['t0', 't1', 't2'])
      const unknown = tool === 't2' && random.chance(0.5) ? ['unknown'] : []
      return { notation: { kind, tool, reads, writes, retry }, routed: ['done', ...maybeFailed, ...unknown] }
    }
    case 'gate': {
      const outcomes = ['pass', 'revise', 'escalate'].slice(0, 1 + random.below(3))
      return { notation: { kind, reads, outcomes, retry }, routed: [...outcomes, ...maybeFailed] }
    }
    case 'approval': {
      const edits = random.chance(0.3) ? writes : []
      const expires = random.chance(0.5)
      const notation: NodeNotation = {
        kind,
        show: reads,
        writes: edits,
        edits,
        ...(expires ? { expiresInMs: 60_000 } : {}),
      }
      return {
        notation,
        routed: ['approved', 'rejected', ...(edits.length > 0 ? ['edited'] : []), ...(expires ? ['expired'] : [])],
      }
    }
    case 'wait': {
      const notation: NodeNotation = random.chance(0.4)
        ? { kind, delayMs: 60_000 }
        : {
            kind,
            events: ['e0'],
            reads,
            writes,
            ...(random.chance(0.5) && { key: { stateKey: 'k0' }, reads: ['k0'] }),
            ...(random.chance(0.5) && { expiresInMs: 60_000 }),
          }
      const hasExpiry = notation.expiresInMs !== undefined
      const ways = notation.events === undefined ? ['done'] : ['received', ...(hasExpiry ? ['expired'] : [])]
      return { notation, routed: [...ways, ...maybeFailed] }
    }
    case 'task': {
      const effect = random.pick(['pure', 'idempotent', 'unsafe'] as const)
      return { notation: { kind, reads, writes, retry, effect }, routed: ['done', ...maybeFailed] }
    }
  }
}

class EdgeMaker {
  readonly #random: RandomSource
  readonly #count: number
  readonly #maxLimit: number
  readonly #backEdges: number

  constructor(random: RandomSource, count: number, options: RandomGraphOptions) {
    this.#random = random
    this.#count = count
    this.#maxLimit = options.maxLimit ?? 3
    this.#backEdges = options.backEdges ?? 0.35
  }

  outcomesOf(
    from: number,
    outcomes: readonly string[],
    children: readonly number[],
  ): { [outcome: string]: EdgeNotation[] } {
    const share = outcomes.map((): number[] => [])
    for (const child of children) share[this.#random.below(outcomes.length)]?.push(child)
    return Object.fromEntries(outcomes.map((outcome, index) => [outcome, this.#list(from, share[index] ?? [])]))
  }

  #list(from: number, children: readonly number[]): EdgeNotation[] {
    const atoms = [...guardAtoms]
    const takeAtom = (): GuardExpression => ({ guard: atoms.splice(this.#random.below(atoms.length), 1)[0] ?? '' })
    const [first, ...others] = children
    const edges: EdgeNotation[] = others.map((child) => ({ to: `n${child}`, when: this.#guard(takeAtom) }))
    if (this.#random.chance(0.3)) edges.push({ to: this.#forward(from), when: this.#guard(takeAtom) })
    const forward = first === undefined ? this.#forward(from) : `n${first}`
    if (this.#random.chance(this.#backEdges)) {
      const back = this.#back(from)
      if (this.#random.chance(0.3)) return [...edges, { ...back, otherwise: forward }]
      const guarded = this.#random.chance(0.6) ? { ...back, when: this.#guard(takeAtom) } : back
      edges.push(
        this.#random.chance(0.2) && 'when' in guarded ? { ...guarded, otherwise: this.#forward(from) } : guarded,
      )
    }
    return [...edges, forward]
  }

  #forward(from: number): string {
    const to = from + 1 + this.#random.below(this.#count - from)
    return to >= this.#count ? ':end' : `n${to}`
  }

  /** The reset node is before the target, so it cannot be in any cycle that the edge closes at its lowest node. */
  #back(from: number): { readonly to: string; readonly limit: { readonly max: number; readonly per: string | null } } {
    const to = this.#random.below(from + 1)
    const per = to > 0 && this.#random.chance(0.4) ? `n${this.#random.below(to)}` : null
    return { to: `n${to}`, limit: { max: this.#random.below(this.#maxLimit + 1), per } }
  }

  #guard(takeAtom: () => GuardExpression): GuardExpression {
    const atom = takeAtom()
    const draw = this.#random.below(6)
    if (draw === 0) return { not: atom }
    if (draw === 1) return { all: [atom, { not: takeAtom() }] }
    return draw === 2 ? { any: [atom, takeAtom()] } : atom
  }
}

function randomLimits(random: RandomSource, count: number): NonNullable<GraphNotation['limits']> {
  const exhausted = random.pick([':exhausted', ':end', ':fail', `n${random.below(count)}`])
  return { steps: 3 + random.below(30), modelCalls: 1 + random.below(10), exhausted }
}
