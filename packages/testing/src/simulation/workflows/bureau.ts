import { END, FAIL } from '@waystone/core'
import { ask } from './bridge.ts'
import { post, stamp } from './letters.ts'
import { input, output, task, w } from './shared.ts'
import { booked } from './undoable.ts'

const agent = {
  model: 'main',
  instructions: 'Help.',
  reads: ['ticket'],
  writes: ['plan', 'score'],
  maxCallsPerTurn: 3,
  timeout: 3_000,
} as const

const o = w.nodes({
  clerk: w.agent({ ...agent, tools: [post, stamp], maxModelCalls: 4, redirectable: true }),
  seal: booked('seal'),
})

/** A clerk whose calls persons are asked about, under policies of its own. */
const chamber = w.workflow('chamber', {
  input,
  output,
  nodes: o,
  start: o.clerk,
  edges: { clerk: { done: o.seal, failed: FAIL }, seal: { done: END } },
  policies: [
    { never: stamp, without: 'approval' },
    { never: post, without: 'approval', remembered: true },
  ],
  limits: { modelCalls: 5 },
})

const n = w.nodes({
  begin: task('begin', { effect: 'pure', isSync: true, redirectable: true }),
  one: w.nested(chamber, {
    reads: ['ticket'],
    writes: ['trail', 'count'],
    input: ({ state }) => ({ ticket: state.ticket, count: 0, trail: [] }),
  }),
  other: w.nested(chamber, {
    reads: ['ticket'],
    writes: ['trail', 'count'],
    input: ({ state }) => ({ ticket: state.ticket, count: 0, trail: [] }),
  }),
  clerk: w.agent({ ...agent, tools: [post], maxModelCalls: 4, redirectable: true }),
  meet: w.join({ wait: { atLeast: 2 }, failed: 'drop', deadline: '20s' }),
  last: w.task({
    effect: 'idempotent',
    reads: ['ticket'],
    writes: ['count', 'trail'],
    timeout: 1_500,
    memory: { scope: ['letters'], access: 'write' },
    run: async ({ state }, context) => {
      await ask({ name: 'last', effect: 'idempotent', context, input: { ...state } })
      await context.memory.put(context.runId, { ticket: state.ticket })
      return { count: 1, trail: [context.node] }
    },
  }),
})

/** What is remembered across runs, and decisions that are, of the same agent in two nested workflows and of another beside them, in branches that lose. */
export const bureau = w.workflow('bureau', {
  input,
  output,
  nodes: n,
  start: n.begin,
  edges: {
    begin: { done: { fork: [n.one, n.other, n.clerk], join: n.meet } },
    one: { done: n.meet, exhausted: n.meet },
    other: { done: n.meet, exhausted: n.meet },
    clerk: { done: n.meet },
    meet: { done: n.last, unsatisfied: FAIL, deadline: n.last },
    last: { done: END },
  },
  policies: [{ never: post, without: 'approval', remembered: true }],
  limits: { duration: '90s' },
})
