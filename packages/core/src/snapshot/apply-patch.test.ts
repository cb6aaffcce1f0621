import { describe, expect, it } from 'vitest'
import { toJson, type JsonObject } from '../base/json.ts'
import { StoreError } from '../errors/store-error.ts'
import { applyPatch, resolveValue } from './apply-patch.ts'
import type { EngineEvent } from './event.ts'
import type { Patch } from './patch.ts'
import type { Snapshot } from './snapshot.ts'

const event = toJson(
  { id: 'e', at: 1, type: 'effect.ended', from: 'effect', payload: { patch: { notes: ['a', 'b'], deep: { x: 1 } } } },
  'event',
) as unknown as EngineEvent

function snapshotOf(state: JsonObject): Snapshot {
  return toJson({ value: 'node', context: { state, other: { y: 1 } } }, 'snapshot') as unknown as Snapshot
}

const before = snapshotOf({ list: [{ id: 1 }, { id: 2 }], keep: { deep: [1] }, text: 'x' })

function apply(...patch: Patch): Snapshot {
  return applyPatch(before, patch, event)
}

describe('applyPatch', () => {
  it('shares what it does not touch and freezes what it makes (S1)', () => {
    const after = apply(
      ['set', ['context', 'state', 'list', 1, 'id'], { v: 3 }],
      ['unset', ['context', 'state', 'text']],
    )
    expect(after.context.state).toEqual({ list: [{ id: 1 }, { id: 3 }], keep: { deep: [1] } })
    expect(after.context.state['keep']).toBe(before.context.state['keep'])
    expect(Reflect.get(after.context, 'other')).toBe(Reflect.get(before.context, 'other'))
    expect((after.context.state['list'] as object[])[0]).toBe((before.context.state['list'] as object[])[0])
    expect(() => Object.assign(after.context.state, { text: 'y' })).toThrow(TypeError)
    expect(Object.isFrozen(after.context.state['list'])).toBe(true)
    expect(before.context.state['text']).toBe('x')
  })

  it('changes its own copies only, however many operations meet in one place (S1)', () => {
    const after = apply(
      ['set', ['context', 'state', 'keep'], { e: ['patch', 'deep'] }],
      ['set', ['context', 'state', 'keep', 'y'], { v: 2 }],
      ['set', ['context', 'state', 'list', 0, 'id'], { v: 8 }],
      ['set', ['context', 'state', 'list', 1, 'id'], { v: 9 }],
      ['unset', ['context', 'state', 'text']],
      ['set', ['context', 'state', 'text'], { v: 'z' }],
    )
    expect(after.context.state).toStrictEqual({ list: [{ id: 8 }, { id: 9 }], keep: { x: 1, y: 2 }, text: 'z' })
    expect(event.payload).toEqual({ patch: { notes: ['a', 'b'], deep: { x: 1 } } })
    expect(before.context.state).toEqual({ list: [{ id: 1 }, { id: 2 }], keep: { deep: [1] }, text: 'x' })
    const { state } = after.context
    for (const made of [after, after.context, state, state['keep'], state['list'], ...(state['list'] as object[])])
      expect(Object.isFrozen(made)).toBe(true)
  })

  it('sets a key named __proto__ like any other', () => {
    const { state } = apply(['set', ['context', 'state', '__proto__'], { v: { x: 1 } }]).context
    expect(Object.getPrototypeOf(state)).toBe(Object.prototype)
    expect(Object.hasOwn(state, '__proto__')).toBe(true)
  })

  it('resolves pointers into the event, alone and in lists', () => {
    const after = apply(
      ['set', ['context', 'state', 'text'], { e: ['patch', 'notes', 1] }],
      ['append', ['context', 'state', 'list'], { l: [{ e: ['patch', 'deep'] }, { v: 7 }] }],
    )
    expect(after.context.state).toMatchObject({ text: 'b', list: [{ id: 1 }, { id: 2 }, { x: 1 }, 7] })
    expect(resolveValue({ e: ['patch', 'deep'] }, event)).toBe(
      (event.payload as unknown as { readonly patch: { readonly deep: object } }).patch.deep,
    )
  })

  it('begins with nothing when the first patch sets everything', () => {
    const patch: Patch = [['set', [], { v: { value: 'a', context: {} } }]]
    expect(applyPatch(null, patch, event)).toEqual({ value: 'a', context: {} })
  })

  const corrupt: readonly (readonly [name: string, patch: Patch])[] = [
    ['a path that leads through nothing', [['set', ['context', 'nowhere', 'x'], { v: 1 }]]],
    ['a path that leads through text', [['set', ['context', 'state', 'text', 'x'], { v: 1 }]]],
    ['a path through a name that only every object has', [['set', ['context', 'constructor', 'x'], { v: 1 }]]],
    ['a key of a list that is no position', [['set', ['context', 'state', 'list', 'length'], { v: 1 }]]],
    ['a position behind the end', [['set', ['context', 'state', 'list', 3], { v: 1 }]]],
    ['a position before the beginning', [['set', ['context', 'state', 'list', -1], { v: 1 }]]],
    ['a position between two', [['set', ['context', 'state', 'list', 0.5], { v: 1 }]]],
    ['an append to what is no list', [['append', ['context', 'state', 'text'], { v: [1] }]]],
    ['an append of what is no list', [['append', ['context', 'state', 'list'], { v: 1 }]]],
    ['an append to nothing', [['append', ['context', 'state', 'none'], { v: [1] }]]],
    ['an unset of what is not there', [['unset', ['context', 'state', 'none']]]],
    ['an unset of an item', [['unset', ['context', 'state', 'list', 0]]]],
    ['an unset of everything', [['unset', []]]],
    ['a pointer to nothing', [['set', ['value'], { e: ['patch', 'none'] }]]],
    ['a pointer through text', [['set', ['value'], { e: ['patch', 'notes', 0, 'length'] }]]],
    ['a pointer to the length of a list', [['set', ['value'], { e: ['patch', 'notes', 'length'] }]]],
    ['a pointer to what every object has', [['set', ['value'], { e: ['constructor'] }]]],
    ['a pointer in a list to nothing', [['set', ['value'], { l: [{ e: ['none'] }] }]]],
    ['a snapshot without context', [['set', [], { v: { value: 'a' } }]]],
    ['a snapshot that is text', [['set', [], { v: 'a' }]]],
  ]

  it.each(corrupt)('refuses %s', (_name, patch) => {
    expect(codeOf(() => apply(...patch))).toBe('WAYSTONE_STORE_CORRUPT')
  })

  it('refuses a first patch that does not set everything', () => {
    expect(codeOf(() => applyPatch(null, [], event))).toBe('WAYSTONE_STORE_CORRUPT')
    expect(codeOf(() => applyPatch(null, [['set', ['value'], { v: 'a' }]], event))).toBe('WAYSTONE_STORE_CORRUPT')
  })
})

function codeOf(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    if (StoreError.isInstance(error)) return error.code
    throw error
  }
  return 'nothing was thrown'
}
