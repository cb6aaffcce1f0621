import { buildGraph, check, createMemoryGroupStore, createMemoryStore, readHistory } from '@waystone/core'
import { scriptedModel } from '@waystone/testing'
import { describe, expect, it } from 'vitest'
import { shop, shopRuntime } from './groups.ts'

describe('shop', () => {
  // #region test
  it('pays with secrets of its group, and nobody else sees the card (M3)', async () => {
    const writer = scriptedModel({ write: [{ output: { letter: 'Thank you.' } }] })
    const [store, vault] = [createMemoryStore(), createMemoryGroupStore()]
    const runtime = shopRuntime({ models: { writer }, store, vault })
    const run = await runtime.start(shop, { input: { order: 'o-1250' } })
    expect((await run.result()).output).toEqual({ paid: true, letter: 'Thank you.' })

    // What models outside of the group were asked.
    expect(JSON.stringify(writer.calls)).toContain('o-1250')
    expect(JSON.stringify(writer.calls)).not.toContain('card of')
    // The store that was passed in knows nothing of the group's: what somebody reads who has the runs only.
    const outside = await readHistory(store, run.runId)
    expect(outside.withheld).toEqual(['billing'])
    expect(outside.at(outside.last).snapshot.context.state).toMatchObject({
      card: 'private to group billing',
      paid: true,
    })
    const texts = await store.checkpoints(run.runId, 0, outside.last)
    expect(texts.map(({ text }) => text).join()).not.toContain('card of')
    // The runtime's own is bound with it.
    const inside = await readHistory(runtime.store, run.runId)
    expect(inside.at(inside.last).snapshot.context.state['card']).toBe('card of o-1250')
    await runtime.close()
  })
  // #endregion test

  it('has no findings', () => {
    expect(check(buildGraph(shop)).findings).toEqual([])
  })
})
