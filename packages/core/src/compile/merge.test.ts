import { describe, expect, it } from 'vitest'
import { graphFixture } from '../../test/graphs/graph-fixture.ts'
import { registryFor } from '../../test/graphs/registry-for.ts'
import { toJson, type Json, type JsonObject } from '../base/json.ts'
import type { MergeRule } from '../graph/graph.ts'
import { mergeState } from './merge.ts'

type Reducer = (current: Json | undefined, incoming: Json) => unknown

function merged(merge: MergeRule, before: JsonObject, incoming: Json, reducer?: Reducer): Json | undefined {
  const graph = graphFixture({ state: { key: { merge } }, nodes: { a: 'task' }, edges: { a: { done: ':end' } } })
  const reducers = new Map(reducer === undefined ? [] : [['key', reducer]])
  const patch = toJson({ key: incoming }, 'patch') as JsonObject
  return mergeState({ graph, registry: { ...registryFor(graph), reducers } }, before, { patch, unset: [] })['key']
}

describe('mergeState', () => {
  it('replaces by default', () => {
    expect(merged({ rule: 'replace' }, { key: { a: 1 } }, { b: 2 })).toEqual({ b: 2 })
  })

  it('appends to a list, and to nothing', () => {
    expect(merged({ rule: 'append', key: null }, { key: [1] }, [1, 2])).toEqual([1, 1, 2])
    expect(merged({ rule: 'append', key: null }, {}, [1])).toEqual([1])
  })

  it('replaces an item with the same key in its place, also within one patch', () => {
    const before = { key: [{ id: 1 }, { id: 2, old: true }] }
    expect(merged({ rule: 'append', key: 'id' }, before, [{ id: 3 }, { id: 2 }, { id: 3, again: true }])).toEqual([
      { id: 1 },
      { id: 2 },
      { id: 3, again: true },
    ])
  })

  it('tells keys of different types apart, and items without the key from each other', () => {
    const items = [{ id: 1 }, { id: '1' }, { other: 1 }, { other: 2 }]
    expect(merged({ rule: 'append', key: 'id' }, { key: items }, [{ other: 3 }, { id: '1', new: true }])).toEqual([
      { id: 1 },
      { id: '1', new: true },
      { other: 1 },
      { other: 2 },
      { other: 3 },
    ])
    expect(merged({ rule: 'append', key: 'constructor' }, { key: [{ a: 1 }] }, [{ b: 1 }])).toEqual([
      { a: 1 },
      { b: 1 },
    ])
  })

  it('shares the items that it keeps (S1)', () => {
    const before = toJson({ key: [{ id: 1 }, { id: 2 }] }, 'state') as { readonly key: readonly Json[] }
    const after = merged({ rule: 'append', key: 'id' }, before, [{ id: 2, new: true }]) as readonly Json[]
    expect(after[0]).toBe(before.key[0])
  })

  it('writes objects over, one level deep', () => {
    expect(merged({ rule: 'merge' }, { key: { a: { x: 1 }, b: 1 } }, { a: { y: 2 } })).toEqual({ a: { y: 2 }, b: 1 })
    expect(merged({ rule: 'merge' }, {}, { a: 1 })).toEqual({ a: 1 })
  })

  it('adds to a set what it does not have, by JSON equality, also within one patch', () => {
    const before = { key: [{ a: 1, b: 2 }] }
    expect(merged({ rule: 'union' }, before, [{ b: 2, a: 1 }, 'x', { a: 2 }, 'x'])).toEqual([
      { a: 1, b: 2 },
      'x',
      { a: 2 },
    ])
    expect(merged({ rule: 'union' }, before, [{ b: 2, a: 1 }])).toBe(before.key)
  })

  it('takes the larger, the smaller and the sum of numbers', () => {
    expect(merged({ rule: 'max' }, { key: 3 }, 2)).toBe(3)
    expect(merged({ rule: 'max' }, {}, -2)).toBe(-2)
    expect(merged({ rule: 'min' }, { key: 3 }, 2)).toBe(2)
    expect(merged({ rule: 'min' }, {}, 2)).toBe(2)
    expect(merged({ rule: 'sum' }, { key: 3 }, -5)).toBe(-2)
    expect(merged({ rule: 'sum' }, {}, 2)).toBe(2)
  })

  it('refuses a sum that is no number any more', () => {
    expect(() => merged({ rule: 'sum' }, { key: Number.MAX_VALUE }, Number.MAX_VALUE)).toThrow('a sum: found Infinity')
  })

  it('asks a reducer, and freezes what it gives', () => {
    const rule: MergeRule = { rule: 'reducer', name: 'pairs', version: 1 }
    const pair: Reducer = (current, incoming) => ({ current: current ?? null, incoming })
    const first = merged(rule, {}, 1, pair)
    expect(first).toEqual({ current: null, incoming: 1 })
    expect(Object.isFrozen(first)).toBe(true)
    expect(merged(rule, { key: 2 }, 1, pair)).toEqual({ current: 2, incoming: 1 })
  })

  it('refuses what a reducer gives when it is no JSON, a promise included', () => {
    const rule: MergeRule = { rule: 'reducer', name: 'late', version: 1 }
    expect(() => merged(rule, {}, 1, () => undefined)).toThrow('result of reducer "late": found undefined')
    expect(() => merged(rule, {}, 1, () => Promise.reject(new RangeError('nobody waits')))).toThrow(
      'an instance of Promise',
    )
  })

  it('unsets, and shares everything else', () => {
    const graph = graphFixture({ state: ['a?', 'b'], nodes: { n: 'task' }, edges: { n: { done: ':end' } } })
    const state = toJson({ a: 1, b: [1] }, 'state') as JsonObject
    const after = mergeState({ graph, registry: registryFor(graph) }, state, { patch: {}, unset: ['a'] })
    expect(after).toEqual({ b: [1] })
    expect(after['b']).toBe(state['b'])
    expect(Object.isFrozen(after)).toBe(true)
  })

  it('passes over keys that the state does not have, whatever plain objects answer to', () => {
    const graph = graphFixture({ state: ['a'], nodes: { n: 'task' }, edges: { n: { done: ':end' } } })
    const patch = { constructor: 1, toString: 2 } as unknown as JsonObject
    expect(Object.keys(mergeState({ graph, registry: registryFor(graph) }, { a: 1 }, { patch, unset: [] }))).toEqual([
      'a',
    ])
  })

  it('adds to long sets in time that grows with their length only', () => {
    const before = { key: Array.from({ length: 20_000 }, (_, id) => ({ id })) }
    const added = Array.from({ length: 20_000 }, (_, id) => ({ id: id + 10_000 }))
    expect(merged({ rule: 'union' }, before, added)).toHaveLength(30_000)
  })
})
