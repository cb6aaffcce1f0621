// What docs/testing.md shows.
import { createRuntime, defineState, defineTool, END } from '@waystone/core'
import { createMemoryStore } from '@waystone/core/store'
import { faultsAt, faultyStore, scriptedModel, seededIds, virtualClock } from '@waystone/testing'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'

const lookUp = defineTool({
  name: 'look-up',
  description: 'Finds an order.',
  effect: 'pure',
  input: z.object({ order: z.string() }),
  output: z.object({ amountUsd: z.number() }),
  run: () => ({ amountUsd: 40 }),
})

const w = defineState({ order: z.string(), amountUsd: z.number().optional() })
const n = w.nodes({
  triage: w.agent({
    model: 'fast',
    instructions: 'Say how much the order was.',
    tools: [lookUp],
    reads: ['order'],
    writes: ['amountUsd'],
  }),
  sign: w.approval({ show: ['order', 'amountUsd'], expiresIn: '2d' }),
})
const refunds = w.workflow('refunds', {
  input: z.object({ order: z.string() }),
  output: ['amountUsd'],
  nodes: n,
  start: n.triage,
  edges: { triage: { done: n.sign }, sign: { approved: END, rejected: END, expired: END } },
})

describe('docs/testing.md', () => {
  it('shows a script and a clock that do as they are told', async () => {
    // #region script
    const model = scriptedModel({
      triage: [{ calls: [{ name: 'look-up', arguments: { order: 'o-1' } }] }, { output: { amountUsd: 40 } }],
    })
    const clock = virtualClock()
    const runtime = createRuntime({ workflows: [refunds], models: { fast: model }, clock, ids: seededIds(1) })

    const run = await runtime.start(refunds, { input: { order: 'o-1' } })
    expect(await run.result()).toMatchObject({ status: 'waiting' })
    model.assertComplete()

    await clock.advance(2 * 24 * 60 * 60 * 1000)
    expect(await run.result()).toMatchObject({ status: 'completed', output: { amountUsd: 40 } })
    // #endregion script
    await runtime.close()
  })

  it('shows a store that fails', async () => {
    const model = scriptedModel({ triage: [{ output: { amountUsd: 1 } }] })
    // #region faults
    const store = faultyStore(createMemoryStore(), faultsAt({ method: 'commit', count: 1, fault: { type: 'fail' } }))
    const runtime = createRuntime({ workflows: [refunds], models: { fast: model }, store })
    const run = await runtime.start(refunds, { input: { order: 'o-1' } })
    await expect(run.result()).rejects.toMatchObject({ code: 'WAYSTONE_STORE_FULL' })
    // #endregion faults
    await runtime.close()
  })
})
