import { END, FAIL } from '@waystone/core'
import { ask } from './bridge.ts'
import { lineOf, packed, signed } from './messages.ts'
import { input, output, task, w } from './shared.ts'
import { booked } from './undoable.ts'

const p = w.nodes({
  sign: w.wait({
    for: signed,
    writes: ['count', 'trail'],
    apply: ({ mark }) => lineOf('signed', mark),
    expiresIn: '5s',
  }),
  sure: w.approval({
    show: ['ticket'],
    quorum: { need: 2 },
    escalate: [{ after: 1_000, role: 'manager' }],
    expiresIn: 8_000,
  }),
  ship: booked('ship'),
})

/** A parcel waits for a signature that any of them may take, asks a person, and is shipped, which can be undone. */
const parcel = w.workflow('parcel', {
  input,
  output,
  nodes: p,
  start: p.sign,
  edges: {
    sign: { received: p.ship, expired: p.sure },
    sure: { approved: p.ship, rejected: FAIL, expired: FAIL },
    ship: { done: END },
  },
  limits: { steps: 8, duration: '20s' },
})

/** As many as the ticket says, which operators patch: from none to one more than there may be. */
function listOf(ticket: string): readonly { readonly ticket: string }[] {
  return Array.from({ length: (Number(ticket.slice(1)) + 3) % 6 }, (_, index) => ({ ticket: `${ticket}-${index}` }))
}

const n = w.nodes({
  begin: task('begin', { effect: 'pure', isSync: true }),
  parcels: w.map({
    over: ({ state }) => listOf(state.ticket),
    reads: ['ticket'],
    writes: ['count', 'trail'],
    item: parcel,
    input: ({ ticket }) => ({ ticket, count: 0, trail: [] }),
    retry: { attempts: 2, backoff: 200 },
    maxItems: 4,
    excess: 'cut',
    concurrency: 3,
    done: { atLeast: 2 },
    failed: 'drop',
    apply: (results) => ({ count: 1, trail: [`parcels ${results.map(({ index }) => index).join()}`] }),
    redirectable: true,
  }),
  count: w.wait({
    for: packed,
    writes: ['count', 'trail'],
    apply: ({ mark }) => lineOf('packed', mark),
    expiresIn: '3s',
  }),
  both: w.join({ failed: 'keep', deadline: '25s' }),
  /** Changes nothing. */
  poll: w.map({
    over: ({ state }) => listOf(state.ticket),
    reads: ['ticket'],
    effect: 'pure',
    timeout: 1_000,
    retry: { attempts: 1 },
    run: async (item, _given, context) => (await ask({ name: 'poll', effect: 'pure', context, input: item })).amount,
    maxItems: 6,
    concurrency: 2,
    failed: 'keep',
  }),
  idle: w.task({ effect: 'pure', reads: [], run: () => undefined }),
  mend: task('mend', { effect: 'keyed', attempts: 2, redirectable: true }),
})

/** A map of workflows that wait, ask and can be undone, of which some are enough; then maps that get nowhere, until the run stalls. */
export const parcels = w.workflow('parcels', {
  input,
  output,
  nodes: n,
  start: n.begin,
  edges: {
    begin: { done: { fork: [n.parcels, n.count], join: n.both } },
    parcels: { done: n.both, unsatisfied: n.both, failed: n.both },
    count: { received: n.both, expired: n.both },
    both: { done: n.poll, deadline: n.poll },
    poll: { done: n.idle },
    idle: { done: { to: n.poll, limit: 9, otherwise: END } },
    mend: { done: END },
  },
  limits: { steps: 90, stall: { transitions: 4, to: n.poll, limit: 1, otherwise: n.mend }, duration: '2m' },
})
