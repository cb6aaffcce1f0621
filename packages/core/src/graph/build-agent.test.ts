import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { defineAgent } from '../define/agent.ts'
import { END } from '../define/edge.ts'
import { defineState } from '../define/state.ts'
import { DefinitionError } from '../errors/definition-error.ts'
import { buildGraph } from './build.ts'
import { parseGraph } from './parse.ts'
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

describe('limits of an agent', () => {
  const base = { model: 'fast', instructions: 'Answer.' }

  it('give it an outcome, and are part of the identity', () => {
    const limited = fallbackGraph({
      ...base,
      limits: { toolCalls: 3, duration: '1m', costUsd: { max: 1, check: 'after' } },
    })
    expect(limited.graph.nodes['one']).toMatchObject({
      outcomes: ['done', 'failed', 'exhausted'],
      limits: {
        toolCalls: { max: 3, check: 'before' },
        costUsd: { max: 1, check: 'after' },
        durationMs: { max: 60_000, check: 'before' },
      },
    })
    expect(parseGraph(JSON.stringify(limited.graph))).toEqual(limited.graph)
    expect(limited.hashes.graph).not.toBe(fallbackGraph(base).hashes.graph)
    expect(fallbackGraph({ ...base, limits: {} }).graph.nodes['one']?.outcomes).toEqual(['done', 'failed'])
  })

  it('are refused when they mean nothing', () => {
    expect(() => fallbackGraph({ ...base, limits: { steps: 3 } })).toThrow('no option "steps"')
    expect(() => fallbackGraph({ ...base, limits: { toolCalls: -1 } })).toThrow('node "one", limit toolCalls is -1')
  })
})

describe('fallbacks of an agent', () => {
  const good = { model: 'fast', instructions: 'Answer.' }

  it('are in the graph by number, in the behaviour by name', () => {
    const one = fallbackGraph({ ...good, fallbacks: ['good', 'best'], fallbackOn: ['failure', 'misfit'] })
    expect(one.graph.nodes['one']).toMatchObject({
      fallbacks: [{ model: 'good' }, { model: 'best' }],
      fallbackOn: ['failure', 'misfit'],
    })
    expect(parseGraph(JSON.stringify(one.graph))).toEqual(one.graph)
    const other = fallbackGraph({ ...good, fallbacks: ['best', 'other'], fallbackOn: ['failure', 'misfit'] })
    expect(other.hashes.graph).toBe(one.hashes.graph)
    expect(other.hashes.behaviour).not.toBe(one.hashes.behaviour)
    expect(fallbackGraph({ ...good, fallbacks: ['good'] }).hashes.graph).not.toBe(one.hashes.graph)
    expect(fallbackGraph(good).graph.nodes['one']).not.toHaveProperty('fallbacks')
  })

  it('are refused when they are no other models, or when a reason stands without them', () => {
    const found = (agent: object): readonly string[] => {
      try {
        fallbackGraph(agent)
      } catch (error) {
        if (error instanceof DefinitionError)
          return error.issues.map(({ place, message }) => `${place.path}: ${message}`)
      }
      return []
    }
    expect(found({ ...good, fallbacks: ['fast'] })).toEqual([
      'asked.nodes.one.fallbacks: node "one": fallbacks names "fast", which is its model already',
    ])
    expect(found({ ...good, fallbacks: ['good', 'good'] })).toEqual([
      'asked.nodes.one.fallbacks: node "one": fallbacks names "good" twice',
    ])
    expect(found({ ...good, fallbacks: ['good'], fallbackOn: ['boredom'] })).toEqual([
      'asked.nodes.one.fallbackOn: node "one": fallbackOn is a list; expected is a list of failure, refusal, filtered, cut, misfit',
    ])
    expect(found({ ...good, fallbackOn: ['failure'] })).toHaveLength(1)
  })

  it('of a reviewing gate give it more calls', () => {
    const gate = w.nodes({
      one: w.gate({ outcomes: ['pass'], model: 'fast', instructions: 'Judge.', fallbacks: ['good'] }),
    })
    const built = buildGraph(
      w.workflow('judged', {
        input: z.object({ text: z.string() }),
        output: [],
        nodes: gate,
        start: gate.one,
        edges: { one: { pass: END } },
      }),
    )
    expect(built.graph.nodes['one']).toMatchObject({ reviewer: { fallbacks: [{ model: 'good' }], maxModelCalls: 6 } })
  })
})

function fallbackGraph(agent: object): ReturnType<typeof buildGraph> {
  // What a plain JavaScript author may write.
  const one = w.nodes({ one: w.agent(agent as { model: string; instructions: string }) })
  return buildGraph(
    w.workflow('asked', {
      input: z.object({ text: z.string() }),
      output: [],
      nodes: one,
      start: one.one,
      edges: { one: { done: END } },
    }),
  )
}
