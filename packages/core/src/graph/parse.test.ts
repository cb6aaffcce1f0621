import { describe, expect, it } from 'vitest'
import { randomGraph } from '../../test/graphs/random-graph.ts'
import { canonicalJson, type Json } from '../base/json.ts'
import type { Graph } from './graph.ts'
import { parseGraph } from './parse.ts'

function textOf(graph: Graph): string {
  return canonicalJson(graph as unknown as Json)
}

describe('parseGraph', () => {
  it('gives back what was written, frozen', () => {
    for (let seed = 0; seed < 50; seed++) {
      const graph = randomGraph(seed, { limits: seed % 2 === 0 })
      const read = parseGraph(textOf(graph))
      expect(read).toEqual(graph)
      expect(Object.isFrozen(read.edges)).toBe(true)
    }
  })

  it('says that a newer format needs a newer Waystone', () => {
    const text = textOf({ ...randomGraph(1), format: 2 as 1 })
    expect(() => parseGraph(text)).toThrow(expect.objectContaining({ code: 'WAYSTONE_STORE_NEWER_FORMAT' }))
  })

  it.each([
    ['what is not JSON', '{'],
    ['what is no graph', '[]'],
    ['an unknown field', textOf({ ...randomGraph(1), colour: 'red' } as Graph)],
    ['a start that is no node', textOf({ ...randomGraph(1), start: 'nowhere' })],
    [
      'an edge to nothing',
      textOf({ ...randomGraph(1), edges: randomGraph(1).edges.map((edge) => ({ ...edge, to: 'nowhere' })) }),
    ],
    [
      'a limit that leads nowhere',
      textOf({ ...randomGraph(1), limits: { ...randomGraph(1).limits, exhausted: 'nowhere' } }),
    ],
  ])('refuses %s', (_what, text) => {
    expect(() => parseGraph(text)).toThrow(expect.objectContaining({ code: 'WAYSTONE_STORE_CORRUPT' }))
  })
})
