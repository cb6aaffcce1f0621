import { END, FAIL } from '@waystone/core'
import { z } from 'zod'
import { ask } from './bridge.ts'
import { markOf } from './guild.ts'
import { lineOf, signed } from './messages.ts'
import { input, isHigh, output, task, w } from './shared.ts'
import { lookUp } from './tools.ts'
import { booked } from './undoable.ts'

const agent = { model: 'main', timeout: 3_000, retry: { attempts: 2, backoff: 100 } } as const
const contract = z.object({ ticket: z.string(), amount: z.number() })

const d = w.nodes({
  left: w.agent({
    ...agent,
    reads: ['ticket'],
    writes: ['plan', 'score'],
    instructions: 'Left.',
    tools: [lookUp],
    maxModelCalls: 3,
    handoffs: { right: { description: 'Right.', contract, slice: 'all' } },
  }),
  right: w.agent({
    ...agent,
    reads: ['ticket'],
    writes: ['plan', 'score'],
    instructions: 'Right.',
    maxModelCalls: 2,
    handoffs: { left: { description: 'Left.', contract, slice: { last: 1 } } },
  }),
  fix: w.approval({ show: ['ticket'], hears: ['left', 'right'], expiresIn: 5_000 }),
  ship: booked('ship'),
})

/** Two agents that hand over to each other, with a person for what is one too many, then something that can be undone. */
const duo = w.workflow('duo', {
  input,
  output: ['trail', 'score'],
  nodes: d,
  start: d.left,
  edges: {
    left: { done: d.ship, failed: d.ship, right: d.right },
    right: { done: [{ when: isHigh, to: FAIL }, d.ship], failed: d.ship, left: { to: d.left, limit: 2 } },
    fix: { approved: { to: d.left, limit: 1, otherwise: d.ship }, rejected: FAIL, expired: d.ship },
    ship: { done: END },
  },
  limits: { handoffs: { max: 2, perPair: 1, per: d.fix, escalateTo: d.fix }, steps: 18, duration: '25s' },
})

const crypt = w.group('crypt', {
  state: { relic: z.string().optional() },
  exports: ['count', 'trail', 'plan', 'score'],
  own: ['store'],
})

const treasury = w.group('treasury', { state: { coin: z.string().optional() }, exports: ['count', 'trail'] })

/** The group beside: it has something of its own before the other has. */
// oxlint-disable-next-line typescript/explicit-module-boundary-types -- the type of a node is what inference makes of its state
function counted(name: string) {
  return treasury.task({
    effect: 'idempotent',
    reads: ['ticket', 'coin'],
    writes: ['coin', 'count', 'trail'],
    timeout: 1_500,
    retry: { attempts: 3, backoff: 200 },
    run: async ({ state }, context) => {
      const { receipt } = await ask({ name, effect: 'idempotent', context, input: { ...state } })
      return { coin: `${markOf('treasury')} ${receipt}`, count: 1, trail: [context.node] }
    },
  })
}

const n = w.nodes({
  purse: counted('purse'),
  tally: counted('tally'),
  begin: task('begin', { effect: 'pure', isSync: true }),
  call: w.wait({
    for: signed,
    key: 'ticket',
    writes: ['count', 'trail'],
    apply: ({ mark }) => lineOf('signed', mark),
    expiresIn: '5s',
  }),
  count: task('count', { effect: 'pure', isSync: true }),
  hall: w.join({ failed: 'keep', deadline: '8s' }),
  dig: crypt.task({
    effect: 'keyed',
    reads: ['ticket'],
    writes: ['relic', 'count', 'trail'],
    timeout: 1_500,
    retry: { attempts: 2, backoff: 300, jitter: 0.5 },
    run: async ({ state }, context) => {
      const { receipt } = await ask({ name: 'dig', effect: 'keyed', context, input: { ...state } })
      return { relic: `${markOf('crypt')} ${receipt}`, count: 1, trail: [context.node] }
    },
    compensate: {
      effect: 'keyed',
      timeout: 1_000,
      run: async ({ state, outcome, effectId }, context) => {
        await ask({ name: 'undo dig', effect: 'keyed', context, input: { ...state, outcome, of: effectId } })
      },
    },
  }),
  keeper: crypt.agent({
    ...agent,
    reads: ['ticket', 'relic'],
    writes: ['plan', 'score'],
    instructions: 'Keep.',
    maxModelCalls: 4,
    handoffs: { clerk: { description: 'To the clerk.', contract, slice: 'contract' } },
  }),
  clerk: w.agent({
    ...agent,
    reads: ['ticket'],
    writes: ['plan', 'score'],
    instructions: 'Write.',
    maxModelCalls: 3,
    handoffs: { keeper: { description: 'To the keeper.', contract, slice: 'all' } },
  }),
  boss: w.approval({
    show: ['ticket'],
    hears: ['clerk'],
    quorum: { need: 2 },
    escalate: [{ after: 1_000, role: 'elder' }],
    expiresIn: 6_000,
    redirectable: true,
  }),
  cases: w.map({
    over: ({ state }) => [0, 1, 2].map((index) => ({ ticket: `${state.ticket}-${index}` })),
    reads: ['ticket'],
    writes: ['count', 'trail'],
    item: duo,
    input: ({ ticket }) => ({ ticket, count: 0, trail: [] }),
    retry: { attempts: 2, backoff: 200 },
    maxItems: 3,
    concurrency: 2,
    done: { atLeast: 2 },
    failed: 'drop',
    losers: 'finish',
    apply: (results) => ({ count: 1, trail: [`cases ${results.map(({ index }) => index).join()}`] }),
  }),
  both: w.join({ failed: 'keep' }),
  settle: task('settle', { effect: 'keyed', attempts: 1, timeout: 900 }),
})

/** Two groups beside each other; handoffs over the border of a group that escalate outside of it, in a branch beside a wait and under a deadline, then a map whose items are chains of handoffs of their own; all can be undone. */
export const guildhall = w.workflow('guildhall', {
  input,
  output,
  nodes: n,
  start: n.purse,
  edges: {
    purse: { done: n.begin, failed: n.begin },
    begin: { done: { fork: [n.dig, n.call], join: n.hall } },
    call: { received: n.hall, expired: n.hall },
    dig: { done: n.keeper, failed: n.hall },
    keeper: { done: n.hall, failed: n.hall, clerk: n.clerk },
    clerk: { done: n.hall, failed: n.hall, keeper: { to: n.keeper, limit: 3 } },
    boss: {
      approved: { to: n.clerk, limit: 1, otherwise: n.hall },
      rejected: { to: FAIL, cancelsFork: true },
      expired: n.hall,
    },
    hall: { done: n.count, deadline: n.count },
    count: { done: { fork: [n.tally, n.cases], join: n.both } },
    tally: { done: n.both, failed: n.both },
    cases: { done: n.both, unsatisfied: n.both },
    both: { done: n.settle },
    settle: { done: END },
  },
  limits: { handoffs: { max: 3, perPair: 1, escalateTo: n.boss }, modelCalls: 12, steps: 60, duration: '2m' },
})
