import { buildGraph, check, createRuntime } from '@waystone/core'
import { describe, expect, it } from 'vitest'
import { claims, offers } from './meeting.ts'

describe('claims', () => {
  it('writes the letter when policy and price are there, with or without an expert', async () => {
    expect(check(buildGraph(claims)).findings).toEqual([])
    const runtime = createRuntime({ workflows: [claims] })
    const small = await runtime.start(claims, { input: { claim: 'c-1', amountUsd: 20 } })
    expect((await small.result()).output).toEqual({ letter: 'gold: 700 dollars' })
    const large = await runtime.start(claims, { input: { claim: 'c-2', amountUsd: 20_000 } })
    expect((await large.waits()).map(({ node }) => node)).toEqual(['expert'])
    await runtime.close()
  })
})

describe('offers', () => {
  it('is accepted, and stopped from outside', async () => {
    expect(check(buildGraph(offers)).findings.filter(({ severity }) => severity === 'error')).toEqual([])
    const runtime = createRuntime({ workflows: [offers] })
    const run = await runtime.start(offers, { input: { claim: 'c-1', amountUsd: 20 } })
    await run.send('stop', null, { id: 's-1' })
    expect((await run.result()).status).toBe('completed')
    await runtime.close()
  })
})
