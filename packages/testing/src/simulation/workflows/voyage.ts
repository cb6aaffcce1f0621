import { END, FAIL } from '@waystone/core'
import { lineOf, paid } from './messages.ts'
import { input, output, task, w } from './shared.ts'
import { booked, hand } from './undoable.ts'

const l = w.nodes({
  cabin: booked('cabin'),
  quick: booked('quick'),
  slow: hand('slow', 'report'),
  slower: booked('slower'),
  slowest: hand('slowest', 'report'),
  race: w.join({ wait: 'any', failed: 'drop', losers: 'finish' }),
  stamp: task('stamp', { effect: 'keyed', attempts: 1, timeout: 900, redirectable: true }),
})

/** A leg of a voyage: a fork whose losers finish, of which everything can be undone; then it fails now and then. */
const leg = w.workflow('leg', {
  input,
  output,
  nodes: l,
  start: l.cabin,
  edges: {
    cabin: { done: { fork: [l.quick, l.slow, l.slower, l.slowest], join: l.race }, failed: l.stamp },
    quick: { done: l.race },
    slow: { done: l.race },
    slower: { done: l.race },
    slowest: { done: l.race },
    race: { done: l.stamp, unsatisfied: FAIL },
    stamp: { done: END },
  },
  limits: { duration: '15s' },
})

const sail = w.event('sail')

const n = w.nodes({
  begin: task('begin', { effect: 'pure', isSync: true }),
  leg: w.nested(leg, {
    on: sail,
    reads: ['ticket'],
    writes: ['trail', 'count'],
    input: ({ state }) => ({ ticket: state.ticket, count: 0, trail: [] }),
  }),
  fare: w.wait({
    on: sail,
    for: paid,
    key: 'ticket',
    writes: ['count', 'trail'],
    apply: ({ mark }) => lineOf('paid', mark),
    expiresIn: '6s',
  }),
  luggage: hand('luggage', 'ask', { on: sail, redirectable: true }),
  seal: task('seal', { effect: 'idempotent', redirectable: true, recalls: true }),
  gather: w.join({ failed: 'keep', deadline: '12s' }),
  meal: booked('meal'),
  sure: w.approval({
    show: ['ticket'],
    quorum: { need: 2, of: ['ada', 'bo', 'cy'] },
    delegates: { ada: ['dan'] },
    escalate: [{ after: 2_000, role: 'captain' }],
    expiresIn: 9_000,
    redirectable: true,
  }),
  pay: task('pay', { effect: 'keyed', attempts: 1, timeout: 900 }),
})

/**
 * What is undone beside operators and waits: a nested workflow whose losers finish, an event between nodes that opens a wait in a branch, branches
 * that meet, redirects within the fork and out of it, holds, a deadline, a quorum that escalates, and an end that often fails.
 */
export const voyage = w.workflow('voyage', {
  input,
  output,
  nodes: n,
  start: n.begin,
  edges: {
    begin: { done: { emit: sail, join: n.gather } },
    leg: { done: n.gather, failed: n.gather, exhausted: n.gather },
    fare: { received: n.seal, expired: n.gather },
    luggage: { done: n.seal },
    seal: { done: n.gather },
    gather: { done: n.meal, deadline: n.meal },
    meal: { done: n.sure, failed: n.sure },
    sure: { approved: n.pay, rejected: FAIL, expired: { to: n.begin, limit: 1, otherwise: FAIL } },
    pay: { done: END },
  },
  limits: { steps: 26, duration: '60s' },
})
