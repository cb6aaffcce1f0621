import { blamePath, createRuntime, readHistory } from '@waystone/core'
import { scriptedModel, seededIds } from '@waystone/testing'
import { describe, expect, it } from 'vitest'
import { article } from './defining.ts'

describe('article', () => {
  it('is written, translated, judged, approved with an answer, and published', async () => {
    const sources = [{ url: 'https://example.org/tides', title: 'tides' }]
    const model = scriptedModel({
      write: [
        { calls: [{ name: 'search', arguments: { query: 'tides' } }] },
        { output: { draft: 'The moon pulls the sea.', sources } },
      ],
      translate: [{ output: { translation: 'Der Mond zieht am Meer.' } }],
      style: [{ output: { outcome: 'pass', reasons: ['plain'], score: 0.9 } }],
    })
    const runtime = createRuntime({
      models: { good: model, fast: model },
      prices: { good: { inputUsd: 2, outputUsd: 8 }, fast: { inputUsd: 0.2, outputUsd: 0.8 } },
      secrets: (name) => (name === 'BLOG_TOKEN' ? 'token-of-the-blog' : undefined),
      ids: seededIds(1),
    })
    const run = await runtime.start(article, { input: { topic: 'tides' } })
    await run.result()
    for (const request of await run.requests()) {
      if (request.kind !== 'approval') continue
      expect(request).toMatchObject({ role: 'editor', heard: { style: { outcome: 'pass', score: 0.9 } } })
      await run.decide(request, { outcome: 'approved', response: { tags: ['moon'] }, by: 'ada' })
    }
    const result = await run.result()
    expect(result).toMatchObject({ status: 'completed', usage: { modelCalls: 4, toolCalls: 2 } })
    expect(result.output?.published).toMatch(/^https:\/\/example\.org\/posts\/run-0001/)

    const history = await readHistory(runtime.store, run.runId)
    expect(history.at(history.last).snapshot.context.state['tags']).toEqual(['draft', 'moon'])
    expect(blamePath(history, ['sources']).sources).toEqual(['https://example.org/tides'])
    model.assertComplete()
    await runtime.close()
  })
})
