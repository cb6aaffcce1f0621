import { buildGraph, defineState, defineTool, END, InputError, type Graph, type Model } from '@waystone/core'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { chooseLimits, unusedLimits } from './choose-limits.ts'

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

describe('unusedLimits', () => {
  it('names limits of tools and models that nothing at hand has', () => {
    const misspelt = { limits: { models: { fats: { concurrent: 1 } }, tools: { serch: { concurrent: 1 } } } }
    expect(unusedLimits({ graph, config: { ...misspelt, models: { fast: model } }, models: {} })).toEqual([
      'option limits.models.fats: no model of that name is bound; bound are: fast',
      "option limits.tools.serch: no workflow at hand has a tool of that name, so it limits nothing here; tools are: search. A tool of another workflow is known when the configuration's `workflows` names that one.",
    ])
  })

  it('knows the tools of the workflow in use and of those the configuration names', () => {
    const config = { limits: { tools: { search: { concurrent: 1 } } } }
    expect(unusedLimits({ graph, config, models: {} })).toEqual([])
    const other = { ...graph, tools: {} }
    expect(unusedLimits({ graph: other, config: { ...config, workflows: [searching] }, models: {} })).toEqual([])
    expect(unusedLimits({ graph: other, config, models: {} })).toHaveLength(1)
  })
})
