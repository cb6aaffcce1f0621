import { describe, expect, it } from 'vitest'
import { compileFixture, HandRun } from '../../test/engine/hand-run.ts'
import { driveRandomly } from '../../test/engine/random-script.ts'
import { historyOf, storeOf } from '../../test/engine/stored-run.ts'
import { randomGraph } from '../../test/graphs/random-graph.ts'
import type { JsonObject } from '../base/json.ts'
import { diffValues } from './diff-values.ts'
import { readHistory } from './history.ts'

function listRun(): HandRun {
  const run = new HandRun(
    compileFixture({
      state: { notes: { merge: { rule: 'append', key: 'id' } }, n: {} },
      nodes: { a: { kind: 'task', writes: ['notes', 'n'] } },
      edges: { a: { done: { to: 'a', limit: 5, otherwise: ':end' } } },
    }),
  )
  run.start({ n: 1, notes: [] })
  run.end(0, 'done', {
    patch: {
      notes: [
        { id: 1, text: 'one' },
        { id: 2, text: 'two' },
      ],
    },
  })
  run.end(1, 'done', {
    patch: {
      notes: [
        { id: 1, text: 'ONE' },
        { id: 3, text: 'three' },
      ],
      n: 2,
    },
  })
  return run
}

describe('readHistory', () => {
  it('gives every snapshot as it was, in any order of asking', async () => {
    for (let seed = 0; seed < 30; seed++) {
      const run = driveRandomly(new HandRun(compileFixture(randomGraph(seed))), seed)
      const history = await historyOf(run)
      expect(history.last).toBe(run.checkpoints.length - 1)
      for (const sequence of [history.last, 0, ...run.snapshots.keys()]) {
        const moment = history.at(sequence)
        expect(JSON.stringify(moment.snapshot)).toBe(JSON.stringify(run.snapshots[sequence]))
        expect(moment.hash).toBe(run.stored[sequence]?.hash)
        expect(moment.checkpoint.sequence).toBe(sequence)
      }
    }
  })

  it('chains every checkpoint to the one before (R1)', async () => {
    const history = await historyOf(listRun())
    expect(history.checkpoints.map(({ parent }) => parent?.hash ?? null)).toEqual([
      null,
      history.at(0).hash,
      history.at(1).hash,
    ])
  })

  it('shares between snapshots what did not change (S1)', async () => {
    const history = await historyOf(listRun())
    expect(history.at(1).snapshot.context.visits).not.toBe(history.at(2).snapshot.context.visits)
    expect(history.at(1).snapshot.context.closing).toBe(history.at(2).snapshot.context.closing)
  })

  it.each([-1, 3, 0.5, Number.NaN])('has no sequence %s, and says which it has', async (sequence) => {
    const history = await historyOf(listRun())
    expect(() => history.at(sequence)).toThrow(`run run has no sequence ${sequence}; it has 0 to 2`)
  })

  it('says what changed between two sequences, items told apart by their key', async () => {
    const history = await historyOf(listRun())
    expect(history.diff(1, 2)).toEqual([
      { path: ['n'], kind: 'changed', before: 1, after: 2 },
      { path: ['notes', 0, 'text'], kind: 'changed', before: 'one', after: 'ONE' },
      { path: ['notes', 2], kind: 'added', after: { id: 3, text: 'three' } },
    ])
    expect(history.diff(2, 1).map(({ kind, path }) => [kind, ...path])).toEqual([
      ['changed', 'n'],
      ['changed', 'notes', 0, 'text'],
      ['removed', 'notes', 2],
    ])
    expect(history.diff(1, 1)).toEqual([])
  })

  it('says that a run is not there', async () => {
    await expect(readHistory(await storeOf(), 'none')).rejects.toMatchObject({ code: 'WAYSTONE_STORE_RUN_UNKNOWN' })
  })
})

describe('diffValues', () => {
  const diff = (before: JsonObject, after: JsonObject, keys?: { readonly [key: string]: string }): unknown =>
    diffValues(before, after, keys).map(({ kind, path }) => `${kind} ${path.join('/')}`)

  it('goes as deep as objects do', () => {
    expect(diff({ a: { b: { c: 1, d: 1 } }, x: 1 }, { a: { b: { c: 2, d: 1 } }, y: 1 })).toEqual([
      'removed x',
      'changed a/b/c',
      'added y',
    ])
  })

  it('compares lists by place, and by key where there is one', () => {
    expect(diff({ l: [1, 2] }, { l: [2] })).toEqual(['changed l/0', 'removed l/1'])
    expect(diff({ l: [{ id: 1 }, { id: 2, a: 1 }] }, { l: [{ id: 2, a: 2 }] }, { l: 'id' })).toEqual([
      'changed l/0/a',
      'removed l/0',
    ])
  })

  it('sees no difference in the order of keys, nor in equal values', () => {
    expect(diff({ a: { x: 1, y: [1] } }, { a: { y: [1], x: 1 } })).toEqual([])
  })

  it('tells a change of type', () => {
    expect(diff({ a: [1] }, { a: { 0: 1 } })).toEqual(['changed a'])
    expect(diff({ a: null }, { a: 0 })).toEqual(['changed a'])
  })

  it('takes names that plain objects answer to for what they are', () => {
    expect(diff({}, { constructor: 1 })).toEqual(['added constructor'])
    expect(diff({ toString: 1 }, {})).toEqual(['removed toString'])
    expect(diff({ constructor: [1] }, { constructor: [2] })).toEqual(['changed constructor/0'])
  })
})
