import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { canonicalJson, type Json } from '../base/json.ts'
import { END } from '../define/edge.ts'
import { defineState } from '../define/state.ts'
import type { EffectClass } from '../define/effect-class.ts'
import { DefinitionError } from '../errors/definition-error.ts'
import { buildGraph, type BuiltGraph } from './build.ts'
import { parseGraph } from './parse.ts'

const w = defineState({ out: z.string().optional() })

/** What is declared may be anything, as from untyped code. */
function build(
  memory: unknown,
  { effect = 'keyed', isGate = false }: { effect?: EffectClass; isGate?: boolean } = {},
): BuiltGraph {
  const declared = { memory } as object
  const n = w.nodes({
    a: w.task({ effect, run: () => undefined, ...declared }),
    g: w.gate({ outcomes: ['ok'], decide: () => 'ok', ...(isGate ? declared : {}) }),
  })
  return buildGraph(
    w.workflow('desk', {
      input: z.object({}),
      output: ['out'],
      nodes: n,
      start: n.a,
      edges: { a: { done: n.g }, g: { ok: END } },
    }),
  )
}

function refusal(...given: Parameters<typeof build>): string {
  try {
    build(...given)
  } catch (error) {
    if (DefinitionError.isInstance(error)) return error.issues.map(({ message }) => message).join('\n')
  }
  return 'nothing'
}

describe('memory of a node', () => {
  it('stands in the graph, which is read again from its text, and counts for its identity', () => {
    const { graph, hashes } = build({ scope: ['preferences', { tag: 'customer' }], access: 'write' })
    expect(graph.nodes['a']).toMatchObject({
      memory: { scope: [{ name: 'preferences' }, { tag: 'customer' }], access: 'write' },
    })
    expect(parseGraph(canonicalJson(graph as unknown as Json))).toEqual(graph)
    const others = [
      { scope: [{ tag: 'customer' }, 'preferences'], access: 'write' },
      { scope: ['preferences', 'customer'], access: 'write' },
      { scope: ['preferences', { tag: 'customer' }], access: 'read' },
      undefined,
    ].map((memory) => build(memory).hashes.graph)
    expect(new Set([hashes.graph, ...others]).size).toBe(5)
  })

  it('keeps the order of the parts in the identity', () => {
    const ofScope = (scope: readonly string[]): string => build({ scope, access: 'read' }).hashes.graph
    expect(ofScope(['a', 'b'])).not.toBe(ofScope(['b', 'a']))
  })

  it.each([
    [{ scope: [], access: 'read' }],
    [{ scope: ['a'] }],
    [{ scope: ['a'], access: 'all' }],
    [{ scope: [''], access: 'read' }],
    [{ scope: ['a\n'], access: 'read' }],
    [{ scope: [{ tag: 'a', name: 'b' }], access: 'read' }],
    [{ scope: 'a', access: 'read' }],
    [{ scope: ['a'], access: 'read', more: 1 }],
    ['read'],
  ])('refuses %j', (memory) => {
    expect(refusal(memory)).toContain('node "a": memory is')
  })

  it('lets a gate read and not write, and nothing that is pure use it', () => {
    const [read, write] = [
      { scope: ['a'], access: 'read' },
      { scope: ['a'], access: 'write' },
    ]
    expect(refusal(read, { isGate: true })).toBe('nothing')
    expect(refusal(write, { isGate: true })).toContain('node "g": memory is')
    expect(refusal(read, { effect: 'pure' })).toBe('node "a" is pure and uses long-term memory, which changes')
  })
})
