import { END, FAIL } from '@waystone/core'
import { input, isLong, output, task, w } from './shared.ts'

const r = w.nodes({
  call: task('call', { effect: 'pure', isSync: true, redirectable: true }),
  scout: task('scout', { effect: 'pure', attempts: 1, timeout: 2_500, redirectable: true }),
  fetch: task('fetch', { effect: 'keyed', attempts: 1, timeout: 900 }),
  chief: w.approval({ show: ['ticket'], expiresIn: 2_500 }),
  mix: task('mix', { effect: 'unsafe', timeout: 1_000, redirectable: true }),
  aside: task('aside', { effect: 'idempotent', redirectable: true }),
  all: w.join({ failed: 'raise', deadline: 4_000 }),
  late: task('late', { effect: 'pure', redirectable: true }),
  home: task('home', { effect: 'pure' }),
})

/** Branches that meet and that a failure calls off, before a deadline; operators enter their nodes, and lead the run out of them. */
export const rally = w.workflow('rally', {
  input,
  output,
  nodes: r,
  start: r.call,
  edges: {
    call: { done: { fork: [r.scout, r.fetch, r.chief], join: r.all } },
    scout: { done: r.mix },
    fetch: { done: { fork: [r.mix, r.aside], join: r.all } },
    chief: { approved: r.all, rejected: { to: r.home, cancelsFork: true }, expired: r.all },
    mix: { done: r.all, unknown: r.all },
    aside: { done: r.all },
    all: { done: END, failed: r.late, deadline: r.late },
    late: { done: { to: r.call, limit: 1, otherwise: END } },
    home: { done: END },
  },
  limits: { steps: 40, duration: '80s' },
})

const t = w.nodes({
  open: task('open', { effect: 'pure', isSync: true, redirectable: true }),
  first: task('first', { effect: 'keyed', attempts: 1, timeout: 800 }),
  second: task('second', { effect: 'pure', attempts: 1, timeout: 800, redirectable: true }),
  third: task('third', { effect: 'idempotent', attempts: 1, timeout: 800 }),
  owner: w.approval({ show: ['ticket'], expiresIn: 2_000 }),
  weigh: w.join({ wait: { atLeast: 2 }, failed: 'drop' }),
  write: task('write', { effect: 'unsafe', timeout: 1_000 }),
  hammer: w.join({ wait: { atLeast: 2 }, failed: 'drop', losers: 'finish', deadline: 3_500 }),
  sold: task('sold', { effect: 'pure', attempts: 1 }),
})

/** Two of those that meet are enough, and failures count for nothing: at a place on the way, and at the join. */
export const tenders = w.workflow('tenders', {
  input,
  output,
  nodes: t,
  start: t.open,
  edges: {
    open: { done: { fork: [t.first, t.second, { to: t.third, when: w.not(isLong) }, t.owner], join: t.hammer } },
    first: { done: t.weigh },
    second: { done: t.weigh },
    third: { done: t.weigh },
    owner: { approved: t.hammer, rejected: FAIL, expired: t.write },
    weigh: { done: t.write, unsatisfied: t.hammer },
    write: { done: t.hammer, unknown: t.hammer },
    hammer: { done: t.sold, unsatisfied: { to: t.open, limit: 1, otherwise: END }, deadline: t.sold },
    sold: { done: END },
  },
  limits: { steps: 40, duration: '80s' },
})
