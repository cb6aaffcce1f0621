import type { FailedBranches } from '../../src/define/join.ts'
import type { EdgeNotation, GraphNotation, NodeNotation } from './graph-fixture.ts'
import { randomSource, type RandomSource } from './random-source.ts'

/** The key that branches of a random mesh may write without being refused: nobody reads it there. */
const meshList = 'log'

/** What a random mesh may hold beside plain branches that meet. */
export interface MeshDraw {
  /** Guards at branches, joins on the way, names that branches share, cancelling edges. Default true. */
  readonly isRich?: boolean
  /** For policies: `t` is run by tools, cleared by gates that read `shown`, which tasks write. Default false. */
  readonly hasPolicy?: boolean
}

/**
 * A graph with one fork whose branches meet: `plan` forks, `meet` joins, `last` comes behind it. Nodes lead only to later ones.
 *
 * @param seed - same seed, same graph
 */
export function meshGraph(seed: number, draw: MeshDraw = {}): GraphNotation {
  return new MeshMaker(randomSource(seed), { isRich: true, hasPolicy: false, ...draw }).make(`mesh${seed}`)
}

class MeshMaker {
  readonly #random: RandomSource
  readonly #draw: Required<MeshDraw>
  readonly #names: readonly string[]
  readonly #nodes: { [id: string]: NodeNotation } = { plan: 'task', last: 'task' }
  readonly #edges: { [id: string]: { [outcome: string]: EdgeNotation } } = { last: { done: ':end' } }
  readonly #meetings: ReadonlySet<string>

  constructor(random: RandomSource, draw: Required<MeshDraw>) {
    this.#random = random
    this.#draw = draw
    this.#names = Array.from({ length: 3 + random.below(5) }, (_, index) => `n${index}`)
    this.#meetings = new Set(draw.isRich ? this.#names.slice(2).filter(() => random.chance(0.15)) : [])
  }

  make(name: string): GraphNotation {
    this.#names.forEach((node, index) => this.#node(node, index))
    const failed = this.#random.pick(['raise', 'keep', 'drop'] as const)
    const atLeast = this.#random.chance(0.25) ? 1 : null
    this.#nodes['meet'] = { kind: 'join', failed, atLeast }
    this.#edges['meet'] = { done: 'last', ...(failed === 'drop' && { unsatisfied: ':end' }) }
    this.#edges['plan'] = { done: { fork: this.#entries(failed), join: 'meet' } }
    const state = {
      [meshList]: { schema: { type: 'array' }, merge: { rule: 'append', key: null }, optional: true },
    } as const
    const policies = this.#draw.hasPolicy ? { policies: [{ never: 't', without: 'clear.pass' }] } : {}
    return { name, nodes: this.#nodes, edges: this.#edges, state, ...policies }
  }

  /** Two or three branches, and whatever nothing leads to; the first never has a guard. */
  #entries(_failed: FailedBranches): readonly string[] {
    const led = new Set(Object.values(this.#edges).flatMap((outcomes) => Object.values(outcomes).flatMap(targetsOf)))
    const free = this.#names.filter((name, index) => index < 2 || (!led.has(name) && !this.#meetings.has(name)))
    return free.map((name, index) => this.#guarded(name, index > 0))
  }

  #guarded(name: string, isAllowed: boolean): string {
    return isAllowed && this.#draw.isRich && this.#random.chance(0.2) ? `${name}?g${this.#random.below(3)}` : name
  }

  #node(name: string, index: number): void {
    const later = this.#names.slice(index + 1)
    const own = this.#random.chance(0.5) ? { writes: [meshList] } : {}
    const shared = this.#draw.isRich && this.#random.chance(0.2) ? { exclusive: this.#random.pick(['x', 'y']) } : {}
    if (this.#meetings.has(name)) {
      this.#nodes[name] = { kind: 'join', atLeast: this.#random.chance(0.5) ? 1 : null }
      this.#edges[name] = { done: this.#target(later) }
    } else if (this.#draw.hasPolicy && this.#random.chance(0.35)) {
      this.#policyNode(name, later)
    } else if (this.#random.chance(0.35)) {
      this.#nodes[name] = { kind: 'gate', outcomes: ['pass', 'revise'], ...shared }
      this.#edges[name] = { pass: this.#target(later), revise: this.#target(later) }
    } else {
      this.#nodes[name] = { kind: 'task', effect: 'pure', ...own, ...shared }
      this.#edges[name] = { done: this.#onward(later) }
    }
  }

  #policyNode(name: string, later: readonly string[]): void {
    const draw = this.#random.below(3)
    if (draw === 0 && this.#nodes['clear'] === undefined) {
      // A node of that name stands for one of the row: it is led to in its place.
      this.#nodes[name] = { kind: 'task', effect: 'pure' }
      this.#edges[name] = { done: 'clear' }
      this.#nodes['clear'] = { kind: 'gate', outcomes: ['pass', 'revise'], reads: ['shown'] }
      this.#edges['clear'] = { pass: this.#target(later), revise: this.#target(later) }
    } else if (draw === 1) {
      this.#nodes[name] = { kind: 'tool', tool: 't', effect: 'pure' }
      this.#edges[name] = { done: this.#onward(later) }
    } else {
      this.#nodes[name] = { kind: 'task', effect: 'pure', writes: ['shown'] }
      this.#edges[name] = { done: this.#onward(later) }
    }
  }

  #onward(later: readonly string[]): EdgeNotation {
    if (later.length < 2 || this.#random.chance(0.5)) return this.#target(later)
    const first = this.#random.below(later.length - 1)
    const second = first + 1 + this.#random.below(later.length - first - 1)
    const [one = '', two = ''] = [later[first], later[second]]
    return { fork: [one, this.#guarded(two, true)], join: 'meet' }
  }

  #target(later: readonly string[]): EdgeNotation {
    const to = later.length === 0 || this.#random.chance(0.25) ? 'meet' : this.#random.pick(later)
    const others = this.#names.filter((name) => name !== to && !later.includes(name)).slice(0, -1)
    if (!this.#draw.isRich || others.length === 0 || !this.#random.chance(0.1)) return to
    return { to, cancels: [this.#random.pick(others)] }
  }
}

function targetsOf(edge: EdgeNotation): readonly string[] {
  if (typeof edge === 'string') return [edge]
  return 'fork' in edge ? edge.fork.map((one) => one.split('?')[0] ?? '') : [edge.to]
}
