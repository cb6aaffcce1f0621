import { describe, expect, it } from 'vitest'
import { toJson, type JsonObject } from '../base/json.ts'
import { applyPatch } from './apply-patch.ts'
import type { EngineEvent } from './event.ts'
import { patchTo } from './key-order.ts'
import type { Snapshot } from './snapshot.ts'

function snapshotOf(context: JsonObject): Snapshot {
  return toJson({ value: 'node', context }, 'snapshot') as unknown as Snapshot
}

const event = toJson({ id: 'e', at: 1, type: 'effect.ended', from: 'effect', payload: {} }, 'event')

function between(before: JsonObject, after: JsonObject): ReturnType<typeof patchTo> {
  // An event by construction.
  return patchTo(snapshotOf(before), snapshotOf(after), event as unknown as EngineEvent)
}

describe('patchTo', () => {
  it('names a key of the context that is new amid others, and puts it last', () => {
    const before = { state: { secret: 'hidden' }, open: {}, steps: 1 }
    const { patch, snapshot } = between(before, { cached: { a: 1 }, state: { secret: 'hidden' }, open: {}, steps: 2 })
    expect(patch).toEqual([
      ['set', ['context', 'steps'], { v: 2 }],
      ['set', ['context', 'cached'], { v: { a: 1 } }],
    ])
    expect(Object.keys(snapshot.context)).toEqual(['state', 'open', 'steps', 'cached'])
  })

  it('leaves a map alone that stands beside one that is over', () => {
    const { patch } = between(
      { maps: { one: { done: 1 }, other: { done: 7 } } },
      { maps: { other: { done: 7 }, one: { done: 2 } } },
    )
    expect(patch).toEqual([['set', ['context', 'maps', 'one', 'done'], { v: 2 }]])
  })

  it('names a nested workflow that begins after a later one, and what moves inside of it', () => {
    const child = (steps: number): JsonObject => ({ value: 'in', context: { state: { big: 'x'.repeat(99) }, steps } })
    const first = between({ children: { 4: child(1) } }, { children: { 2: child(1), 4: child(1) } })
    expect(first.patch).toEqual([['set', ['context', 'children', '2'], { v: child(1) }]])
    const { context } = child(2) as { readonly context: JsonObject }
    const moved = { value: 'in', context: { forks: {}, ...context } }
    const { patch } = between({ children: { 2: child(1), 4: child(1) } }, { children: { 2: moved, 4: child(1) } })
    expect(patch).toEqual([
      ['set', ['context', 'children', '2', 'context', 'steps'], { v: 2 }],
      ['set', ['context', 'children', '2', 'context', 'forks'], { v: {} }],
    ])
  })

  it('gives the snapshot that its patch leads to, key by key', () => {
    const before = { a: 1, maps: { m: { done: 1 }, k: {} }, children: { 3: { value: 'v', context: { p: 1 } } } }
    const { patch, snapshot } = between(before, {
      new: 1,
      maps: { k: {}, m: { done: 2 } },
      children: { 1: { value: 'v', context: {} }, 3: { value: 'w', context: { o: 1, p: 1 } } },
      a: 2,
    })
    const read = applyPatch(snapshotOf(before), patch, event as unknown as EngineEvent)
    expect(JSON.stringify(read)).toBe(JSON.stringify(snapshot))
  })
})
