import { describe, expect, it } from 'vitest'
import { graphFixture } from '../../test/graphs/graph-fixture.ts'
import type { Graph } from './graph.ts'
import { hashGraph } from './hash.ts'

const graph: Graph = graphFixture({
  state: { model: { schema: { type: 'object', properties: { title: { type: 'string', title: 'A title' } } } } },
  nodes: { reason: { kind: 'task', writes: ['model'] }, place: 'task' },
  edges: { reason: { done: 'place' }, place: { done: ':end' } },
})

describe('hashGraph', () => {
  it('tells names of the author from names of fields', () => {
    const { reason: _, ...rest } = graph.nodes
    expect(hashGraph({ ...graph, nodes: rest }).graph).not.toBe(hashGraph(graph).graph)
    const { model: __, ...keys } = graph.state
    expect(hashGraph({ ...graph, state: keys }).graph).not.toBe(hashGraph(graph).graph)
  })

  it('tells a property called title from the title of a schema', () => {
    const withSchema = (title: object): Graph => {
      const schema = { type: 'object', properties: { title } } as const
      return { ...graph, state: { model: { schema: schema as never, merge: { rule: 'replace' }, optional: false } } }
    }
    const { graph: identity, behaviour } = hashGraph(graph)
    const retitled = hashGraph(withSchema({ type: 'string', title: 'Another title' }))
    expect(retitled.graph).toBe(identity)
    expect(retitled.behaviour).not.toBe(behaviour)
    expect(hashGraph(withSchema({ type: 'number', title: 'A title' })).graph).not.toBe(identity)
  })
})
