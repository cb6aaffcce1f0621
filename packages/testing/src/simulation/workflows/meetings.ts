import { END } from '@waystone/core'
import { input, isLong, output, task, w } from './shared.ts'

const n = w.nodes({
  plan: task('plan', { effect: 'pure', isSync: true }),
  search: task('search', { effect: 'pure' }),
  read: task('read', { effect: 'keyed' }),
  price: task('price', { effect: 'keyed', attempts: 1 }),
  extra: task('extra', { effect: 'pure', exclusive: 'desk' }),
  early: w.join({ wait: 'any' }),
  draft: w.task({
    effect: 'pure',
    reads: ['trail'],
    writes: ['count', 'trail'],
    sees: 'fork',
    exclusive: 'desk',
    run: ({ state }, { effectId }) => ({
      count: 1,
      trail: [`draft#${effectId.slice(effectId.lastIndexOf('/') + 1)} of ${state.trail.length}`],
    }),
  }),
  sort: task('sort', { effect: 'unsafe', timeout: 1_000 }),
  pack: w.task({ effect: 'pure', exclusive: 'desk', run: () => undefined }),
  boss: w.approval({ show: ['ticket'], expiresIn: 5_000 }),
  meet: w.join({ failed: 'keep' }),
  sorry: task('sorry', { effect: 'pure' }),
  sum: task('sum', { effect: 'pure' }),
})

/** A fork whose branches meet: guards, a place on the way, a name that two share, an edge that cancels, and one that leaves. */
export const meetings = w.workflow('meetings', {
  input,
  output,
  nodes: n,
  start: n.plan,
  edges: {
    plan: { done: { fork: [n.search, n.price, { to: n.extra, when: w.not(isLong) }, n.boss], join: n.meet } },
    search: { done: { fork: [n.read, n.sort], join: n.meet } },
    read: { done: n.early },
    price: { done: n.early },
    early: { done: n.draft, failed: n.meet },
    draft: { done: n.meet },
    extra: { done: n.sort },
    sort: { done: n.pack, unknown: n.pack },
    pack: { done: n.meet },
    boss: {
      approved: { to: n.meet, cancels: [n.extra] },
      rejected: { to: n.sorry, cancelsFork: true },
      expired: n.meet,
    },
    meet: { done: n.sum },
    sorry: { done: END },
    sum: { done: { to: n.plan, limit: 1, otherwise: END } },
  },
  limits: { steps: 60 },
})
