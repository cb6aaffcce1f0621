import { defineTool, END, FAIL, type EffectClass } from '@waystone/core'
import { z } from 'zod'
import { ask } from './bridge.ts'
import { input, output, task, w } from './shared.ts'

/** A tool that books and says how that is undone; its name is what the world is asked for. */
const book = defineTool({
  name: 'book',
  description: 'Books.',
  effect: 'keyed',
  timeout: 1_500,
  retry: { attempts: 2, backoff: 200, jitter: 0.5 },
  input: z.object({ ticket: z.string() }),
  output: z.object({ receipt: z.string() }),
  run: async (given, context) => ({
    receipt: (await ask({ name: 'book', effect: 'keyed', context, input: given })).receipt,
  }),
  compensate: {
    effect: 'keyed',
    timeout: 1_000,
    retry: { attempts: 2, backoff: 200, jitter: 0.5 },
    run: async ({ input: asked, outcome, effectId }, context) => {
      const what = { ...asked, outcome, of: effectId }
      await ask({ name: 'undo book', effect: 'keyed', context, input: what })
    },
  },
})

/** The tool as a node that leaves a trace. */
// oxlint-disable-next-line typescript/explicit-module-boundary-types -- the type of a node is what inference makes of its state
function booked(what: string) {
  return w.tool(book, {
    reads: ['ticket'],
    writes: ['trail', 'count'],
    input: ({ state }) => ({ ticket: `${state.ticket} ${what}` }),
    apply: () => ({ count: 1, trail: [what] }),
  })
}

/** A task whose undoing must not be repeated: a person is asked, or it is reported. */
// oxlint-disable-next-line typescript/explicit-module-boundary-types -- as above
function hand(name: string, unknown: 'ask' | 'report', effect: EffectClass = 'unsafe') {
  return w.task({
    effect,
    reads: ['ticket'],
    writes: ['count', 'trail'],
    timeout: 1_500,
    run: async ({ state }, context) => {
      await ask({ name, effect, context, input: { ...state } })
      return { count: 1, trail: [name] }
    },
    compensate: {
      effect: 'unsafe',
      unknown,
      timeout: 1_000,
      run: async ({ state, outcome, effectId }, context) => {
        await ask({ name: `undo ${name}`, effect: 'unsafe', context, input: { ...state, outcome, of: effectId } })
      },
    },
  })
}

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
  race: hand('race', 'report', 'idempotent'),
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
