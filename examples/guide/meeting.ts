import { defineState, END } from '@waystone/core'
import { z } from 'zod'

const w = defineState({
  claim: z.string(),
  amountUsd: z.number(),
  policy: z.string().optional(),
  damage: z.string().optional(),
  price: z.number().optional(),
  letter: z.string().optional(),
})
const isLarge = w.guard('isLarge', ['amountUsd'], ({ amountUsd }) => amountUsd > 1_000)

// #region nodes
const n = w.nodes({
  open: w.task({ effect: 'pure', run: () => undefined }),
  policy: w.task({ effect: 'pure', reads: ['claim'], writes: ['policy'], run: () => ({ policy: 'gold' }) }),
  damage: w.task({ effect: 'pure', reads: ['claim'], writes: ['damage'], run: () => ({ damage: 'hail' }) }),
  expert: w.wait({ for: w.event('expert-was-there'), expiresIn: '5d' }),
  price: w.task({ effect: 'pure', reads: ['damage'], writes: ['price'], run: () => ({ price: 700 }) }),
  letter: w.task({
    effect: 'pure',
    reads: ['policy', 'price'], // both are there: it waits for both branches
    writes: ['letter'],
    run: ({ state }) => ({ letter: `${state.policy}: ${state.price ?? 0} dollars` }),
  }),
  all: w.join(),
})
// #endregion nodes

// #region workflow
export const claims = w.workflow('claims', {
  input: z.object({ claim: z.string(), amountUsd: z.number() }),
  output: ['letter'],
  nodes: n,
  start: n.open,
  edges: {
    open: { done: { fork: [n.policy, n.damage, { to: n.expert, when: isLarge }], join: n.all } },
    policy: { done: n.letter },
    damage: { done: n.price },
    expert: { received: n.price, expired: n.price },
    price: { done: n.letter }, // begins when damage has ended, and expert too if there is one
    letter: { done: n.all },
    all: { done: END },
  },
})
// #endregion workflow

// #region ways
const first = w.join({ wait: 'any' }) // no edge forks into it: a place on the way
const m = w.nodes({
  ask: w.task({ effect: 'pure', run: () => undefined }),
  lloyds: w.wait({ for: w.event('lloyds') }),
  axa: w.wait({ for: w.event('axa') }),
  first,
  print: w.task({ effect: 'pure', exclusive: 'printer', run: () => undefined }),
  label: w.task({ effect: 'pure', exclusive: 'printer', run: () => undefined }), // never beside print
  stop: w.wait({ for: w.event('stop') }),
  note: w.task({ effect: 'pure', reads: ['price'], sees: 'fork', run: () => undefined }), // as it was at the fork
  remark: w.task({ effect: 'pure', run: () => undefined }),
  done: w.join(),
})

export const offers = w.workflow('offers', {
  input: z.object({ claim: z.string(), amountUsd: z.number() }),
  output: [],
  nodes: m,
  start: m.ask,
  edges: {
    ask: { done: { fork: [m.lloyds, m.axa, m.label, m.stop, m.note], join: m.done } },
    lloyds: { received: m.first },
    axa: { received: m.first },
    first: { done: m.print }, // with the first of the two; the other one goes on
    print: { done: { to: m.done, cancels: [m.stop] } }, // nobody has to stop it any more
    label: { done: m.done },
    stop: { received: { to: m.done, cancels: [m.lloyds, m.axa, m.print] } },
    note: { done: [{ when: w.active(m.print), to: m.remark }, m.done] }, // only while print is under way
    remark: { done: m.done },
    done: { done: END },
  },
})
// #endregion ways
