import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { END } from '../define/edge.ts'
import { defineState } from '../define/state.ts'
import { buildGraph } from './build.ts'
import { hashGraph } from './hash.ts'
import { parseGraph } from './parse.ts'

const w = defineState({ message: z.string(), reply: z.string().optional() })

function graphWith(own: object, user: object = {}) {
  const n = w.nodes({
    chat: w.agent({ model: 'fast', instructions: 'Chat.', reads: ['message'], writes: ['reply'], ...own }),
    user: w.approval({
      show: ['reply'],
      outcomes: ['said', 'bye'],
      response: z.object({ message: z.string() }),
      ...user,
    }),
  })
  const workflow = w.workflow('chat', {
    input: z.object({ message: z.string() }),
    output: ['reply'],
    nodes: n,
    start: n.chat,
    edges: { chat: { done: n.user }, user: { said: { to: n.chat, limit: 9, otherwise: END }, bye: END } },
  })
  return buildGraph(workflow).graph
}

function faults(own: object, user?: object): readonly string[] {
  try {
    graphWith(own, user)
    return []
  } catch (error) {
    return String(error instanceof Error ? error.message : error).split('\n')
  }
}

describe('history of an agent', () => {
  it('is written with its defaults, and read back', () => {
    const { nodes, ...graph } = graphWith({ maxOutputTokens: 300, history: { over: { answers: 9 }, summary: true } })
    expect(nodes['chat']).toMatchObject({
      history: {
        over: { answers: 9 },
        keep: { answers: 4 },
        summary: { model: 'fast', instructions: null, maxInputTokens: null, maxOutputTokens: 300, otherwise: 'keep' },
      },
    })
    expect(parseGraph(JSON.stringify({ ...graph, nodes })).nodes).toEqual(nodes)
    expect(graphWith({}).nodes['chat']).not.toHaveProperty('history')
    expect(graphWith({ history: { over: { tokens: 800 } } }).nodes['chat']).toMatchObject({
      history: { keep: { tokens: 400 }, summary: null },
    })
  })

  it('is part of what a run is bound to; who writes summaries and how is not', () => {
    const one = hashGraph(graphWith({ history: { over: { answers: 9 }, summary: true } }))
    const other = hashGraph(
      graphWith({ history: { over: { answers: 9 }, summary: { model: 'm', instructions: 'i' } } }),
    )
    expect(other.graph).toBe(one.graph)
    expect(other.behaviour).not.toBe(one.behaviour)
    expect(hashGraph(graphWith({ history: { over: { answers: 8 }, summary: true } })).graph).not.toBe(one.graph)
  })

  it.each([
    [{ history: {} }, 'over is undefined; expected is { answers: n } or { tokens: n }'],
    [{ history: 20 }, 'history is 20; expected is an object'],
    [{ history: { over: 20 } }, 'over is 20; expected is an object'],
    [{ history: { over: { last: 20 } } }, 'expected is { answers: n } or { tokens: n }'],
    [{ history: { over: { answers: 0 } } }, 'expected is a whole number, 1 or more'],
    [
      { history: { over: { answers: 9 }, keep: { answers: 9 } } },
      'keep is {"answers":9}; expected is less than over, which is {"answers":9}',
    ],
    [{ history: { over: { tokens: 9 }, keep: { tokens: 10 } } }, 'expected is less than over, which is {"tokens":9}'],
    [{ history: { over: { answers: 9 }, sumary: true } }, 'has no option "sumary"'],
    [{ history: { over: { answers: 9 }, summary: { otherwise: 'stop' } } }, 'otherwise is "stop"'],
    [{ history: { over: { answers: 9 }, summary: { modle: 'x' } } }, 'has no option "modle"'],
    [{ history: { over: { answers: 9 }, summary: true }, maxModelCalls: 1 }, 'a summary is one of them'],
  ])('refuses %j', (own, message) => {
    expect(faults(own).join('\n')).toContain(message)
  })
})

describe('talk of an approval', () => {
  it('names what the person is told, and what takes the answer with the first outcome', () => {
    const graph = graphWith({}, { talk: { says: 'reply', answer: 'message' } })
    expect(graph.nodes['user']).toMatchObject({ talk: { says: 'reply', answer: 'message', outcome: 'said' } })
    expect(parseGraph(JSON.stringify(graph)).nodes).toEqual(graph.nodes)
  })

  it.each([
    [{ talk: { says: 'message', answer: 'message' } }, 'one of the keys shown, which are "reply"'],
    [{ talk: { says: 'reply', answer: 'reply' } }, 'the one key of response that must be given, and text'],
    [{ talk: { says: 'reply' } }, 'answer'],
    [
      { response: z.object({ message: z.string(), reply: z.string() }), talk: { says: 'reply', answer: 'message' } },
      'the one key of response that must be given, and text',
    ],
  ])('refuses %j', (user, message) => {
    expect(faults({}, user).join('\n')).toContain(message)
  })
})
