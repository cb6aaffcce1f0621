import { describe, expectTypeOf, it } from 'vitest'
import { z } from 'zod'
import { END, FAIL } from './edge.ts'
import { rule } from './rule.ts'
import { defineState } from './state.ts'
import { defineTool } from './tool.ts'
import type { Workflow } from './workflow.ts'

const w = defineState({
  order: z.string(),
  amountUsd: z.number().optional(),
  reply: z.string().optional(),
  count: rule.sum(z.number()),
})
const foreign = defineState({ city: z.string() })
const empty = z.object({})
const pay = defineTool({ name: 'pay', description: '', input: empty, output: empty, run: () => ({}) })
const unused = defineTool({ name: 'unused', description: '', input: empty, output: empty, run: () => ({}) })
const isSmall = w.guard('isSmall', ['amountUsd'], ({ amountUsd = 0 }) => amountUsd < 100)
const isHere = foreign.guard('isHere', ['city'], ({ city }) => city === 'here')

const n = w.nodes({
  triage: w.agent({ model: 'fast', instructions: '', reads: ['order'], writes: ['amountUsd'] }),
  manager: w.approval({ show: ['order', 'amountUsd'], expiresIn: '2d' }),
  refund: w.tool(pay, {}),
  tone: w.gate({ reads: ['reply'], outcomes: ['pass', 'rude'], decide: () => 'pass' }),
  counted: w.task({ reads: ['count'], run: () => {} }),
})
const others = foreign.nodes({ visit: foreign.task({ run: () => {} }) })

const edges = {
  triage: { done: [{ when: isSmall, to: n.refund }, n.manager] },
  manager: { approved: n.refund, rejected: END, expired: END },
  refund: { done: n.tone, unknown: FAIL },
  tone: { pass: n.counted, rude: { to: n.triage, limit: 2, per: n.manager, otherwise: FAIL } },
  counted: { done: END },
}
const base = { input: z.object({ order: z.string() }), output: ['reply' as const], nodes: n, start: n.triage }

describe('w.workflow', () => {
  it('knows input, output, approvals and what operators may do', () => {
    const workflow = w.workflow('refunds', { ...base, edges })
    type Parts =
      typeof workflow extends Workflow<infer Input, infer Output, infer Approvals, infer Moves>
        ? { input: Input; output: Output; approvals: keyof Approvals; moves: Moves }
        : never
    expectTypeOf<Parts['input']>().toEqualTypeOf<{ order: string }>()
    expectTypeOf<Parts['output']>().toEqualTypeOf<{ readonly reply?: string }>()
    expectTypeOf<Parts['approvals']>().toEqualTypeOf<'manager'>()
    expectTypeOf<Parts['moves']['state']>().toEqualTypeOf<{
      readonly order?: string
      readonly amountUsd?: number
      readonly reply?: string
      readonly count?: number
    }>()
    expectTypeOf<Parts['moves']['node']>().toEqualTypeOf<'triage' | 'manager' | 'refund' | 'tone' | 'counted'>()
    expectTypeOf(workflow).toExtend<Workflow>()
  })

  it('accepts limits and policies', () => {
    w.workflow('refunds', {
      ...base,
      edges,
      limits: { steps: { max: 3, check: 'after' }, duration: '30m', exhausted: n.manager },
      policies: [{ never: pay, without: [n.manager, 'approved'], given: w.not(isSmall) }],
    })
  })

  it('accepts a run that starts with nothing', () => {
    const nodes = w.nodes({ work: w.task({ run: () => {} }), count: w.task({ reads: ['count'], run: () => {} }) })
    const nothing = { input: empty, output: [], nodes, edges: { work: { done: nodes.count }, count: { done: END } } }
    w.workflow('x', { ...nothing, start: nodes.work })
    // @ts-expect-error it reads "count", which nothing gives
    w.workflow('x', { ...nothing, start: nodes.count })
  })

  it('refuses edges with missing or unknown outcomes', () => {
    // @ts-expect-error outcome "expired" is not routed
    w.workflow('x', { ...base, edges: { ...edges, manager: { approved: END, rejected: END } } })
    // @ts-expect-error without canAskBack there is no outcome "asked"
    w.workflow('x', { ...base, edges: { ...edges, manager: { ...edges.manager, asked: END } } })
    // @ts-expect-error an approval cannot fail
    w.workflow('x', { ...base, edges: { ...edges, manager: { ...edges.manager, failed: END } } })
    // @ts-expect-error a gate has no unknown outcome
    w.workflow('x', { ...base, edges: { ...edges, tone: { ...edges.tone, unknown: END } } })
    // @ts-expect-error node "tone" has no edges, and others
    w.workflow('x', { ...base, edges: { triage: { done: n.manager } } })
    // @ts-expect-error there is no node "tune"
    w.workflow('x', { ...base, edges: { ...edges, tune: { done: END } } })
  })

  it('refuses edges to nothing or to nodes of another state', () => {
    // @ts-expect-error there is no node "answer"
    w.workflow('x', { ...base, edges: { ...edges, counted: { done: n.answer } } })
    // @ts-expect-error a name is no target
    w.workflow('x', { ...base, edges: { ...edges, counted: { done: 'triage' } } })
    // @ts-expect-error a node of another state
    w.workflow('x', { ...base, edges: { ...edges, counted: { done: others.visit } } })
    // @ts-expect-error there is no node "answer" in the list
    w.workflow('x', { ...base, edges: { ...edges, counted: { done: [{ when: isSmall, to: END }, n.answer] } } })
    // @ts-expect-error nothing to go to
    w.workflow('x', { ...base, edges: { ...edges, counted: { done: undefined } } })
  })

  it('refuses edges with wrong options', () => {
    // @ts-expect-error a limit is a number
    w.workflow('x', { ...base, edges: { ...edges, counted: { done: { to: END, limit: '2' } } } })
    // @ts-expect-error no such option
    w.workflow('x', { ...base, edges: { ...edges, counted: { done: { to: END, limits: 2 } } } })
    // @ts-expect-error a guard of another state
    w.workflow('x', { ...base, edges: { ...edges, counted: { done: [{ when: isHere, to: END }, END] } } })
    // @ts-expect-error a function is no guard
    w.workflow('x', { ...base, edges: { ...edges, counted: { done: [{ when: () => true, to: END }, END] } } })
    // @ts-expect-error the run's end is never entered
    w.workflow('x', { ...base, edges: { ...edges, counted: { done: { to: END, limit: 2, per: END } } } })
  })

  it('refuses a wrong start', () => {
    // @ts-expect-error it reads "count", which the input does not give
    w.workflow('x', { ...base, edges, start: n.counted })
    // @ts-expect-error a name is no node
    w.workflow('x', { ...base, edges, start: 'triage' })
    // @ts-expect-error a node of another state
    w.workflow('x', { ...base, edges, start: others.visit })
    // @ts-expect-error the end is no node
    w.workflow('x', { ...base, edges, start: END })
  })

  it('refuses input and output that are not of the state', () => {
    // @ts-expect-error no such state key
    w.workflow('x', { ...base, edges, output: ['answer'] })
    // @ts-expect-error no such state key
    w.workflow('x', { ...base, edges, input: z.object({ order: z.string(), orders: z.string() }) })
    // @ts-expect-error the key is of another type
    w.workflow('x', { ...base, edges, input: z.object({ order: z.number() }) })
    // @ts-expect-error an input is an object of state keys
    w.workflow('x', { ...base, edges, input: z.string() })
  })

  it('refuses wrong limits', () => {
    // @ts-expect-error no such limit
    w.workflow('x', { ...base, edges, limits: { stepz: 4 } })
    // @ts-expect-error before or after
    w.workflow('x', { ...base, edges, limits: { steps: { max: 4, check: 'later' } } })
    // @ts-expect-error not a duration
    w.workflow('x', { ...base, edges, limits: { duration: '30 minutes' } })
    // @ts-expect-error a number
    w.workflow('x', { ...base, edges, limits: { steps: '4' } })
  })

  it('refuses policies on what is not there', () => {
    // @ts-expect-error no node uses the tool
    w.workflow('x', { ...base, edges, policies: [{ never: unused, without: [n.manager, 'approved'] }] })
    // @ts-expect-error no such outcome
    w.workflow('x', { ...base, edges, policies: [{ never: pay, without: [n.manager, 'aproved'] }] })
    // @ts-expect-error an outcome of another node
    w.workflow('x', { ...base, edges, policies: [{ never: pay, without: [n.tone, 'approved'] }] })
    // @ts-expect-error a guard of another state
    w.workflow('x', { ...base, edges, policies: [{ never: pay, without: [n.manager, 'approved'], given: isHere }] })
  })

  it('refuses unknown options', () => {
    // @ts-expect-error no such option
    w.workflow('x', { ...base, edges, timeout: '5m' })
  })
})

describe('w.nodes', () => {
  it('refuses what is no node of this state', () => {
    // @ts-expect-error a node of another state
    w.nodes({ visit: foreign.task({ run: () => {} }) })
    // @ts-expect-error no node
    w.nodes({ visit: 'visit' })
  })
})
