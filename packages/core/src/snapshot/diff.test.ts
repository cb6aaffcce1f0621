import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toJson, type Json, type JsonObject } from '../base/json.ts'
import { applyPatch } from './apply-patch.ts'
import { diffSnapshots } from './diff.ts'
import type { EngineEvent } from './event.ts'
import type { Patch, PatchValue } from './patch.ts'
import type { Snapshot } from './snapshot.ts'

/** A snapshot that has only a state; the rest of a context is not what differs here. */
function snapshotOf(state: JsonObject): Snapshot {
  return toJson({ value: 'node', context: { state } }, 'snapshot') as unknown as Snapshot
}

function eventOf(payload: JsonObject): EngineEvent {
  return toJson({ id: 'e', at: 1, type: 'effect.ended', from: 'effect', payload }, 'event') as unknown as EngineEvent
}

const nothing = eventOf({})

function diffStates(before: JsonObject, after: JsonObject, event: EngineEvent = nothing): Patch {
  return diffSnapshots(snapshotOf(before), snapshotOf(after), event)
}

function throughText<Value>(value: Value): Value {
  return JSON.parse(JSON.stringify(value)) as Value
}

/** Diffs, and applies the patch to what has been text in between. */
function repeated(before: Snapshot | null, after: Snapshot, event: EngineEvent = nothing): string {
  const patch = diffSnapshots(before, after, event)
  return JSON.stringify(applyPatch(throughText(before), throughText(patch), throughText(event)))
}

const anyJson = fc.jsonValue({ maxDepth: 4 }).filter((value) => !JSON.stringify(value).includes('__proto__'))

describe('diffSnapshots', () => {
  it('names only what has changed', () => {
    const kept = toJson({ deep: [1, 2] }, 'it')
    const patch = diffStates({ kept, a: 1, b: { c: 1, d: 2 }, gone: true }, { kept, a: 2, b: { c: 1, d: 3 } })
    expect(patch).toEqual([
      ['unset', ['context', 'state', 'gone']],
      ['set', ['context', 'state', 'a'], { v: 2 }],
      ['set', ['context', 'state', 'b', 'd'], { v: 3 }],
    ])
  })

  it('appends what a list has gained', () => {
    const items = toJson([{ id: 1 }, { id: 2 }], 'it') as readonly Json[]
    expect(diffStates({ items }, { items: [...items, { id: 3 }] })).toEqual([
      ['append', ['context', 'state', 'items'], { v: [{ id: 3 }] }],
    ])
  })

  it('appends also when the items before are equal but not the same objects, as after reading a run back', () => {
    const before = { items: [{ id: 1 }, { id: 2 }] }
    const patch = diffStates(before, { items: [...throughText(before.items), { id: 3 }] })
    expect(patch.map(([verb]) => verb)).toEqual(['append'])
  })

  it('says nothing when all is equal but not the same', () => {
    const state = { list: Array.from({ length: 100 }, (_, id) => ({ id })), map: { a: { b: [1] } } }
    expect(diffStates(state, throughText(state))).toEqual([])
  })

  it('says nothing of a value that came with the event and is equal to the one before', () => {
    const event = eventOf({ error: { code: 'X', details: { a: [1] } } })
    const { error } = event.payload as unknown as { readonly error: Json }
    expect(diffSnapshots(snapshotOf({ error: throughText(error) }), snapshotOf({ error }), event)).toEqual([])
    expect(diffSnapshots(snapshotOf({ error: { code: 'X' } }), snapshotOf({ error }), event)).toHaveLength(1)
  })

  it('sets a list whole when most of it has changed', () => {
    const before = { list: Array.from({ length: 100 }, (_, id) => ({ id, done: false })) }
    const all = diffStates(before, { list: before.list.map((item) => ({ ...item, done: true })) })
    expect(all).toHaveLength(1)
    const few = diffStates(before, { list: before.list.map((item) => (item.id < 3 ? { ...item, done: true } : item)) })
    expect(few.map(([, path]) => path.slice(3))).toEqual([
      [0, 'done'],
      [1, 'done'],
      [2, 'done'],
    ])
  })

  it('points to what came with the event instead of copying it', () => {
    const text = 'a text that is longer than forty characters, so it is pointed to'
    const event = eventOf({ patch: { notes: [{ id: 1 }], reply: text, short: 'short' }, output: { big: [1] } })
    const { patch } = event.payload as unknown as { readonly patch: { readonly notes: Json; readonly reply: string } }
    const found = diffSnapshots(
      snapshotOf({ log: [0] }),
      snapshotOf({ log: [0, ...(patch.notes as Json[])], notes: patch.notes, reply: patch.reply, short: 'short' }),
      event,
    )
    expect(found).toEqual([
      ['append', ['context', 'state', 'log'], { e: ['patch', 'notes'] }],
      ['set', ['context', 'state', 'notes'], { e: ['patch', 'notes'] }],
      ['set', ['context', 'state', 'reply'], { e: ['patch', 'reply'] }],
      ['set', ['context', 'state', 'short'], { v: 'short' }],
    ])
  })

  it('points from an item that is appended among others', () => {
    const event = eventOf({ message: { role: 'assistant', content: [] } })
    const { message } = event.payload as unknown as { readonly message: Json }
    const [operation] = diffSnapshots(
      snapshotOf({ entries: [] }),
      snapshotOf({ entries: [message, { type: 'x' }] }),
      event,
    )
    const expected: PatchValue = { l: [{ e: ['message'] }, { v: { type: 'x' } }] }
    expect(operation).toEqual(['append', ['context', 'state', 'entries'], expected])
  })

  it('copies no state that a fork brings with it, also when some keys are set anew', () => {
    const state = toJson({ a: [1, 2, 3], b: { c: 1 } }, 'it') as JsonObject
    const payload = { snapshot: { value: 'node', context: { state } }, patch: { b: { c: 2 } } }
    const event = { ...eventOf(payload), type: 'run.forked' } as unknown as EngineEvent
    const after = snapshotOf({ ...state, b: payload.patch.b })
    const patch = diffSnapshots(null, after, event)
    expect(patch).toContainEqual(['set', ['context', 'state', 'a'], { e: ['snapshot', 'context', 'state', 'a'] }])
    expect(patch).toContainEqual(['set', ['context', 'state', 'b'], { e: ['patch', 'b'] }])
    expect(repeated(null, after, event)).toBe(JSON.stringify(after))
  })

  it.each(['constructor', 'toString', 'hasOwnProperty', 'valueOf'])('takes %s for the name it is', (key) => {
    for (const [before, after] of [
      [{}, { [key]: 1 }],
      [{ [key]: 1 }, {}],
      [{ [key]: { a: 1 } }, { [key]: { a: 2 } }],
    ]) {
      expect(repeated(snapshotOf(before ?? {}), snapshotOf(after ?? {}), nothing)).toBe(
        JSON.stringify(snapshotOf(after ?? {})),
      )
    }
  })

  it('keeps the order of keys, which is part of the value', () => {
    for (const after of [
      { b: 1, a: 1 },
      { a: 1, c: 1, b: 1 },
      { c: 1, a: 1, b: 1 },
      { b: 1, c: 1 },
      { 7: 1, b: 1, a: 1 },
    ]) {
      expect(repeated(snapshotOf({ in: { a: 1, b: 1 } }), snapshotOf({ in: after }), nothing)).toBe(
        JSON.stringify(snapshotOf({ in: after })),
      )
    }
  })

  it('leads, applied after a JSON round trip, from any snapshot to any other', () => {
    const states = fc.dictionary(fc.string({ maxLength: 3 }), anyJson, {
      maxKeys: 6,
      noNullPrototype: true,
    })
    fc.assert(
      fc.property(states, states, fc.dictionary(fc.string({ maxLength: 2 }), anyJson), (one, two, payload) => {
        const [before, after] = [throughText(one), throughText(two)] as [JsonObject, JsonObject]
        const event = eventOf(throughText(payload) as JsonObject)
        // Parts of both states and of the event are woven together, as merge rules weave them.
        const given = (event.payload as unknown as JsonObject)[''] ?? null
        const woven = { ...before, ...after, list: [...Object.values(before), given], again: [before, given] }
        expect(repeated(snapshotOf(before), snapshotOf(after), event)).toBe(JSON.stringify(snapshotOf(after)))
        expect(repeated(snapshotOf(before), snapshotOf(woven), event)).toBe(JSON.stringify(snapshotOf(woven)))
        expect(repeated(snapshotOf({ ...woven, list: Object.values(before) }), snapshotOf(woven), event)).toBe(
          JSON.stringify(snapshotOf(woven)),
        )
        expect(repeated(null, snapshotOf(woven), event)).toBe(JSON.stringify(snapshotOf(woven)))
      }),
      { numRuns: 300 },
    )
  })
})
