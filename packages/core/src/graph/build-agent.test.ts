import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { defineAgent } from '../define/agent.ts'
import { END } from '../define/edge.ts'
import { defineState } from '../define/state.ts'
import { buildGraph } from './build.ts'
import type { AgentFunctions } from './registry.ts'

const translate = defineAgent({
  model: 'fast',
  instructions: 'Translate.',
  input: z.object({ text: z.string(), language: z.string().default('German') }),
  output: z.object({ reply: z.string() }),
  maxModelCalls: 3,
})
const summarise = defineAgent({
  model: 'good',
  instructions: 'Summarise.',
  input: z.object({ text: z.string() }),
  output: z.string(),
  prompt: ({ text }) => `Please: ${text}`,
})

const w = defineState({ text: z.string(), reply: z.string().optional() })
const n = w.nodes({
  fits: w.agent(translate, { reads: ['text'], writes: ['reply'], maxModelCalls: 2, timeout: '5s' }),
  mapped: w.agent(summarise, {
    reads: ['reply'],
    writes: ['reply'],
    input: ({ state }) => ({ text: state.reply ?? '' }),
    apply: (text) => ({ reply: text }),
  }),
  made: w.agent({ model: 'fast', reads: ['text'], hears: [], instructions: ({ state }) => `Answer ${state.text}.` }),
})
const { graph, registry } = buildGraph(
  w.workflow('agents', {
    input: z.object({ text: z.string() }),
    output: ['reply'],
    nodes: n,
    start: n.fits,
    edges: { fits: { done: n.mapped }, mapped: { done: n.made }, made: { done: END } },
  }),
)

function functionsOf(node: string): AgentFunctions {
  const functions = registry.nodes.get(node)
  if (functions?.kind !== 'agent') throw new TypeError(`${node} is no agent`)
  return functions
}

describe('an agent defined apart from its workflow', () => {
  it('keeps what it is and takes the bounds of the node', () => {
    expect(graph.nodes['fits']).toMatchObject({
      kind: 'agent',
      model: 'fast',
      instructions: 'Translate.',
      maxModelCalls: 2,
      timeoutMs: 5_000,
      outcomes: ['done', 'failed', 'timeout'],
    })
  })

  it('is asked with its parsed input', () => {
    const { prompt } = functionsOf('fits')
    expect(prompt?.({ state: { text: 'Hello' }, heard: {} })).toBe('{"text":"Hello","language":"German"}')
    expect(functionsOf('mapped').prompt?.({ state: { reply: 'long' }, heard: {} })).toBe('Please: long')
  })

  it('is refused input that does not fit', () => {
    const { prompt } = functionsOf('fits')
    expect(() => prompt?.({ state: { text: 5 }, heard: {} })).toThrow(
      expect.objectContaining({ code: 'WAYSTONE_NODE_BAD_INPUT' }),
    )
  })

  it('answers in plain text when its output is a plain string', () => {
    expect(graph.nodes['mapped']).toMatchObject({ outputSchema: null })
    expect(functionsOf('mapped').output).toBeNull()
    expect(functionsOf('mapped').apply?.('short', { state: {}, heard: {} })).toEqual({ reply: 'short' })
  })
})

describe('an agent inside its workflow', () => {
  it('may have its instructions made by a function, whose text is no part of any hash', () => {
    expect(graph.nodes['made']).toMatchObject({ instructions: null, writes: [], outputSchema: null })
    expect(functionsOf('made').instructions?.({ state: { text: 'it' }, heard: {} })).toBe('Answer it.')
  })
})
