import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sha256 } from '../base/hash.ts'
import type { Json } from '../base/json.ts'
import { StoreError } from '../errors/store-error.ts'
import type { Checkpoint } from '../snapshot/checkpoint.ts'
import { decodeCheckpoint, encodeCheckpoint } from './codec.ts'

const graphHash = sha256('graph')
const at = 1_790_000_000_000

function taskStep(note: Json, sequence = 1234): Checkpoint {
  const runId = '01h2x3y4z5a6b7c8d'
  return {
    format: 1,
    runId,
    sequence,
    parent: { runId, sequence: sequence - 1, hash: sha256('parent') },
    graphHash,
    event: {
      id: `${runId}/${sequence - 1}/1`,
      at,
      type: 'effect.ended',
      from: 'effect',
      payload: { step: sequence - 1, attempt: 1, outcome: 'done', startedAt: at - 3, patch: { notes: [note] } },
    },
    decision: {
      node: 'collect',
      visit: sequence,
      outcome: 'done',
      candidates: [{ edge: 'collect.done.0', verdict: 'taken' }],
      taken: 'collect.done.0',
      to: 'collect',
    },
    patch: [
      ['append', ['context', 'state', 'notes'], { e: ['patch', 'notes'] }],
      ['set', ['context', 'steps'], { v: sequence + 1 }],
      ['set', ['context', 'visits', 'collect'], { v: sequence + 1 }],
      ['unset', ['context', 'open', String(sequence - 1)]],
      [
        'set',
        ['context', 'open', String(sequence)],
        { v: { node: 'collect', visit: sequence + 1, kind: 'task', attempt: 1, since: at } },
      ],
    ],
    step: {
      index: sequence - 1,
      node: 'collect',
      visit: sequence,
      kind: 'task',
      attempt: 1,
      queuedAt: at - 4,
      startedAt: at - 3,
      endedAt: at,
    },
    usage: null,
    left: { steps: 800 },
    status: 'running',
    commands: [{ type: 'effect', step: sequence, node: 'collect', kind: 'task', attempt: 1 }],
  }
}

function roundTrip(checkpoint: Checkpoint): Checkpoint {
  const { text, blobs } = encodeCheckpoint(checkpoint, graphHash)
  const texts = new Map(blobs.map((blob) => [blob.hash, blob.text]))
  const decoded = decodeCheckpoint(text, { runId: checkpoint.runId, graphHash, blobOf: (hash) => texts.get(hash) })
  expect(encodeCheckpoint(decoded, graphHash).text).toBe(text)
  return decoded
}

describe('encodeCheckpoint', () => {
  it('stores a simple step of a task in little more than its payload', () => {
    const { text } = encodeCheckpoint(taskStep('payload'), graphHash)
    expect(text).toMatchInlineSnapshot(
      `"{"format":1,"seq":1234,"prev":"5HEllos7cQSfvEgC0eQKceoTWd7Pq6z3CzRYgDfU_ww","at":1790000000000,"in":{"step":1233,"took":3,"patch":{"notes":["payload"]}},"why":{"node":"collect","visit":1234,"try":["0"],"to":"collect"},"set":[["P","notes"],["n"],["v","collect",1235],["x"],["o",1234,"collect"]],"step":{"queued":4},"left":{"steps":800}}"`,
    )
    expect(text.length - '"payload"'.length).toBeLessThan(350)
  })

  it('names run and graph where they are not known from before', () => {
    const first = encodeCheckpoint({ ...taskStep('x', 0), parent: null }, null).text
    expect(first).toContain('"run":"01h2x3y4z5a6b7c8d"')
    expect(first).toContain(`"graph":"${graphHash}"`)
    expect(encodeCheckpoint(taskStep('x'), null).text).toContain(`"graph":"${graphHash}"`)
    expect(encodeCheckpoint(taskStep('x'), sha256('older graph')).text).toContain(`"graph":"${graphHash}"`)
  })

  it('keeps the hash of the parent in the text it hashes: that is the chain (R1)', () => {
    const { text, hash } = encodeCheckpoint(taskStep('x'), graphHash)
    expect(text).toContain(`"prev":"${sha256('parent')}"`)
    expect(hash).toBe(sha256(text))
  })

  it('reads back what it wrote', () => {
    const checkpoint = taskStep({ text: 'hello', $blob: 'mine', $$blob: [{ $blob: 1 }] })
    expect(roundTrip(checkpoint)).toEqual(checkpoint)
  })

  it('puts large values into blobs, each once, and reads them back', () => {
    const row = { id: 1, text: 'y'.repeat(100) }
    const large = { rows: Array.from({ length: 2000 }, () => row), text: 'z'.repeat(70_000), again: 'z'.repeat(70_000) }
    const checkpoint = taskStep(large)
    const { text, blobs } = encodeCheckpoint(checkpoint, graphHash)
    expect(text.length).toBeLessThan(1000)
    expect(blobs).toHaveLength(2)
    expect(roundTrip(checkpoint)).toEqual(checkpoint)
  })

  it('reads back every kind of event, decision, step, patch and command', () => {
    for (const checkpoint of unusualCheckpoints()) expect(roundTrip(checkpoint)).toEqual(checkpoint)
  })

  it('reads back any mixture of usual and unusual parts', () => {
    const pick = <Value>(...values: readonly Value[]): fc.Arbitrary<Value> => fc.constantFrom(...values)
    const parts = unusualCheckpoints()
    const usual = taskStep({ a: 1 })
    const any = fc.record({
      event: pick(usual.event, ...parts.map(({ event }) => event)),
      decision: pick(usual.decision, null, ...parts.map(({ decision }) => decision)),
      patch: pick(usual.patch, ...parts.map(({ patch }) => patch)),
      step: pick(usual.step, null, ...parts.map(({ step }) => step)),
      usage: pick(null, ...parts.map(({ usage }) => usage)),
      commands: pick(usual.commands, [], ...parts.map(({ commands }) => commands)),
    })
    fc.assert(
      fc.property(any, (change) => {
        const checkpoint = { ...usual, ...change }
        expect(roundTrip(checkpoint)).toEqual(checkpoint)
      }),
      { numRuns: 300 },
    )
  })
})

/** Checkpoints in which nothing follows from anything else. */
function unusualCheckpoints(): readonly Checkpoint[] {
  const usual = taskStep('x')
  const { runId } = usual
  const open = {
    node: 'other',
    visit: 3,
    kind: 'model',
    attempt: 2,
    since: at - 9,
    notBefore: at + 5,
    reserved: { modelCalls: 1 },
  }
  const message = { role: 'assistant', content: [{ type: 'text', text: 'hi' }], calls: [] } as const
  return [
    {
      ...usual,
      event: {
        id: 'odd id',
        at: at + 0.25,
        type: 'effect.ended',
        from: 'effect',
        payload: { step: 5, attempt: 3, outcome: 'failed', startedAt: at - 0.1, usage: { modelCalls: 1 }, message },
      },
      decision: {
        node: 'other',
        visit: 1,
        outcome: 'done',
        candidates: [
          {
            edge: 'collect.done.0',
            verdict: 'guard',
            guards: [{ guard: 'g', result: false, read: { a: { $state: 'a' } } }],
          },
          { edge: 'other.done.=odd', verdict: 'otherwise', limit: { used: 2, max: 2 } },
          { edge: 'other.done.1', verdict: 'later', guards: [] },
          { edge: 'other.done', verdict: 'limit' },
          { edge: 'other.done.', verdict: 'exhausted' },
        ],
        taken: 'limits.exhausted',
        to: null,
        limit: { name: 'steps', used: 9, max: 9 },
      },
      patch: [
        ['set', [], { v: {} }],
        ['set', ['value'], { v: 'other' }],
        ['set', ['context'], { v: {} }],
        ['set', ['context', 'state', 'a'], { e: ['output', 'deep', 0] }],
        ['append', ['context', 'private', 'other', 'entries'], { l: [{ e: ['message'] }, { v: 1 }, { l: [] }] }],
        ['append', ['context', 'state', 'notes'], { v: [1] }],
        ['set', ['context', 'steps'], { v: 77 }],
        ['set', ['context', 'visits'], { v: { other: 3 } }],
        ['set', ['context', 'open', '7'], { v: open }],
        ['set', ['context', 'open', '8', 'attempt'], { v: 2 }],
        ['set', ['context', 'taken', 'other.done.9'], { v: 4 }],
        ['unset', ['context', 'open', '6']],
        ['unset', ['context', 'state', 'gone']],
      ],
      step: {
        index: 6,
        node: 'third',
        visit: 8,
        kind: 'model',
        attempt: 9,
        queuedAt: at - 0.5,
        startedAt: at - 0.4,
        endedAt: at - 0.3,
      },
      usage: { modelCalls: 1 },
      left: {},
      status: 'exhausted',
      commands: [
        { type: 'effect', step: 7, node: 'other', kind: 'model', attempt: 2, notBefore: at + 5 },
        { type: 'effect', step: 8, node: 'other', kind: 'model', attempt: 2 },
        { type: 'cancelEffect', step: 3 },
        { type: 'setTimer', timer: 'expire/3', at },
        { type: 'clearTimer', timer: 'duration' },
        { type: 'finish', status: 'exhausted' },
      ],
    },
    {
      ...usual,
      event: {
        id: 'd1',
        at,
        type: 'request.decided',
        from: 'person',
        payload: { step: 4, outcome: 'approved', digest: 'x', reason: '', patch: { a: 2 }, by: 'ann', through: 'cli' },
      },
      patch: [
        ['set', ['context', 'state', 'a'], { v: 2 }],
        ['unset', ['context', 'open', '4']],
        ['set', ['context', 'open', '9'], { v: { node: 'n', visit: 1, kind: 'task', attempt: 1, since: at } }],
      ],
      usage: { costUsd: 0.1 },
      status: 'waiting',
      commands: [],
    },
    {
      ...usual,
      parent: { runId: 'another run', sequence: 17, hash: sha256('there') },
      event: { id: 'timer', at, type: 'timer.due', from: 'timer', payload: { timer: 'expire/3' } },
      decision: { node: 'a', visit: 2, outcome: 'expired', candidates: [], taken: ':no-route', to: 'b' },
      status: 'failed',
    },
    ...(['run.hold', 'run.release', 'run.cancel'] as const).map((type): Checkpoint => ({
      ...usual,
      event: { id: type, at, type, from: 'operator', payload: { by: 'ops', reason: 'why' } },
      decision: null,
      patch: [],
      step: null,
      status: 'held',
      commands: [],
    })),
    {
      ...usual,
      event: {
        id: 'patch',
        at,
        type: 'run.patch',
        from: 'operator',
        payload: { state: { a: 2 }, unset: ['b'], by: 'ops', reason: 'why', override: ['pay'] },
      },
      decision: null,
      patch: [
        ['set', ['context', 'state', 'a'], { v: 2 }],
        ['unset', ['context', 'state', 'b']],
      ],
      step: null,
      commands: [],
    },
    {
      ...usual,
      sequence: 0,
      parent: null,
      event: { id: 'start', at, type: 'run.started', from: 'caller', payload: { input: { a: 1 }, tags: { t: 'x' } } },
      decision: null,
      step: null,
      runId,
    },
  ]
}

describe('decodeCheckpoint', () => {
  const context = { runId: '01h2x3y4z5a6b7c8d', graphHash }
  const { text } = encodeCheckpoint(taskStep('payload'), graphHash)

  function refusal(damaged: string): { readonly code: unknown; readonly message: unknown } {
    try {
      decodeCheckpoint(damaged, context)
    } catch (error) {
      if (StoreError.isInstance(error)) return { code: error.code, message: error.message }
    }
    return { code: undefined, message: undefined }
  }

  it('freezes what it gives', () => {
    const decoded = decodeCheckpoint(text, context)
    expect(Object.isFrozen(decoded.event.payload)).toBe(true)
    expect(Object.isFrozen(decoded.decision?.candidates[0])).toBe(true)
    expect(decoded.patch.every((operation) => Object.isFrozen(operation))).toBe(true)
  })

  it.each([
    ['"seq":1234', '"seq":"1234"', 'found "1234" at seq, where a number belongs'],
    ['"at":', '"was":', 'found nothing at at, where a number belongs'],
    ['"node":"collect"', '"node":7', 'found 7 at why.node, where a string belongs'],
    ['"step":1233', '"step":null', 'found null at in.step, where a number belongs'],
    ['["x"]', '["?"]', 'where a list of operations belongs'],
    ['"step":{"queued":4}', '"step":{"kind":"odd"}', 'found "odd" at step.kind, where the kind of a step belongs'],
    ['"left":', '"type":"odd","left":', 'found "odd" at type, where the type of an event belongs'],
    ['"left":', '"status":"odd","left":', 'found "odd" at status, where a run status belongs'],
    ['"left":', '"do":[3],"left":', 'found [3] at do, where a command or a step that `set` opens belongs'],
    ['"prev":', '"other":', 'found nothing at prev, where the hash of the checkpoint before belongs'],
    ['"format":1', '"format":"one"', 'found "one" at format, where a number from 1 to 1 belongs'],
  ])('refuses a text whose %s became %s, with the place', (found, put, message) => {
    expect(text).toContain(found)
    const refused = refusal(text.replace(found, put))
    expect(refused.code).toBe('WAYSTONE_STORE_CORRUPT')
    expect(refused.message).toContain('of run 01h2x3y4z5a6b7c8d')
    expect(refused.message).toContain(message)
  })

  it('refuses what is no JSON', () => {
    expect(refusal(text.slice(0, 50)).code).toBe('WAYSTONE_STORE_CORRUPT')
    expect(refusal('7').code).toBe('WAYSTONE_STORE_CORRUPT')
    expect(refusal('null').code).toBe('WAYSTONE_STORE_CORRUPT')
  })

  it('refuses a newer format', () => {
    expect(refusal(text.replace('"format":1', '"format":2'))).toEqual({
      code: 'WAYSTONE_STORE_NEWER_FORMAT',
      message:
        'checkpoint 1234 of run 01h2x3y4z5a6b7c8d has format 2; this version reads formats up to 1. Upgrade Waystone.',
    })
  })
})
