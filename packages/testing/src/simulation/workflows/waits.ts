import { END, type Duration } from '@waystone/core'
import { simulationEpoch } from '../surroundings.ts'
import { lineOf, packed, paid, recalled, signed } from './messages.ts'
import { input, output, task, w } from './shared.ts'

const writes = ['count', 'trail'] as const

/** A wait for one event, by a key that a function makes. */
// oxlint-disable-next-line typescript/explicit-module-boundary-types -- the type of a node is what inference makes of its state
function packing(expiresIn: Duration) {
  return w.wait({
    for: packed,
    reads: ['ticket'],
    key: ({ state }) => `pack ${state.ticket}`,
    writes,
    apply: ({ mark }) => lineOf('packed', mark),
    expiresIn,
  })
}

const s = w.nodes({
  sign: w.wait({ for: signed, key: 'ticket', writes, apply: ({ mark }) => lineOf('signed', mark), expiresIn: '5s' }),
  file: task('file', { effect: 'pure', isSync: true }),
})

const signing = w.workflow('signing', {
  input,
  output,
  nodes: s,
  start: s.sign,
  edges: { sign: { received: s.file, expired: s.file }, file: { done: END } },
})

const n = w.nodes({
  begin: task('begin', { effect: 'pure', isSync: true }),
  pay: w.wait({
    for: [paid, recalled],
    key: 'ticket',
    writes,
    apply: (received) => lineOf(received.event, received.payload?.mark ?? ''),
    expiresIn: '6s',
  }),
  remind: task('remind', { effect: 'keyed' }),
  wrap: task('wrap', { effect: 'pure' }),
  pack: packing('8s'),
  gather: w.join({ failed: 'keep', deadline: '14s' }),
  nap: w.wait({ delay: '700ms' }),
  dawn: w.wait({ until: () => simulationEpoch + 12_000 }),
  signing: w.nested(signing, {
    reads: ['ticket'],
    input: ({ state }) => ({ ticket: state.ticket, count: 0, trail: [] }),
    writes,
    apply: ({ trail }) => ({ count: 1, trail: [...trail] }),
  }),
  again: packing('3s'),
  work: task('work', { effect: 'idempotent' }),
  first: w.join({ wait: 'any', failed: 'drop' }),
})

/** Waits of every kind: for several events, by a key, for so long, until a moment; beside each other, nested, losing, and visited again. */
export const waits = w.workflow('waits', {
  input,
  output,
  nodes: n,
  start: n.begin,
  edges: {
    begin: { done: { fork: [n.pay, n.wrap], join: n.gather } },
    pay: { paid: n.gather, recalled: n.gather, expired: n.remind },
    remind: { done: { to: n.pay, limit: 1, otherwise: n.gather } },
    wrap: { done: n.pack },
    pack: { received: n.gather, expired: n.gather },
    gather: { done: n.nap, deadline: n.nap },
    nap: { done: n.dawn },
    dawn: { done: n.signing },
    signing: { done: { fork: [n.again, n.work], join: n.first } },
    again: { received: n.first, expired: n.first },
    work: { done: n.first },
    first: { done: { to: n.begin, limit: 1, otherwise: END }, unsatisfied: END },
  },
})
