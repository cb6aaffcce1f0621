import { END, FAIL } from '@waystone/core'
import { input, output, task, w } from './shared.ts'
import { book, booked, hand } from './undoable.ts'

const d = w.nodes({
  bus: booked('bus'),
  guide: hand('guide', 'report'),
  check: task('check', { effect: 'keyed', attempts: 1 }),
})

/** A day: what it did is undone by itself when it fails, and by the trip when that does. */
const day = w.workflow('day', {
  input,
  output,
  nodes: d,
  start: d.bus,
  edges: { bus: { done: d.guide, failed: d.check }, guide: { done: d.check }, check: { done: END } },
  limits: { duration: '12s' },
})

const n = w.nodes({
  flight: booked('flight'),
  room: hand('room', 'ask'),
  seats: w.map({
    over: ({ state }) => [0, 1, 2].map((seat) => ({ ticket: `${state.ticket}-${seat}` })),
    reads: ['ticket'],
    writes: ['count', 'trail'],
    item: book,
    maxItems: 3,
    concurrency: 2,
    failed: 'keep',
    apply: () => ({ count: 1, trail: ['seats'] }),
  }),
  day: w.nested(day, {
    reads: ['ticket'],
    writes: ['trail', 'count'],
    input: ({ state }) => ({ ticket: state.ticket, count: 0, trail: [] }),
  }),
  // Patches reach its input while it runs.
  race: hand('race', 'report', { effect: 'idempotent' }),
  meet: w.join({ wait: 'any', failed: 'drop', losers: 'finish' }),
  // Losers may still run then, and have read what it writes.
  rename: w.task({
    effect: 'pure',
    reads: ['ticket'],
    writes: ['ticket'],
    run: ({ state }) => ({ ticket: `${state.ticket}'` }),
  }),
  pay: task('pay', { effect: 'keyed', attempts: 1, timeout: 900 }),
  sure: w.approval({ show: ['ticket'], expiresIn: 9_000 }),
})

/** A trip: a tool, unsafe work, a map, a nested workflow that loses or wins, all of which can be undone; then it often fails. */
export const undone = w.workflow('undone', {
  input,
  output,
  nodes: n,
  start: n.flight,
  edges: {
    flight: { done: n.room },
    room: { done: n.seats, failed: n.seats },
    seats: { done: { fork: [n.day, n.race], join: n.meet } },
    day: { done: n.meet },
    race: { done: n.meet },
    meet: { done: n.rename, unsatisfied: n.rename },
    rename: { done: n.pay },
    pay: { done: n.sure, failed: FAIL },
    sure: { approved: END, rejected: FAIL, expired: { to: n.seats, limit: 1, otherwise: FAIL } },
  },
  limits: { steps: 23, duration: '60s' },
})
