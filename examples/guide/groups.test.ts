import { buildGraph, check, createMemoryGroupStore, readHistory } from '@waystone/core'
import { scriptedModel } from '@waystone/testing'
import { describe, expect, it } from 'vitest'
import { shop, shopRuntime } from './groups.ts'

describe('shop', () => {
  it('pays with secrets of its group, and nobody else sees the card (M3)', async () => {
    const writer = scriptedModel({ write: [{ output: { letter: 'Thank you.' } }] })
    const runtime = shopRuntime({ writer }, createMemoryGroupStore())
    const run = await runtime.start(shop, { input: { order: 'o-1250' } })
    expect((await run.result()).output).toEqual({ paid: true, letter: 'Thank you.' })
    const prompts = JSON.stringify(writer.calls)
    expect(prompts).toContain('o-1250')
    expect(prompts).not.toContain('card of')
    const stored = await runtime.store.checkpoints(run.runId, 0, 100)
    expect(stored.map(({ text }) => text).join('')).not.toContain('card of')
    const history = await readHistory(runtime.store, run.runId)
    expect(history.at(history.last).snapshot.context.state['card']).toBe('card of o-1250')
    await runtime.close()
  })

  it('has no findings', () => {
    expect(check(buildGraph(shop)).findings).toEqual([])
  })
})
