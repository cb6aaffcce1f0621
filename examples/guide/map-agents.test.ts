import { buildGraph, check, createRuntime } from '@waystone/core'
import { scriptedModel } from '@waystone/testing'
import { describe, expect, it } from 'vitest'
import { project } from './map-agents.ts'

describe('project', () => {
  it('reviews and documents every file, each behind its own editor', async () => {
    const model = scriptedModel({
      'reviewAll/agent': [{ output: { problems: ['no test'] } }, { output: { problems: [] } }],
      'document/write': [{ output: { text: 'one' } }, { output: { text: 'two' } }],
    })
    const runtime = createRuntime({ workflows: [project], models: { small: model } })
    const run = await runtime.start(project, { input: { files: ['a.ts', 'b.ts'], rules: 'tests' } })
    expect(await run.result()).toMatchObject({ status: 'waiting' })
    const requests = await run.requests()
    expect(requests.map(({ node, items }) => [node, items])).toEqual([
      ['document/editor', [0]],
      ['document/editor', [1]],
    ])
    for (const request of requests) await run.decide(request, { outcome: 'approved', by: 'ada' })
    expect(await run.result()).toMatchObject({
      status: 'completed',
      output: { problems: ['no test'], pages: ['one', 'two'] },
    })
    await runtime.close()
  })

  it('is bounded by its items', () => {
    const { bounds, findings } = check(buildGraph(project))
    expect(findings).toEqual([])
    // Two model calls an agent; three rounds of a page, with as many as 8 calls each.
    expect(bounds.modelCalls.graph.max).toBe(200 * 2 + 200 * 3 * 8)
    expect(bounds.modelCalls.limited.max).toBe(500)
  })
})
