import { describe, expect, it } from 'vitest'
import { sha256 } from '../base/hash.ts'
import type { Json } from '../base/json.ts'
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
    const { text } = encodeCheckpoint(taskStep('x'.repeat(1000)), graphHash)
    expect(text).toMatchInlineSnapshot(
      `"{"format":1,"seq":1234,"prev":"5HEllos7cQSfvEgC0eQKceoTWd7Pq6z3CzRYgDfU_ww","at":1790000000000,"in":{"step":1233,"took":3,"patch":{"notes":["xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"]}},"why":{"node":"collect","visit":1234,"try":["0"],"to":"collect"},"set":[["P","notes"],["n"],["v","collect",1235],["x"],["o",1234,"collect"]],"step":{"queued":4},"left":{"steps":800}}"`,
    )
    expect(text.length - 1002).toBeLessThan(420)
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
})
