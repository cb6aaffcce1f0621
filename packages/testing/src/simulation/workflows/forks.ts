import { END } from '@waystone/core'
import { input, isLong, output, task, w } from './shared.ts'
import { pay } from './tools.ts'

const n = w.nodes({
  plan: task('plan', { effect: 'pure', isSync: true }),
  web: task('web', { effect: 'pure' }),
  files: task('files', { effect: 'keyed' }),
  read: task('read', { effect: 'pure', isSync: true }),
  one: task('one', { effect: 'pure' }),
  other: task('other', { effect: 'unsafe', timeout: 1_000 }),
  inner: w.join({ wait: 'any', losers: 'finish' }),
  boss: w.approval({ show: ['ticket'], expiresIn: 5_000 }),
  meet: w.join({ failed: 'raise' }),
  sorry: task('sorry', { effect: 'pure' }),
  sum: task('sum', { effect: 'pure' }),
})

/** A fork that waits for all, with a fork and a cycle inside branches, a person, and an edge that leaves it. */
export const forks = w.workflow('forks', {
  input,
  output,
  nodes: n,
  start: n.plan,
  edges: {
    plan: { done: { fork: [n.web, n.files, n.boss], join: n.meet } },
    web: { done: { to: n.web, limit: 1, otherwise: n.meet }, failed: n.meet },
    files: { done: n.read },
    read: { done: { fork: [n.one, n.other], join: n.inner } },
    one: { done: n.inner },
    other: { done: n.inner, unknown: n.inner },
    inner: { done: n.meet, failed: n.meet },
    boss: { approved: n.meet, rejected: { to: n.sorry, cancelsFork: true }, expired: n.meet },
    meet: { done: n.sum, failed: n.sorry },
    sorry: { done: END },
    sum: {
      done: [
        { when: isLong, to: END },
        { to: n.plan, limit: 1, otherwise: END },
      ],
    },
  },
  limits: { steps: 60 },
})

const q = w.nodes({
  ask: task('ask', { effect: 'pure', isSync: true }),
  first: task('first', { effect: 'pure', attempts: 1 }),
  second: task('second', { effect: 'keyed', attempts: 1 }),
  third: pay(1_000),
  enough: w.join({ wait: { atLeast: 2 }, failed: 'drop', losers: 'abort', deadline: 900 }),
  late: task('late', { effect: 'pure' }),
  left: task('left', { effect: 'pure', attempts: 1 }),
  right: task('right', { effect: 'pure', attempts: 1 }),
  both: w.join({ wait: 'all', failed: 'keep' }),
})

/** Two of three by a deadline, failures dropped; then two with failures kept. */
export const quorum = w.workflow('quorum', {
  input,
  output,
  nodes: q,
  start: q.ask,
  edges: {
    ask: { done: { fork: [q.first, q.second, q.third], join: q.enough } },
    first: { done: q.enough },
    second: { done: q.enough },
    third: { done: q.enough },
    enough: { done: { fork: [q.left, q.right], join: q.both }, unsatisfied: END, deadline: q.late },
    late: { done: END },
    left: { done: q.both },
    right: { done: q.both },
    both: { done: END },
  },
  limits: { steps: 40, duration: '10m' },
})
