import { describe, expectTypeOf, it } from 'vitest'
import { z } from 'zod'
import {
  defineState,
  defineTool,
  END,
  FAIL,
  rule,
  type Request,
  type Run,
  type Runtime,
  type Workflow,
} from '../index.ts'

const w = defineState({ text: z.string(), note: z.string().optional() })
const n = w.nodes({
  check: w.approval({ show: ['text'], edits: ['text'] }),
  rate: w.approval({ show: ['text'], outcomes: ['good', 'bad'], response: z.object({ note: z.string() }) }),
})
const workflow = w.workflow('people', {
  version: 1,
  input: z.object({ text: z.string() }),
  output: ['text'],
  nodes: n,
  start: n.check,
  edges: { check: { approved: n.rate, edited: n.rate, rejected: FAIL }, rate: { good: END, bad: FAIL } },
})

declare const runtime: Runtime

describe('Run', () => {
  it('knows by node what a person may answer (H5)', async () => {
    const run = await runtime.start(workflow, { input: { text: 'a' } })
    for (const request of await run.requests()) {
      expectTypeOf(request.node).toExtend<string>()
      if (request.kind === 'unknown') {
        await run.decide(request, { outcome: 'happened', by: 'ada' })
        // @ts-expect-error an unknown outcome is not approved
        await run.decide(request, { outcome: 'approved', by: 'ada' })
      } else if (request.node === 'check') {
        await run.decide(request, { outcome: 'edited', edits: { text: 'b' }, by: 'ada' })
        // @ts-expect-error this approval has no such outcome
        await run.decide(request, { outcome: 'good', by: 'ada' })
        // @ts-expect-error the key may not be edited to a number
        await run.decide(request, { outcome: 'edited', edits: { text: 1 }, by: 'ada' })
      } else {
        await run.decide(request, { outcome: 'good', response: { note: 'fine' }, by: 'ada' })
        // @ts-expect-error the answer does not fit its schema
        await run.decide(request, { outcome: 'good', response: { note: 1 }, by: 'ada' })
      }
    }
  })

  it('knows by agent what a person may answer about a call (H5)', async () => {
    const pay = defineTool({
      name: 'pay',
      description: 'Pays.',
      input: z.object({ usd: z.number() }),
      output: z.object({}),
      approval: {
        when: (input) => {
          expectTypeOf(input).toEqualTypeOf<{ usd: number }>()
          return input.usd > 100 && 'much money'
        },
      },
      run: () => ({}),
    })
    const nodes = w.nodes({
      check: w.approval({ show: ['text'] }),
      clerk: w.agent({ model: 'fast', instructions: '', tools: [pay] }),
      poet: w.agent({ model: 'fast', instructions: '' }),
    })
    const run = await runtime.start(
      w.workflow('calls', {
        input: z.object({ text: z.string() }),
        output: ['text'],
        nodes,
        start: nodes.check,
        edges: { check: { approved: nodes.clerk, rejected: FAIL }, clerk: { done: nodes.poet }, poet: { done: END } },
      }),
      { input: { text: 'a' } },
    )
    for (const request of await run.requests()) {
      if (request.kind === 'call') {
        expectTypeOf(request.node).toEqualTypeOf<'clerk'>()
        await run.decide(request, { outcome: 'edited', edits: { usd: 1 }, by: 'ada' })
        await run.decide(request, { outcome: 'edited', arguments: { usd: 1 }, by: 'ada' })
        // @ts-expect-error whether it happened is not the question
        await run.decide(request, { outcome: 'happened', by: 'ada' })
      } else if (request.kind === 'approval') {
        expectTypeOf(request.node).toEqualTypeOf<'check'>()
        // @ts-expect-error an approval of a node has no arguments
        await run.decide(request, { outcome: 'approved', arguments: {}, by: 'ada' })
      }
    }
  })

  it('knows what an operator may patch, and where they may send a run (H7)', async () => {
    const by = { by: 'ops', reason: 'a typing error' }
    const run = await runtime.start(workflow, { input: { text: 'a' } })
    await run.patch({ ...by, state: { text: 'b', note: 'c' } })
    await run.patch({ ...by, unset: ['note'] })
    await run.redirect({ ...by, to: 'rate' })
    // @ts-expect-error the state has no such key
    await run.patch({ ...by, state: { nokey: 1 } })
    // @ts-expect-error the key holds a text
    await run.patch({ ...by, state: { text: 1 } })
    // @ts-expect-error the key is not optional
    await run.patch({ ...by, unset: ['text'] })
    // @ts-expect-error the workflow has no such node
    await run.redirect({ ...by, to: 'nonode' })
    // @ts-expect-error the node is no nested workflow
    await run.redirect({ ...by, to: 'rate/inside' })
    const opened = await runtime.open(workflow, run.runId)
    // @ts-expect-error the workflow has no such node
    await opened.redirect({ ...by, to: 'nonode' })
  })

  it('knows keys as they are kept, those of groups too, and that there is more inside of nested workflows', async () => {
    const by = { by: 'ops', reason: 'a typing error' }
    const v = defineState({
      text: z.string(),
      count: rule.sum(z.number()),
      notes: rule.append(z.object({ id: z.string() })),
    })
    const billing = v.group('billing', { state: { card: z.string(), balance: z.number().optional() } })
    const nodes = v.nodes({
      inner: v.nested(workflow, { reads: ['text'] }),
      pay: billing.task({ reads: ['card'], run: () => {} }),
    })
    const outer = v.workflow('outer', {
      input: z.object({ text: z.string() }),
      output: [],
      nodes,
      start: nodes.inner,
      edges: { inner: { done: nodes.pay }, pay: { done: END } },
    })
    const run = await runtime.start(outer, { input: { text: 'a' } })
    await run.patch({ ...by, state: { text: 'b', count: 3, notes: [{ id: 'n-1' }], card: 'x', balance: 2 } })
    await run.patch({ ...by, unset: ['balance'] })
    // @ts-expect-error the list is set as a whole
    await run.patch({ ...by, state: { notes: { id: 'n-1' } } })
    // @ts-expect-error the key of the group holds a text
    await run.patch({ ...by, state: { card: 1 } })
    await run.redirect({ ...by, to: 'inner' })
    await run.redirect({ ...by, to: 'inner/rate' })
    // @ts-expect-error a task has nothing inside
    await run.redirect({ ...by, to: 'pay/rate' })
  })

  it('takes any patch and node when its workflow is not known by type', async () => {
    const by = { by: 'ops', reason: 'a typing error' }
    const known = await runtime.start(workflow, { input: { text: 'a' } })
    const untyped: Workflow = workflow
    const started = await runtime.start(untyped, { input: {} })
    for (const run of [known as Run<object>, started, await runtime.open('r')]) {
      await run.patch({ ...by, state: { nokey: 1 }, unset: ['nokey'] })
      await run.redirect({ ...by, to: 'nonode/inside' })
      // @ts-expect-error what does not survive JSON is never patched
      await run.patch({ ...by, state: { nokey: new Date() } })
    }
  })

  it('is taken by whoever needs no types, and takes ids', async () => {
    const run = await runtime.start(workflow, { input: { text: 'a' } })
    const plain: Run<object> = run
    expectTypeOf(await plain.requests()).toEqualTypeOf<readonly Request[]>()
    await run.decide('id/4', { outcome: 'anything', by: 'ada' })
  })
})
