import { defineTool, END } from '@waystone/core'
import { z } from 'zod'
import { ask } from './bridge.ts'
import { input, isHigh, output, task, w } from './shared.ts'
import { charge, lookUp, note, receiptStep } from './tools.ts'

const Receipt = z.object({ receipt: z.string(), amount: z.number() })

/** Another service that knows tickets. */
const lookElsewhere = defineTool({
  name: 'look-elsewhere',
  description: 'Looks a ticket up in another place.',
  effect: 'pure',
  input: z.object({ ticket: z.string() }),
  output: Receipt,
  timeout: 1_000,
  retry: { attempts: 1 },
  run: (work, context) => ask({ name: 'look-elsewhere', effect: context.effect, context, input: work }),
})

/** A service that is asked once; another stands in for it. */
const probe = defineTool({
  name: 'probe',
  description: 'Asks whether a ticket is still open.',
  effect: 'pure',
  input: z.object({ ticket: z.string() }),
  output: Receipt,
  timeout: 800,
  retry: { attempts: 1 },
  run: (work, context) => ask({ name: 'probe', effect: context.effect, context, input: work }),
})

/** May be repeated, but not by those who say so. */
const quote = defineTool({
  name: 'quote',
  description: 'Asks for a price.',
  effect: 'pure',
  input: z.object({ ticket: z.string() }),
  output: Receipt,
  timeout: 1_000,
  run: (work, context) => ask({ name: 'quote', effect: context.effect, context, input: work }),
})

/** A tool node whose answer may stand in the run already. */
// oxlint-disable-next-line typescript/explicit-module-boundary-types -- the type of a node is what inference makes of its state
function look() {
  return w.tool(lookUp, {
    reads: ['ticket'],
    writes: ['trail', 'count'],
    timeout: 1_500,
    apply: ({ receipt }) => ({ count: 1, trail: [receiptStep(receipt)] }),
  })
}

const n = w.nodes({
  counter: w.agent({
    model: 'main',
    instructions: 'Answer the customer.',
    reads: ['ticket'],
    writes: ['plan', 'score'],
    tools: [lookUp, probe, note, charge, quote],
    toolRules: {
      'look-up': { alternates: [lookElsewhere], otherwise: { receipt: 'none', amount: 0 } },
      probe: { alternates: [lookElsewhere], otherwise: { receipt: 'none', amount: 0 } },
      note: { after: ['look-up'], maxCalls: 1 },
      charge: { when: isHigh, after: ['look-up'], maxCalls: 2 },
      quote: { effect: 'unsafe', maxCalls: 1 },
    },
    maxModelCalls: 8,
    maxCallsPerTurn: 5,
    timeout: 3_000,
    retry: { attempts: 2, backoff: 100 },
  }),
  again: look(),
  guess: task('guess', { effect: 'idempotent', attempts: 2 }),
})

/** Rules for the tools of an agent: what is offered when, in which order, how often, what stands in; an edge that degrades. */
export const controlled = w.workflow('controlled', {
  input,
  output,
  nodes: n,
  start: n.counter,
  edges: {
    counter: { done: n.again, failed: { to: n.guess, degraded: true } },
    again: {
      done: [{ to: n.counter, limit: 2 }, END],
      failed: { to: n.guess, degraded: true },
      timeout: { to: n.guess, degraded: true },
    },
    guess: { done: END },
  },
  limits: { modelCalls: 24 },
})

const a = w.nodes({
  begin: task('begin', { effect: 'pure', isSync: true }),
  left: look(),
  right: look(),
  scout: w.agent({
    model: 'main',
    instructions: 'Look around.',
    reads: ['ticket'],
    writes: ['plan', 'score'],
    tools: [lookUp, lookElsewhere],
    toolRules: { 'look-elsewhere': { after: ['look-up'] } },
    maxModelCalls: 6,
    timeout: 3_000,
    retry: { attempts: 2, backoff: 100 },
  }),
  all: w.join({ failed: 'keep' }),
})

/** Branches that ask for the same things at once. */
export const alike = w.workflow('alike', {
  input,
  output,
  nodes: a,
  start: a.begin,
  edges: {
    begin: { done: { fork: [a.left, a.right, a.scout], join: a.all } },
    left: { done: a.all },
    right: { done: a.all },
    scout: { done: a.all },
    all: { done: [{ to: a.begin, limit: 1 }, END] },
  },
  limits: { modelCalls: 20 },
})
