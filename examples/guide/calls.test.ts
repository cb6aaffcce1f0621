import { check, buildGraph, createRuntime } from '@waystone/core'
import { describe, expect, it } from 'vitest'
import { desk, offlineModels } from './calls.ts'

describe('desk', () => {
  it('asks about the calls that its rules name, and about no other (H1, H5)', async () => {
    expect(check(buildGraph(desk)).findings).toEqual([])
    const runtime = createRuntime({ models: offlineModels })
    const run = await runtime.start(desk, { input: { mail: 'Where is my parcel?', confidence: 0.9 } })
    expect((await run.result()).status).toBe('waiting')
    // #region decide
    for (const request of await run.requests()) {
      if (request.kind !== 'call') continue
      console.log(request.reason, request.said, request.action[0])
      await run.decide(request, { outcome: 'edited', edits: { usd: 100 }, by: 'ada', reason: 'the rest as a voucher' })
    }
    // #endregion decide
    expect(await run.result()).toMatchObject({ status: 'completed', output: { reply: 'It is settled (3 calls).' } })
    await runtime.close()
  })

  it('asks about looking up, too, while it is unsure (H1)', async () => {
    const runtime = createRuntime({ models: offlineModels })
    const run = await runtime.start(desk, { input: { mail: 'Where is my parcel?', confidence: 0.2 } })
    await run.result()
    const requests = await run.requests()
    expect(requests.map(({ action }) => action[0]?.tool)).toEqual(['look-up', 'refund'])
    expect(requests.map(({ options }) => options.map(({ outcome }) => outcome))).toEqual([
      ['approved', 'rejected', 'asked'],
      ['approved', 'edited', 'rejected', 'asked'],
    ])
    await runtime.close()
  })
})
