import { createRuntime, defineState, defineTool, END, FAIL, type Clock } from '@waystone/core'
import { virtualClock } from '@waystone/testing'
import { expect, it } from 'vitest'
import { z } from 'zod'

// #region test
/** Stands in for a service that answers after some time on the clock of the test. */
function quoteAfter(clock: Clock, ms: number) {
  return defineTool({
    name: 'quote',
    description: 'Asks the carrier for a price.',
    input: z.object({}),
    output: z.object({ usd: z.number() }),
    effect: 'pure',
    timeout: '30s',
    retry: { attempts: 1 },
    async run() {
      await new Promise<void>((resolve) => clock.at(clock.now() + ms, resolve))
      return { usd: 120 }
    },
  })
}

it.each([
  ['in time', 29_000, 'completed'],
  ['too late', 31_000, 'failed'],
])('a carrier that answers %s', async (_, ms, status) => {
  const clock = virtualClock()
  const w = defineState({ usd: z.number().optional() })
  const carrier = w.tool(quoteAfter(clock, ms), { writes: ['usd'], input: () => ({}), apply: ({ usd }) => ({ usd }) })
  const n = w.nodes({ carrier })
  const quote = w.workflow('quote', {
    input: z.object({}),
    output: ['usd'],
    nodes: n,
    start: n.carrier,
    edges: { carrier: { done: END, failed: FAIL } },
  })
  const runtime = createRuntime({ workflows: [quote], clock })
  const run = await runtime.start(quote, { input: {} })
  expect(await clock.runUntil(run.result())).toMatchObject({ status })
  await runtime.close()
})
// #endregion test
