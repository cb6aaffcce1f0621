import {
  createRuntime,
  defineState,
  defineTool,
  END,
  type GroupStore,
  type Runtime,
  type RuntimeOptions,
} from '@waystone/core'
import type { Store } from '@waystone/core/store'
import { z } from 'zod'

const chargeCard = defineTool({
  name: 'chargeCard',
  description: 'Charges a card.',
  effect: 'keyed',
  secrets: ['BANK_KEY'],
  input: z.object({ card: z.string(), amountUsd: z.number() }),
  output: z.object({ receipt: z.string() }),
  run: async (_given, context) => ({ receipt: `r-${(await context.secret('BANK_KEY')).length}` }),
})

// #region group
const w = defineState({ order: z.string(), paid: z.boolean().optional(), letter: z.string().optional() })

const billing = w.group('billing', {
  state: { card: z.string().optional(), receipt: z.string().optional() }, // nobody else's
  exports: ['paid'], // what its nodes may write of the shared state
  verdicts: ['cleared'], // gates and approvals that others may hear
  own: ['secrets', 'store'],
})
// #endregion group

// #region nodes
const n = w.nodes({
  findCard: billing.task({
    effect: 'pure',
    reads: ['order'],
    writes: ['card'],
    run: ({ state }) => ({ card: `card of ${state.order}` }),
  }),
  cleared: billing.gate({
    reads: ['card'],
    outcomes: ['yes', 'no'],
    decide: ({ state }) => (state.card === undefined ? 'no' : 'yes'),
  }),
  charge: billing.tool(chargeCard, {
    reads: ['card'],
    writes: ['receipt', 'paid'],
    input: ({ state }) => ({ card: state.card ?? '', amountUsd: 30 }),
    apply: ({ receipt }) => ({ receipt, paid: true }),
  }),
  write: w.agent({
    model: 'writer',
    instructions: 'Thank the customer.',
    reads: ['order', 'paid'],
    hears: ['cleared'],
    writes: ['letter'],
  }),
})
// #endregion nodes

/** Sells something; what billing knows of the card stays there. */
export const shop = w.workflow('shop', {
  input: z.object({ order: z.string() }),
  output: ['paid', 'letter'],
  nodes: n,
  start: n.findCard,
  edges: {
    findCard: { done: n.cleared },
    cleared: { yes: n.charge, no: n.write },
    charge: { done: n.write },
    write: { done: END },
  },
})

/** What a runtime of the shop is made with. */
interface ShopParts {
  readonly models: NonNullable<RuntimeOptions['models']>
  /** Of the runs. */
  readonly store: Store
  /** Of billing. */
  readonly vault: GroupStore
}

/** A runtime in which the bank's key is known to the group alone, and what is private to it is kept in a store that nobody else has. */
export function shopRuntime({ models, store, vault }: ShopParts): Runtime {
  // #region runtime
  return createRuntime({
    workflows: [shop],
    store,
    models,
    groups: {
      billing: {
        secrets: (name) => (name === 'BANK_KEY' ? 'the-key-of-the-bank' : undefined),
        store: vault, // createSqliteGroupStore({ path: '.waystone/billing.db' })
      },
    },
  })
  // #endregion runtime
}
