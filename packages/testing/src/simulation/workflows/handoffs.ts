import { END } from '@waystone/core'
import { z } from 'zod'
import { input, isHigh, output, task, w } from './shared.ts'
import { charge, lookUp, note } from './tools.ts'

const agent = {
  model: 'main',
  reads: ['ticket'],
  writes: ['plan', 'score'],
  timeout: 3_000,
  retry: { attempts: 2, backoff: 100 },
} as const
const contract = z.object({ ticket: z.string(), amount: z.number() })
const isLow = w.not(isHigh)

const d = w.nodes({
  front: w.agent({
    ...agent,
    instructions: 'Receive.',
    tools: [lookUp, note],
    maxModelCalls: 5,
    maxCallsPerTurn: 3,
    handoffs: {
      back: { description: 'For work.', contract, slice: 'all' },
      third: { description: 'For all else.', slice: 'summary' },
    },
  }),
  back: w.agent({
    ...agent,
    instructions: 'Work.',
    tools: [charge],
    memory: 'continue',
    maxModelCalls: 4,
    handoffs: {
      front: { description: 'To ask again.', contract, slice: { last: 1 } },
      third: { description: 'For all else.', slice: 'none' },
      mend: { description: 'To mend.' },
    },
  }),
  third: w.agent({
    ...agent,
    instructions: 'Else.',
    maxModelCalls: 3,
    repairs: 0,
    handoffs: {
      front: { description: 'Back.', contract },
      back: { description: 'For work.', contract, slice: 'all' },
    },
  }),
  boss: w.approval({ show: ['ticket'], hears: ['front', 'back', 'third'], expiresIn: 8_000 }),
  mend: task('mend', { effect: 'idempotent', attempts: 2 }),
})

/** Agents that hand over to each other, with every slice and every limit; a person takes what is one too many, and a new chain begins. */
export const desks = w.workflow('desks', {
  input,
  output,
  nodes: d,
  start: d.front,
  edges: {
    front: {
      done: [{ when: isHigh, to: d.third, limit: 2 }, END],
      failed: d.mend,
      back: { when: isLow, to: d.back },
      third: { to: d.third, limit: 1, otherwise: d.back },
    },
    back: { done: END, failed: d.mend, front: d.front, third: { to: d.third, limit: 1 }, mend: d.mend },
    third: { done: END, failed: d.mend, front: d.front, back: d.back },
    boss: { approved: { to: d.front, limit: 1, otherwise: END }, rejected: END, expired: d.mend },
    mend: { done: END },
  },
  limits: {
    handoffs: { max: 6, perPair: 2, within: '25s', per: d.boss, escalateTo: d.boss },
    modelCalls: 30,
    duration: '2m',
  },
})

const r = w.nodes({
  begin: task('begin', { effect: 'pure', isSync: true }),
  left: w.agent({
    ...agent,
    instructions: 'Left.',
    tools: [lookUp],
    maxModelCalls: 4,
    handoffs: { right: { description: 'Right.', contract, slice: 'all' } },
  }),
  right: w.agent({
    ...agent,
    instructions: 'Right.',
    maxModelCalls: 3,
    handoffs: { left: { description: 'Left.', slice: { last: 2 } } },
  }),
  fix: task('fix', { effect: 'keyed' }),
  inside: w.nested(desks, {
    reads: ['ticket'],
    writes: ['trail', 'count'],
    input: ({ state }) => ({ ticket: state.ticket, count: 0, trail: [] }),
  }),
  other: task('other', { effect: 'pure' }),
  meet: w.join({ failed: 'keep' }),
})

/** Handoffs in a branch, beside a nested workflow with some of its own; what is one too many ends the branch, and after it they are refused. */
export const relays = w.workflow('relays', {
  input,
  output,
  nodes: r,
  start: r.begin,
  edges: {
    begin: { done: { fork: [r.left, r.inside, r.other], join: r.meet } },
    left: { done: r.meet, failed: r.meet, right: { when: isLow, to: r.right } },
    right: { done: r.meet, failed: r.meet, left: { to: r.left, limit: 3 } },
    fix: { done: { to: r.left, limit: 1, otherwise: r.meet } },
    inside: { done: r.meet, failed: r.meet, exhausted: r.meet },
    other: { done: r.meet },
    meet: { done: END },
  },
  limits: { handoffs: { max: 4, identical: 1, escalateTo: r.fix }, steps: 120 },
})
