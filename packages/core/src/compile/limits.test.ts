import { describe, expect, it } from 'vitest'
import { graphFixture } from '../../test/graphs/graph-fixture.ts'
import { limitNames, type Graph, type LimitName } from '../graph/graph.ts'
import type { RunContext } from '../snapshot/snapshot.ts'
import { noUsage, type UsageDelta } from '../snapshot/usage.ts'
import { findLimitHit, limitsLeft, needOf, usedOf, type Need } from './limits.ts'
import { initialContext } from './steps.ts'

function graphWith(name: LimitName, max: number, check: 'before' | 'after'): Graph {
  const graph = graphFixture({ nodes: { a: 'agent' }, edges: { a: { done: ':end' } } })
  return { ...graph, limits: { ...graph.limits, bounds: { [name]: { max, check } } } }
}

/** A context in which so much of a limit is used. */
function contextWith(name: LimitName, used: number): RunContext {
  const context = initialContext({}, 1000)
  if (name === 'steps') return { ...context, steps: used }
  if (name === 'durationMs') return context
  return { ...context, usage: { ...noUsage, [name === 'tokens' ? 'outputTokens' : name]: used } }
}

function open(reserved: UsageDelta): RunContext['open'] {
  return { 0: { node: 'a', visit: 1, kind: 'model', attempt: 1, since: 0, reserved } }
}

const modelCall: Need = { steps: 1, reserved: { modelCalls: 1 } }
const toolCall: Need = { steps: 1, reserved: { toolCalls: 1 } }
const nothing: Need = { steps: 1, reserved: {} }

/** What each limit needs to be broken by a call. */
const calls: { readonly [name in LimitName]: Need } = {
  steps: nothing,
  modelCalls: modelCall,
  toolCalls: toolCall,
  tokens: modelCall,
  inputTokens: modelCall,
  outputTokens: modelCall,
  cachedTokens: modelCall,
  reasoningTokens: modelCall,
  costUsd: modelCall,
  durationMs: nothing,
}

describe('findLimitHit', () => {
  it.each(limitNames.filter((name) => name !== 'durationMs'))('lets %s be used up and no more', (name) => {
    for (const check of ['before', 'after'] as const) {
      const graph = graphWith(name, 3, check)
      const hits = [2, 3, 4].map((used) =>
        findLimitHit(graph, contextWith(name, used), { need: calls[name], at: 1000 }),
      )
      expect(hits).toEqual([undefined, { name, used: 3, max: 3 }, { name, used: 4, max: 3 }])
    }
  })

  it('ends the time after its last millisecond', () => {
    const graph = graphWith('durationMs', 50, 'before')
    const hitAt = (at: number | undefined): unknown =>
      findLimitHit(graph, initialContext({}, 1000), { need: nothing, at })
    expect([hitAt(1050), hitAt(1051), hitAt(undefined)]).toEqual([
      undefined,
      { name: 'durationMs', used: 51, max: 50 },
      undefined,
    ])
  })

  it.each(['tokens', 'outputTokens', 'costUsd', 'modelCalls'] as const)(
    'does not stop a step that uses no %s',
    (name) => {
      expect(
        findLimitHit(graphWith(name, 3, 'before'), contextWith(name, 9), { need: nothing, at: 1000 }),
      ).toBeUndefined()
    },
  )

  it('counts what is set aside by calls that run, when it checks before', () => {
    const context = { ...contextWith('outputTokens', 50), open: open({ modelCalls: 1, outputTokens: 40 }) }
    const need: Need = { steps: 1, reserved: { modelCalls: 1, outputTokens: 20 } }
    expect(findLimitHit(graphWith('outputTokens', 100, 'before'), context, { need, at: 0 })).toMatchObject({ used: 90 })
    expect(findLimitHit(graphWith('tokens', 110, 'before'), context, { need, at: 0 })).toBeUndefined()
    expect(findLimitHit(graphWith('outputTokens', 100, 'after'), context, { need, at: 0 })).toBeUndefined()
  })

  it('counts what cancelled calls have set aside until they settle', () => {
    const context = { ...contextWith('modelCalls', 1), closing: open({ modelCalls: 1 }) }
    expect(findLimitHit(graphWith('modelCalls', 2, 'before'), context, { need: modelCall, at: 0 })).toMatchObject({
      used: 2,
    })
  })

  it('stops calls at a bound of 0 on money or tokens only once something was used', () => {
    for (const check of ['before', 'after'] as const) {
      const graph = graphWith('costUsd', 0, check)
      expect(findLimitHit(graph, contextWith('costUsd', 0), { need: modelCall, at: 0 })).toBeUndefined()
      expect(findLimitHit(graph, contextWith('costUsd', 0.01), { need: modelCall, at: 0 })).toMatchObject({
        used: 0.01,
      })
    }
  })

  it('names the first limit in the order of their names', () => {
    const graph = graphFixture({ nodes: { a: 'agent' }, edges: {}, limits: { modelCalls: 0, steps: 0 } })
    expect(findLimitHit(graph, initialContext({}, 0), { need: modelCall, at: 0 })?.name).toBe('steps')
  })

  it('stops nothing any more once a limit has been taken', () => {
    const context: RunContext = { ...contextWith('steps', 99), exhausted: { limit: 'steps', at: 1 } }
    expect(findLimitHit(graphWith('steps', 1, 'before'), context, { need: nothing, at: 0 })).toBeUndefined()
  })
})

describe('needOf', () => {
  it('says what entering a node of each kind sets aside', () => {
    const graph = graphFixture({
      nodes: {
        a: { kind: 'agent', maxInputTokens: 9, maxOutputTokens: 5 },
        t: 'tool',
        g: 'gate',
        p: 'approval',
        k: 'task',
      },
      edges: {},
    })
    const needs = Object.values(graph.nodes).map((record) => needOf(record, initialContext({}, 0)).reserved)
    expect(needs).toEqual([{ modelCalls: 1, inputTokens: 9, outputTokens: 5 }, { toolCalls: 1 }, {}, {}, {}])
  })
})

describe('limitsLeft', () => {
  it.each(limitNames)('says what is left of %s, never less than nothing', (name) => {
    const graph = graphWith(name, 10, 'before')
    const used = contextWith(name, 4)
    const at = name === 'durationMs' ? 1004 : 1000
    expect(limitsLeft(graph, used, at)).toEqual({ [name]: 6 })
    expect(limitsLeft(graph, contextWith(name, 40), at + 40)).toEqual({ [name]: 0 })
    expect(usedOf(used, name)).toBe(name === 'durationMs' ? 0 : 4)
  })

  it('does not drift with money', () => {
    expect(limitsLeft(graphWith('costUsd', 0.3, 'before'), contextWith('costUsd', 0.1), 0)).toEqual({ costUsd: 0.2 })
  })
})
