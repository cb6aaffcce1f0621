import { describe, expectTypeOf, it } from 'vitest'
import { z } from 'zod'
import { defineAgent } from './agent.ts'
import { END, FAIL } from './edge.ts'
import { defineState } from './state.ts'

const w = defineState({ order: z.string(), reply: z.string().optional() })
const base = { model: 'fast', instructions: 'Write.', reads: ['order'] } as const
const billing = { description: 'For invoices.', contract: z.object({ order: z.string() }), slice: { last: 2 } } as const
const clerk = defineAgent({ ...base, input: z.object({ order: z.string() }), output: z.object({}) })
const config = { input: z.object({ order: z.string() }), output: [] } as const

describe('handoffs of w.agent', () => {
  it('are outcomes that must be routed', () => {
    const agent = w.agent({ ...base, handoffs: { billing, legal: { description: 'For claims.' } } })
    expectTypeOf(agent['~outcomes']).toEqualTypeOf<'done' | 'billing' | 'legal'>()
    const n = w.nodes({ agent, other: w.agent({ ...base }) })
    expectTypeOf(n.other['~outcomes']).toEqualTypeOf<'done'>()
    const of = { ...config, nodes: n, start: n.agent }
    w.workflow('whole', { ...of, edges: { agent: { done: END, billing: n.other, legal: FAIL }, other: { done: END } } })
    // @ts-expect-error legal is not routed
    w.workflow('lacking', { ...of, edges: { agent: { done: END, billing: n.other }, other: { done: END } } })
    w.workflow('more', {
      ...of,
      // @ts-expect-error there is no handoff of this name
      edges: { agent: { done: END, billing: n.other, legal: END, sales: END }, other: { done: END } },
    })
  })

  it('belong to the node, not to an agent defined apart', () => {
    const node = w.agent(clerk, { reads: ['order'], handoffs: { billing } })
    expectTypeOf(node['~outcomes']).toEqualTypeOf<'done' | 'billing'>()
    // @ts-expect-error an agent does not know whom its node may hand over to
    defineAgent({ ...base, input: z.object({}), output: z.object({}), handoffs: { billing } })
  })

  it('have a description, a contract that is an object, and a slice', () => {
    // @ts-expect-error a description is needed
    w.agent({ ...base, handoffs: { billing: {} } })
    // @ts-expect-error a contract is an object
    w.agent({ ...base, handoffs: { billing: { description: '', contract: z.string() } } })
    // @ts-expect-error there is no such slice
    w.agent({ ...base, handoffs: { billing: { description: '', slice: 'half' } } })
  })

  it('are limited in all, per pair, for the same contract and in time', () => {
    const n = w.nodes({ agent: w.agent({ ...base, handoffs: { billing } }), boss: w.approval({ show: ['order'] }) })
    const of = {
      ...config,
      nodes: n,
      start: n.agent,
      edges: { agent: { done: END, billing: END }, boss: { approved: END, rejected: END } },
    } as const
    w.workflow('one', { ...of, limits: { handoffs: { max: 4, perPair: 2, identical: 1, within: '5m', per: n.boss } } })
    w.workflow('two', { ...of, limits: { handoffs: { max: 4, escalateTo: n.boss } } })
    w.workflow('three', { ...of, limits: { handoffs: { max: 4, escalateTo: { to: END, cancelsFork: true } } } })
    // @ts-expect-error a limit is a number
    w.workflow('four', { ...of, limits: { handoffs: { max: 'four' } } })
  })
})
