import { z } from 'zod'
import { sha256 } from '../../src/base/hash.ts'
import { createMemoryStore } from '../../src/checkpoint/memory-store.ts'
import type { Store, StoredCheckpoint } from '../../src/checkpoint/store.ts'
import { END } from '../../src/define/edge.ts'
import { rule } from '../../src/define/rule.ts'
import { defineState } from '../../src/define/state.ts'
import { defineTool } from '../../src/define/tool.ts'
import { createRuntime } from '../../src/run/create-runtime.ts'
import { createManualClock } from '../support/manual-clock.ts'
import { asks, says, scripted } from '../support/scripted-model.ts'
import { createCountingIds } from '../support/seeded-ids.ts'

/** A stored history as a golden file holds it. */
export interface GoldenHistory {
  readonly graphHash: string
  readonly checkpoints: readonly StoredCheckpoint[]
  /** Texts by hash. Those of one long letter are `[letter, count]`, so that the file stays small. */
  readonly blobs: { readonly [hash: string]: string | readonly [letter: string, count: number] }
}

const w = defineState({
  topic: z.string(),
  count: z.number(),
  notes: rule.append(z.object({ id: z.string(), text: z.string() }), { key: 'id' }),
  page: z.string().optional(),
  draft: z.string().optional(),
  receipt: z.string().optional(),
})

const look = defineTool({
  name: 'look',
  description: 'Looks a word up.',
  effect: 'pure',
  input: z.object({ word: z.string() }),
  output: z.object({ meaning: z.string() }),
  run: ({ word }, context) => {
    context.source(`dictionary/${word}`)
    return { meaning: `the meaning of ${word}` }
  },
})

const send = defineTool({
  name: 'send',
  description: 'Sends a text.',
  input: z.object({ draft: z.string() }),
  output: z.object({ receipt: z.string() }),
  run: ({ draft }, context) => {
    context.log('sent', { length: draft.length })
    return { receipt: `sent ${draft.length} letters` }
  },
})

const n = w.nodes({
  gather: w.task({
    effect: 'pure',
    reads: ['count'],
    writes: ['count', 'notes'],
    run: ({ state }) => ({
      count: state.count + 1,
      notes: [{ id: `n${state.count % 3}`, text: `note ${state.count}` }],
    }),
  }),
  fetch: w.task({ effect: 'idempotent', writes: ['page'], run: () => ({ page: 'x'.repeat(100_000) }) }),
  write: w.agent({
    model: 'good',
    instructions: 'Write.',
    tools: [look],
    reads: ['topic', 'notes'],
    hears: ['review'],
    writes: ['draft'],
  }),
  review: w.gate({
    reads: ['draft'],
    outcomes: ['pass', 'short'],
    decide: ({ state }) =>
      (state.draft ?? '').length > 5
        ? { outcome: 'pass' as const, score: 0.9 }
        : { outcome: 'short' as const, reasons: ['Too short.'] },
  }),
  boss: w.approval({ show: ['draft'], edits: ['draft'], expiresIn: '2d', reason: 'It leaves the house.' }),
  post: w.tool(send, { reads: ['draft'], writes: ['receipt'], input: ({ state }) => ({ draft: state.draft ?? '' }) }),
})
const isFew = w.guard('isFew', ['count'], ({ count }) => count < 80)

/** Uses every kind of node. Its graph is part of the golden files: leave it as it is. */
export const goldenWorkflow = w.workflow('golden', {
  version: 1,
  input: z.object({
    topic: z.string(),
    count: z.number(),
    notes: z.array(z.object({ id: z.string(), text: z.string() })),
  }),
  output: ['receipt'],
  nodes: n,
  start: n.gather,
  edges: {
    gather: { done: [{ when: isFew, to: n.gather, limit: 100, otherwise: n.fetch }, n.fetch] },
    fetch: { done: n.write },
    write: { done: n.review },
    review: { pass: n.boss, short: { to: n.write, limit: 2, otherwise: n.boss } },
    boss: { approved: n.post, edited: n.post, rejected: END, expired: END },
    post: { done: END },
  },
  limits: { steps: 150, modelCalls: 9, tokens: 50_000 },
})

/** Runs a workflow that uses every kind of node, an edit, a hold and a release, and gives what was stored. */
export async function recordGoldenHistory(): Promise<{ readonly store: Store; readonly history: GoldenHistory }> {
  const store = createMemoryStore()
  const clock = createManualClock()
  const good = scripted(
    asks(['look', { word: 'gold' }]),
    says({ draft: 'Hi.' }),
    says({ draft: 'Hello, dear reader.' }),
  )
  const runtime = createRuntime({ store, clock, ids: createCountingIds('golden'), models: { good } })
  const run = await runtime.start(goldenWorkflow, {
    input: { topic: 'gold', count: 0, notes: [] },
    tags: { kind: 'golden' },
  })
  await clock.settle()
  await run.result()
  await run.hold({ by: 'ops', reason: 'to look at it' })
  await run.release({ by: 'ops', reason: 'looked at it' })
  const [request] = await run.requests()
  if (request === undefined) throw new RangeError('nobody was asked')
  await run.decide(request, { outcome: 'edited', edits: { draft: 'Hello, reader.' }, reason: 'shorter', by: 'ann' })
  await clock.settle()
  const { sequence } = await run.result({ until: 'end' })
  const checkpoints = await store.checkpoints(run.runId, 0, sequence)
  const page = JSON.stringify('x'.repeat(100_000))
  const blobs = { [sha256(page)]: ['x', 100_000] as const }
  const graphHash = (await store.row(run.runId))?.graphHash ?? ''
  await runtime.close()
  return { store, history: { graphHash, checkpoints, blobs } }
}
