import { describe, expectTypeOf, it } from 'vitest'
import { z } from 'zod'
import { createMemoryGroupStore } from '../checkpoint/memory-group-store.ts'
import { createMemoryStore } from '../checkpoint/memory-store.ts'
import { createRuntime } from '../run/create-runtime.ts'
import type { GroupBinding, Runtime, RuntimeOptions } from '../run/runtime.ts'
import { END } from './edge.ts'
import { defineState } from './state.ts'
import type { Workflow } from './workflow.ts'

const w = defineState({ order: z.string(), invoice: z.string().optional(), note: z.string().optional() })
const billing = w.group('billing', {
  state: { card: z.string(), balance: z.number().optional() },
  exports: ['invoice'],
})

describe('w.group', () => {
  it('gives its nodes the shared state and its own, to write what it exports and its own', () => {
    billing.task({
      reads: ['order', 'card'],
      writes: ['invoice', 'balance'],
      run: ({ state }) => {
        expectTypeOf(state).toEqualTypeOf<{ readonly order: string; readonly card: string }>()
        return { invoice: 'i-1', balance: 3 }
      },
    })
    // @ts-expect-error the group does not export "note"
    billing.task({ writes: ['note'], run: () => ({ note: 'x' }) })
  })

  it('has secrets and a store of its own, and nothing else', () => {
    w.group('vault', { own: ['secrets', 'store'] })
    // @ts-expect-error a group has no models of its own
    w.group('vault', { own: ['models'] })
    const store = createMemoryGroupStore()
    expectTypeOf<RuntimeOptions['groups']>().toExtend<{ [name: string]: GroupBinding } | undefined>()
    createRuntime({ groups: { vault: { store } } }) satisfies Runtime
    // @ts-expect-error the store of runs is none for a group
    createRuntime({ groups: { vault: { store: createMemoryStore() } } })
  })

  it('keeps its keys from everybody else', () => {
    // @ts-expect-error "card" is private to the group
    w.task({ reads: ['card'], run: () => undefined })
    // @ts-expect-error "balance" is private to the group
    w.agent({ model: 'main', instructions: 'x', writes: ['balance'] })
    // @ts-expect-error "card" is private to the group
    w.approval({ show: ['card'] })
    // @ts-expect-error "balance" is private to the group
    w.guard('isRich', ['balance'], () => true)
    // @ts-expect-error "nothing" is no key of the shared state
    w.group('other', { exports: ['nothing'] })
  })

  it('has nodes that a workflow takes beside others, with outcomes to be routed', () => {
    const n = w.nodes({
      charge: billing.gate({ reads: ['card'], outcomes: ['paid', 'declined'], decide: () => 'paid' }),
      ship: w.task({ reads: ['order'], run: () => undefined }),
    })
    const config = { input: z.object({ order: z.string() }), nodes: n }
    const isRich = billing.guard('isRich', ['balance'], ({ balance = 0 }) => balance > 3)
    const workflow = w.workflow('shop', {
      ...config,
      output: ['invoice'],
      start: n.ship,
      edges: { charge: { paid: [{ when: isRich, to: n.ship }, END], declined: END }, ship: { done: n.charge } },
    })
    expectTypeOf(workflow).toExtend<Workflow<{ order: string }, { readonly invoice?: string }>>()
    w.workflow('lacking', {
      ...config,
      output: [],
      start: n.ship,
      // @ts-expect-error outcome "declined" is not routed
      edges: { charge: { paid: END }, ship: { done: n.charge } },
    })
    w.workflow('leaking', {
      ...config,
      // @ts-expect-error what comes out is nobody's own
      output: ['card'],
      start: n.ship,
      edges: { charge: { paid: END, declined: END }, ship: { done: n.charge } },
    })
  })

  it('has no joins, groups and workflows of its own', () => {
    expectTypeOf(billing).not.toHaveProperty('join')
    expectTypeOf(billing).not.toHaveProperty('workflow')
    expectTypeOf(billing).not.toHaveProperty('group')
  })
})
