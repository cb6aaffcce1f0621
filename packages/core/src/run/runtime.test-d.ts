import { describe, expectTypeOf, it } from 'vitest'
import { z } from 'zod'
import { defineState, defineTool, END, FAIL, type Request, type Run, type Runtime } from '../index.ts'

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

  it('is taken by whoever needs no types, and takes ids', async () => {
    const run = await runtime.start(workflow, { input: { text: 'a' } })
    const plain: Run<object> = run
    expectTypeOf(await plain.requests()).toEqualTypeOf<readonly Request[]>()
    await run.decide('id/4', { outcome: 'anything', by: 'ada' })
  })
})
