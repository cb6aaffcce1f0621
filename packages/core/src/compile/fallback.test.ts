import { describe, expect, it } from 'vitest'
import { answer, calls, compileFixture, HandRun } from '../../test/engine/hand-run.ts'
import type { NodeNotation } from '../../test/graphs/graph-fixture.ts'
import type { RetryRecord } from '../graph/graph.ts'
import type { EffectEnd } from '../snapshot/event.ts'

const twice: RetryRecord = { attempts: 2, backoffMs: 100, factor: 1, maxBackoffMs: 100, jitter: 0 }

function failure(fallback: EffectEnd['fallback'], retryable = false): Partial<EffectEnd> {
  const error = { name: 'NodeError', code: 'WAYSTONE_NODE_MODEL_FAILED', message: 'busy', retryable }
  return { error, ...(fallback !== undefined && { fallback }) }
}

function startAgent(agent: Partial<Extract<NodeNotation, { readonly kind: 'agent' }>> = {}): HandRun {
  const run = new HandRun(
    compileFixture({
      tools: { look: 'pure' },
      nodes: {
        a: {
          kind: 'agent',
          tools: ['look'],
          writes: ['n'],
          retry: twice,
          fallbacks: [{ model: 'good' }, { model: 'best' }],
          ...agent,
        },
      },
      edges: { a: { done: ':end' } },
    }),
  )
  run.start({})
  return run
}

describe('a fallback model', () => {
  it('is asked under the same step when the attempts of the model before are used up (R7)', () => {
    const run = startAgent()
    run.end(0, 'failed', failure('failure', true))
    expect(run.openStep(0)).toMatchObject({ attempt: 2, notBefore: run.at + 100 })
    run.end(0, 'failed', failure('failure', true))
    expect(run.taken).toEqual(['a:retry', 'a:fallback'])
    expect(run.openStep(0)).toMatchObject({ attempt: 3, model: 1, attemptsBefore: 2 })
    expect(run.openStep(0)).not.toHaveProperty('notBefore')
    expect(run.last.commands).toEqual([{ type: 'effect', step: 0, node: 'a', kind: 'model', attempt: 3 }])
    run.end(0, 'failed', failure('failure', true))
    run.end(0, 'failed', failure('failure', true))
    expect(run.openStep(0)).toMatchObject({ attempt: 5, model: 2, attemptsBefore: 4 })
    run.end(0, 'done', answer({ n: 1 }))
    expect(run.last.status).toBe('completed')
    expect(run.context.usage.modelCalls).toBe(5)
  })

  it('is asked at once when the provider will not answer at all', () => {
    const run = startAgent()
    run.end(0, 'failed', failure('failure'))
    expect(run.openStep(0)).toMatchObject({ attempt: 2, model: 1 })
    expect(run.taken).toEqual(['a:fallback'])
  })

  it('is asked when the model before took too long', () => {
    const run = startAgent({ retry: { ...twice, attempts: 1 }, timeoutMs: 1_000 })
    run.end(0, 'timeout', failure(undefined))
    expect(run.openStep(0)).toMatchObject({ attempt: 2, model: 1 })
  })

  it('answers the rest of the visit, and says in the conversation that it did', () => {
    const run = startAgent()
    run.end(0, 'failed', failure('failure'))
    run.end(0, 'done', calls(['c1', 'look']))
    run.end(1, 'done', { result: 1 })
    expect(run.openStep(2)).toMatchObject({ attempt: 1, model: 1 })
    run.end(2, 'failed', failure('failure'))
    run.end(2, 'done', answer({ n: 1 }))
    expect(run.context.private['a']).toMatchObject({ model: 2 })
    expect(run.context.private['a']?.entries).toMatchObject([
      { type: 'model', model: 1 },
      { role: 'assistant' },
      { type: 'results' },
      { type: 'model', model: 2 },
      { role: 'assistant' },
    ])
  })

  it('is not asked for what is no fault of the model, when there is none left, or when the calls of the visit are used up', () => {
    const unfit = startAgent()
    unfit.end(0, 'failed', failure(undefined))
    expect(unfit.last.status).toBe('failed')
    const refused = startAgent()
    refused.end(0, 'failed', failure('refusal'))
    expect(refused.last.status).toBe('failed')
    const last = startAgent({ fallbacks: [{ model: 'good' }] })
    last.end(0, 'failed', failure('failure'))
    last.end(0, 'failed', failure('failure'))
    expect(last.last.decision).toMatchObject({ outcome: 'failed', to: ':fail' })
    const usedUp = startAgent({ maxModelCalls: 1 })
    usedUp.end(0, 'failed', failure('failure'))
    expect(usedUp.last.status).toBe('failed')
  })

  it('is asked for a refusal or an answer that never fits where that is declared, with repairs of its own', () => {
    const refused = startAgent({ fallbackOn: ['refusal'] })
    refused.end(0, 'failed', failure('refusal'))
    expect(refused.openStep(0)).toMatchObject({ model: 1 })
    const misfit = startAgent({ fallbackOn: ['misfit'], repairs: 1 })
    const unfit = { ...answer(), misfit: ['n: missing'] }
    misfit.end(0, 'done', unfit)
    misfit.end(1, 'done', unfit)
    expect(misfit.openStep(2)).toMatchObject({ attempt: 1, model: 1 })
    misfit.end(2, 'done', unfit)
    expect(misfit.openStep(3)).toMatchObject({ model: 1 })
    misfit.end(3, 'done', answer({ n: 2 }))
    expect(misfit.last.status).toBe('completed')
    expect(misfit.taken).toEqual(['a:repair', 'a:repair', 'a:repair', 'a.done'])
  })

  it('has all its attempts again in a fork, and no more', () => {
    const origin = startAgent({ fallbacks: [{ model: 'good' }] })
    origin.end(0, 'failed', failure('failure', true))
    origin.end(0, 'failed', failure('failure', true))
    const run = new HandRun(origin.compiled)
    const from = { runId: origin.runId, sequence: 2, hash: 'h' }
    const payload = { from, snapshot: origin.snapshot, patch: {}, by: 'op', reason: 'try', tags: {} }
    run.feed({ type: 'run.forked', from: 'operator', payload })
    expect(run.openStep(0)).toMatchObject({ attempt: 1, model: 1 })
    run.end(0, 'failed', failure('failure', true))
    run.end(0, 'failed', failure('failure', true))
    expect(run.last.status).toBe('failed')
  })

  it('stands behind a limit of the workflow as any attempt does', () => {
    const run = new HandRun(
      compileFixture({
        nodes: { a: { kind: 'agent', retry: { ...twice, attempts: 1 }, fallbacks: [{ model: 'good' }] } },
        edges: { a: { done: ':end' } },
        limits: { modelCalls: 1 },
      }),
    )
    run.start({})
    run.end(0, 'failed', failure('failure'))
    expect(run.last.decision).toMatchObject({
      candidates: [{ edge: 'a:fallback', verdict: 'exhausted' }],
      limit: { name: 'modelCalls' },
    })
    expect(run.last.status).toBe('exhausted')
  })
})
