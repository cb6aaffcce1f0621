import { defineAgent, END, FAIL, nodeFailure } from '@waystone/core'
import { z } from 'zod'
import { isDelicate } from './questions.ts'
import { input, isHigh, output, task, w } from './shared.ts'
import { charge, lookUp, note, pay } from './tools.ts'

/** Its calls are asked about, repeated, and never known for sure, each in an item of its own. */
const reader = defineAgent({
  model: 'main',
  instructions: 'Read the ticket.',
  input: z.object({ ticket: z.string() }),
  output: z.object({ plan: z.string(), score: z.number() }),
  tools: [lookUp, note, charge],
  toolRules: { note: { approval: { expiresIn: 9_000 } } },
  maxModelCalls: 3,
  maxCallsPerTurn: 2,
})

const f = w.nodes({
  try: task('try', { effect: 'keyed', attempts: 1, timeout: 900 }),
  judge: w.agent({
    model: 'main',
    instructions: 'Judge.',
    reads: ['ticket'],
    writes: ['plan', 'score'],
    maxModelCalls: 2,
    timeout: 2_000,
    retry: { attempts: 1 },
  }),
  boss: w.approval({ show: ['ticket'], expiresIn: 12_000 }),
  pay: pay(1_000),
})

/** What an item runs: it may fail, ask a person, pay, and use up what it may. */
const file = w.workflow('file', {
  input,
  output: ['trail', 'score'],
  nodes: f,
  start: f.try,
  edges: {
    try: { done: f.judge },
    judge: { done: [{ when: isHigh, to: f.boss }, END] },
    boss: { approved: f.pay, rejected: END, expired: FAIL },
    pay: { done: END },
  },
  limits: { steps: 5, duration: '25s' },
})

/** The list that a map of this simulation goes over. */
function itemsOf(ticket: string, count: number): readonly { readonly ticket: string }[] {
  return Array.from({ length: count }, (_, index) => ({ ticket: `${ticket}-${index}` }))
}

/** One line of the trail for a map: which items ended well, and which failed. */
function marksOf(results: readonly { readonly index: number; readonly error?: unknown }[]): string {
  return results.map(({ index, error }) => (error === undefined ? `${index}` : `!${index}`)).join()
}

const n = w.nodes({
  readers: w.map({
    over: ({ state }) => itemsOf(state.ticket, 4),
    reads: ['ticket'],
    writes: ['count', 'trail', 'score'],
    item: reader,
    retry: { attempts: 2, backoff: 100 },
    timeout: 2_500,
    maxItems: 4,
    concurrency: 2,
    failed: 'keep',
    apply: (results) => ({ count: 1, trail: [`readers ${marksOf(results)}`], score: results[0]?.output?.score ?? 0 }),
  }),
  files: w.map({
    over: ({ state }) => itemsOf(state.ticket, 3),
    reads: ['ticket'],
    writes: ['count', 'trail'],
    item: file,
    // Some of what operators patch in is refused.
    input: ({ ticket }, { index }) => {
      if (ticket.startsWith('P') && index === 1) throw nodeFailure('no second file of a patched ticket')
      return { ticket, count: 0, trail: [] }
    },
    retry: { attempts: 2, backoff: 200 },
    maxItems: 3,
    concurrency: 3,
    done: { atLeast: 2 },
    failed: 'drop',
    losers: 'finish',
    apply: (results) => ({ count: 1, trail: [`files ${marksOf(results)}`] }),
  }),
  quick: w.map({
    over: ({ state }) => itemsOf(state.ticket, 3),
    reads: ['ticket'],
    writes: ['count', 'trail'],
    item: file,
    input: ({ ticket }) => ({ ticket, count: 0, trail: [] }),
    maxItems: 3,
    concurrency: 2,
    done: 'first',
    wanted: ({ score }) => (score ?? 0) > 30,
    failed: 'keep',
    apply: (results) => ({ count: 1, trail: [`quick ${marksOf(results)}`] }),
  }),
  beside: task('beside', { effect: 'pure' }),
  both: w.join({ failed: 'keep' }),
  last: task('last', { effect: 'pure' }),
})

/** Maps whose items are agents and workflows: beside each other, tried again, left, asked about, and under one budget. */
export const offices = w.workflow('offices', {
  input,
  output,
  nodes: n,
  start: n.beside,
  edges: {
    beside: { done: { fork: [n.readers, n.files], join: n.both } },
    readers: { done: n.both },
    files: { done: n.both, unsatisfied: n.both },
    both: { done: n.quick },
    quick: { done: n.last, unsatisfied: n.last },
    last: { done: END },
  },
  limits: { steps: 90, modelCalls: 16, toolCalls: 14, duration: '3m' },
})

const t = w.nodes({
  charges: w.map({
    over: ({ state }) => itemsOf(state.ticket, 4),
    reads: ['ticket'],
    writes: ['count', 'trail'],
    item: charge,
    approval: { reason: 'Money leaves the house.', expiresIn: 12_000, escalate: { after: 4_000, role: 'boss' } },
    retry: { attempts: 2, backoff: 100 },
    maxItems: 4,
    concurrency: 3,
    failed: 'keep',
    apply: (results) => ({ count: 1, trail: [`charges ${marksOf(results)}`] }),
  }),
  notes: w.map({
    over: ({ state }) => itemsOf(state.ticket, 3),
    reads: ['ticket'],
    writes: ['count', 'trail'],
    item: note,
    approval: { when: ({ ticket }) => isDelicate(ticket) && `${ticket} is delicate`, canEdit: false, expiresIn: 9_000 },
    timeout: 2_000,
    maxItems: 3,
    done: 'first',
    wanted: ({ amount }) => amount > 30,
    failed: 'drop',
    losers: 'finish',
    apply: (results) => ({ count: 1, trail: [`notes ${marksOf(results)}`] }),
  }),
})

/** Maps whose calls people are asked about, item by item: all of them, or those that a function says. */
export const tills = w.workflow('tills', {
  input,
  output,
  nodes: t,
  start: t.charges,
  edges: { charges: { done: t.notes }, notes: { done: END, unsatisfied: END } },
  limits: { steps: 60, toolCalls: 9, duration: '3m' },
  policies: [{ never: charge, without: 'approval' }],
})
