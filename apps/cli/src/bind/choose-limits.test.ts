import { buildGraph, defineState, defineTool, END, InputError, type Graph, type Model } from '@waystone/core'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { chooseLimits } from './choose-limits.ts'

const text = z.object({ text: z.string() })
const search = defineTool({
  name: 'search',
  description: 'Searches.',
  input: text,
  output: text,
  run: (found) => found,
})
const w = defineState({ text: z.string() })
const n = w.nodes({ search: w.tool(search, { reads: ['text'], writes: ['text'] }) })
const searching = w.workflow('searching', {
  input: text,
  output: ['text'],
  nodes: n,
  start: n.search,
  edges: { search: { done: END } },
})
const graph: Graph = buildGraph(searching).graph

const model: Model = {
  name: 'any',
  call: () => Promise.reject(new InputError('WAYSTONE_INPUT_CONFIG', 'never called')),
}
const limits = {
  models: { fast: { concurrent: 2 }, good: { perMinute: 5 } },
  tools: { search: { concurrent: 1 }, 'of-another-workflow': { concurrent: 1 } },
  resources: { crm: { perSecond: 5 } },
}

describe('chooseLimits', () => {
  it('takes what the workflow uses of a configuration that serves many, and limits real models only', () => {
    const config = { limits, models: { fast: model, good: model }, offlineModels: { fast: model } }
    const { tools, resources } = limits
    const kept = { tools: { search: tools.search }, resources }
    expect(chooseLimits({ graph, config, models: { fast: model, good: model }, isLive: true })).toEqual({
      ...kept,
      models: limits.models,
    })
    expect(chooseLimits({ graph, config, models: { fast: model }, isLive: false })).toEqual({ ...kept, models: {} })
    expect(chooseLimits({ graph, config: {}, models: {}, isLive: true })).toBeUndefined()
  })

  it('refuses limits of a model that is bound nowhere', () => {
    const config = { limits, models: { fast: model } }
    expect(() => chooseLimits({ graph, config, models: { fast: model }, isLive: false })).toThrow(
      'option limits.models.good: no model of that name is bound; bound are: fast',
    )
  })
})
