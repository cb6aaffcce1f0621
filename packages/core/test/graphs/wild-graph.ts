import type { Graph } from '../../src/graph/graph.ts'
import { graphFixture, type EdgeNotation } from './graph-fixture.ts'
import { randomSource } from './random-source.ts'

/**
 * Makes a small graph of tasks without any care: edges, resets and `otherwise` lead anywhere, so that many graphs are unbounded.
 * Every edge but the last of a list has a guard of its own.
 *
 * @param seed - any integer
 */
export function wildGraph(seed: number, options: { readonly otherwise: 'end' | 'any' }): Graph {
  const random = randomSource(seed)
  const count = 2 + random.below(4)
  const target = (): string => {
    const number = random.below(count + 1)
    return number === count ? ':end' : `n${number}`
  }
  const edge = (when: string | null): EdgeNotation => {
    const guarded = when === null ? {} : { when }
    const isLimited = random.chance(0.6)
    if (!isLimited) return { to: target(), ...guarded }
    const per = random.chance(0.5) ? `n${random.below(count)}` : null
    const otherwise =
      when === null || random.chance(0.3) ? { otherwise: options.otherwise === 'end' ? ':end' : target() } : {}
    return { to: target(), ...guarded, limit: { max: random.below(3), per }, ...otherwise }
  }
  const edges = Object.fromEntries(
    Array.from({ length: count }, (_, node) => {
      const guards = Array.from({ length: random.below(3) }, (_guard, index) => `g${node}-${index}`)
      return [`n${node}`, { done: [...guards.map((guard) => edge(guard)), edge(null)] }]
    }),
  )
  const nodes = Object.fromEntries(
    Array.from({ length: count }, (_, node) => [`n${node}`, { kind: 'task' as const, effect: 'pure' as const }]),
  )
  return graphFixture({ name: `wild-${seed}`, nodes, edges })
}
