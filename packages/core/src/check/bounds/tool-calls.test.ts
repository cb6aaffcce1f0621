import { describe, expect, it } from 'vitest'
import { graphFixture } from '../../../test/graphs/graph-fixture.ts'
import type { AgentRecord, RetryRecord } from '../../graph/graph.ts'
import { mostCalls } from './tool-calls.ts'

const thrice: RetryRecord = { attempts: 3, backoffMs: 0, factor: 1, maxBackoffMs: 0, jitter: 0 }

function most(toolRules: AgentRecord['toolRules'], calls: number): readonly number[] {
  const graph = graphFixture({
    tools: { look: { effect: 'pure', retry: thrice }, pay: 'keyed', spare: { effect: 'pure', retry: thrice } },
    nodes: { a: { kind: 'agent', tools: ['look', 'pay'], ...(toolRules !== undefined && { toolRules }) } },
    edges: { a: { done: ':end' } },
  })
  const node = graph.nodes['a']
  if (node?.kind !== 'agent') throw new TypeError('no agent')
  return (['steps', 'attempts'] as const).map((what) => mostCalls(graph, node, { calls, what }))
}

describe('mostCalls', () => {
  it('takes every call for one of the tool that is tried most often', () => {
    expect(most(undefined, 10)).toEqual([10, 30])
  })

  it('counts alternates as steps and tries of their own (T4)', () => {
    expect(most({ look: { alternates: ['spare', 'pay'] } }, 10)).toEqual([30, 70])
  })

  it('is bounded by the calls that rules allow', () => {
    expect(most({ look: { maxCalls: 2 } }, 10)).toEqual([10, 14])
    expect(most({ look: { maxCalls: 2 }, pay: { maxCalls: 1 } }, 10)).toEqual([3, 7])
    expect(most({ look: { maxCalls: 0 }, pay: { maxCalls: 0 } }, 10)).toEqual([0, 0])
  })

  it('does not take a bound of calls for one of questions: a rejected call is none', () => {
    const approval = {
      when: 'always',
      role: null,
      reason: '',
      expiresInMs: null,
      canEdit: false,
      canAskBack: false,
    } as const
    expect(most({ look: { maxCalls: 2, approval }, pay: { maxCalls: 1 } }, 10)).toEqual([10, 7])
  })
})
