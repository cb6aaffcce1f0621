import { END } from '@waystone/core'
import { ask } from './bridge.ts'
import { lineOf, packed, paid } from './messages.ts'
import { input, isLong, output, task, w } from './shared.ts'
import { booked } from './undoable.ts'

const n = w.nodes({
  plan: task('plan', { effect: 'pure', isSync: true, redirectable: true }),
  search: task('search', { effect: 'pure', redirectable: true }),
  price: w.map({
    over: ({ state }) => [0, 1, 2].map((index) => ({ ticket: `${state.ticket}-${index}` })),
    reads: ['ticket'],
    writes: ['count', 'trail'],
    effect: 'keyed',
    timeout: 1_000,
    retry: { attempts: 1 },
    run: async (item, _given, context) => (await ask({ name: 'price', effect: 'keyed', context, input: item })).amount,
    maxItems: 3,
    concurrency: 2,
    failed: 'keep',
    apply: (results) => ({ count: 1, trail: [`price ${results.length}`] }),
  }),
  extra: booked('extra'),
  read: w.wait({
    for: packed,
    reads: ['ticket'],
    key: ({ state }) => `pack ${state.ticket}`,
    writes: ['count', 'trail'],
    apply: ({ mark }) => lineOf('packed', mark),
    expiresIn: '4s',
    redirectable: true,
  }),
  early: w.join({ wait: 'any' }),
  draft: task('draft', { effect: 'keyed', exclusive: 'desk', redirectable: true, recalls: true }),
  sort: task('sort', { effect: 'unsafe', timeout: 1_000, exclusive: 'desk' }),
  file: task('file', { effect: 'idempotent', exclusive: 'desk', redirectable: true }),
  boss: w.approval({
    show: ['ticket'],
    quorum: { need: 2 },
    escalate: [{ after: 1_500, role: 'director' }],
    expiresIn: 5_000,
  }),
  meet: w.join({ failed: 'keep', deadline: '7s' }),
  dues: w.wait({
    for: paid,
    key: 'ticket',
    writes: ['count', 'trail'],
    apply: ({ mark }) => lineOf('paid', mark),
    expiresIn: '2s',
  }),
  sorry: task('sorry', { effect: 'pure', redirectable: true }),
})

/** Branches that meet under a deadline, with waits among them, taking turns, cancelled, redirected, patched and held. */
export const crossing = w.workflow('crossing', {
  input,
  output,
  nodes: n,
  start: n.plan,
  edges: {
    plan: { done: { fork: [n.search, n.price, { to: n.extra, when: w.not(isLong) }, n.boss], join: n.meet } },
    search: { done: { fork: [n.read, n.sort], join: n.meet } },
    read: { received: n.early, expired: n.early },
    price: { done: n.early },
    early: { done: n.draft, failed: n.meet },
    draft: { done: n.meet },
    extra: { done: n.file },
    sort: { done: n.file, unknown: n.file },
    file: { done: n.meet },
    boss: {
      approved: { to: n.sorry, cancelsFork: true },
      rejected: { to: n.meet, cancels: [n.extra] },
      expired: n.meet,
    },
    meet: { done: n.dues, deadline: n.dues },
    dues: { received: END, expired: { to: n.plan, limit: 1, otherwise: END } },
    sorry: { done: END },
  },
  limits: { steps: 26, duration: '80s' },
})
