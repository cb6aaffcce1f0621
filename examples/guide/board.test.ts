import { check, buildGraph, createRuntime } from '@waystone/core'
import { virtualClock } from '@waystone/testing'
import { describe, expect, it } from 'vitest'
import { grants } from './board.ts'

describe('grants', () => {
  it('are paid when two of three have approved, one of them by a delegate (H6)', async () => {
    expect(check(buildGraph(grants)).findings).toEqual([])
    const runtime = createRuntime()
    const run = await runtime.start(grants, { input: { amountUsd: 5_000 } })
    await run.result()
    // #region vote
    const [request] = await run.requests()
    if (request === undefined) throw new Error('nothing is asked')
    await run.decide(request, { outcome: 'approved', by: 'dan', for: 'ada' })
    console.log(await run.decide(request, { outcome: 'approved', by: 'dan' })) // refused: not-asked
    await run.decide(request, { outcome: 'approved', by: 'cy' })
    // #endregion vote
    expect(await run.result({ until: 'end' })).toMatchObject({ status: 'completed', output: { paid: true } })
    await runtime.close()
  })

  it('are asked about before anybody decides (H5)', async () => {
    const runtime = createRuntime()
    const run = await runtime.start(grants, { input: { amountUsd: 5_000 } })
    await run.result()
    // #region ask
    const [asked] = await run.requests()
    if (asked === undefined) throw new Error('nothing is asked')
    await run.ask(asked, { question: 'Which school is it?', by: 'bo' })
    await run.answer(asked, { answer: 'The one in Ely.', by: 'ada' })
    const [told] = await run.requests()
    console.log(told?.questions[0]?.answer?.text)
    // #endregion ask
    expect(told?.questions).toMatchObject([{ text: 'Which school is it?', answer: { by: 'ada' } }])
    await runtime.close()
  })

  it('are for the director after four hours, for the owner after a day, for nobody after three (H6)', async () => {
    const clock = virtualClock()
    const runtime = createRuntime({ clock })
    const run = await runtime.start(grants, { input: { amountUsd: 5_000 } })
    const rolesAfter = async (ms: number): Promise<readonly (string | null)[]> => {
      await clock.advance(ms)
      await run.resume()
      await run.result()
      return (await run.requests()).map(({ role }) => role)
    }
    const hour = 3_600_000
    expect(await rolesAfter(0)).toEqual(['board'])
    expect(await rolesAfter(4 * hour)).toEqual(['director'])
    expect(await rolesAfter(20 * hour)).toEqual(['owner'])
    expect(await rolesAfter(48 * hour)).toEqual([])
    expect(await run.status()).toMatchObject({ status: 'completed', output: {} })
    await runtime.close()
  })
})
