import { buildGraph, check, createRuntime } from '@waystone/core'
import { scriptedModel } from '@waystone/testing'
import { describe, expect, it } from 'vitest'
import { screened } from './screened.ts'

describe('screened', () => {
  it('asks the model about a mail that may leave the house, and never about another (Q4)', async () => {
    expect(check(buildGraph(screened)).findings).toEqual([])
    const model = scriptedModel({ answer: [{ output: { reply: 'It is on its way.' } }] })
    const runtime = createRuntime({ models: { fast: model } })
    const held = await runtime.start(screened, { input: { mail: 'Take it from 4111 1111 1111 1111.' } })
    expect(await held.result()).toMatchObject({ status: 'waiting', usage: { modelCalls: 0 } })
    expect((await held.requests()).map(({ node, reason }) => [node, reason])).toEqual([
      ['desk', 'This mail must not leave the house.'],
    ])
    const passed = await runtime.start(screened, { input: { mail: 'Where is my parcel?' } })
    expect(await passed.result()).toMatchObject({ status: 'completed', output: { reply: 'It is on its way.' } })
    // The script has one answer: a second request would have failed, and a missing one is reported here.
    model.assertComplete()
    await runtime.close()
  })
})
