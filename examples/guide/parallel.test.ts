import { buildGraph, check, createRuntime, hasErrors } from '@waystone/core'
import { describe, expect, it } from 'vitest'
import { careful, research } from './parallel.ts'

describe('research', () => {
  it('goes on when two of three have answered', async () => {
    const runtime = createRuntime({ workflows: [research] })
    const run = await runtime.start(research, { input: { topic: 'tides', findings: [] } })
    const { status, output } = await run.result()
    expect(status).toBe('completed')
    expect(output?.answer).toMatch(/0 failed$/)
    await runtime.close()
  })

  it('is bounded by its branches together, in time by the longest', () => {
    const { bounds, findings } = check(buildGraph(research))
    expect(findings).toEqual([])
    expect(bounds.steps.graph.max).toBe(5)
  })
})

describe('careful', () => {
  it('ends the fork when it gets expensive', async () => {
    expect(hasErrors(check(buildGraph(careful)))).toBe(false)
    const runtime = createRuntime({ workflows: [careful] })
    const run = await runtime.start(careful, { input: { topic: 'tides', findings: [] } })
    expect((await run.result()).status).toBe('completed')
    await runtime.close()
  })
})
