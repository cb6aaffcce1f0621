import { createRuntime, createVolatileMemory } from '@waystone/core'
import { scriptedModel, virtualClock } from '@waystone/testing'
import { expect, it } from 'vitest'
import { desk } from './memory-desk.ts'

// #region test
it('knows the seat that was remembered a month ago, and not that of another customer', async () => {
  const clock = virtualClock()
  const memory = createVolatileMemory()
  const ofAnn = ['preferences', 'ann']
  await memory.put({ scope: ofAnn, key: 'seat', value: 'aisle', now: clock.now() })
  await clock.advance(30 * 86_400_000)

  const clerk = [{ output: { reply: 'Booked.' } }, { output: { reply: 'Booked.' } }]
  const models = { fast: scriptedModel({ clerk }) }
  const runtime = createRuntime({ workflows: [desk], memory, models, clock })
  const input = { message: 'Book me a train.' }
  const forAnn = await runtime.start(desk, { input, tags: { customer: 'ann' } })
  expect(await forAnn.result()).toMatchObject({ output: { seat: 'aisle' } })
  const forBen = await runtime.start(desk, { input, tags: { customer: 'ben' } })
  expect(await forBen.result()).toMatchObject({ output: { reply: 'Booked.' } })
  expect((await forBen.result()).output).not.toHaveProperty('seat')
  await runtime.close()
})
// #endregion test
