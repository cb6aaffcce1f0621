import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { createRuntime, defineState, END, type Model } from '../src/index.ts'
import { nodeError } from '../src/executor.ts'

// #region model
/** Asks a service that answers `{ text, tokensIn, tokensOut }`. */
const service: Model = {
  name: 'service:small',
  async call(request, { signal, effectId, secret, onToken }) {
    const response = await ask({ key: await secret('SERVICE_KEY'), request, idempotencyKey: effectId, signal })
    if (response.status === 429) {
      throw nodeError('WAYSTONE_NODE_MODEL_FAILED', 'the service is busy', {
        retryable: true,
        retryAfterMs: response.retryAfterMs,
        details: { status: 429 },
      })
    }
    onToken(response.text)
    return {
      message: { role: 'assistant', content: [{ type: 'text', text: response.text }], calls: [] },
      finish: 'stop',
      usage: { inputTokens: response.tokensIn, outputTokens: response.tokensOut, cachedTokens: 0, reasoningTokens: 0 },
      model: 'service-small-2026-11',
    }
  },
}
// #endregion model

interface Asked {
  readonly key: string
  readonly request: unknown
  readonly idempotencyKey: string
  readonly signal: AbortSignal
}

const asked: Asked[] = []

/** Stands for the service: busy once, then answers. */
function ask(given: Asked) {
  asked.push(given)
  const isBusy = asked.length === 1
  return Promise.resolve({
    status: isBusy ? 429 : 200,
    retryAfterMs: 1,
    text: '{"answer":"4"}',
    tokensIn: 20,
    tokensOut: 4,
  })
}

describe('a model written by hand', () => {
  it('is retried, counted and believed only as far as it fits', async () => {
    const w = defineState({ question: z.string(), answer: z.string().optional() })
    const n = w.nodes({
      think: w.agent({
        model: 'small',
        instructions: 'Answer.',
        reads: ['question'],
        writes: ['answer'],
        retry: { attempts: 2, backoff: 1 },
      }),
    })
    const workflow = w.workflow('ask', {
      input: z.object({ question: z.string() }),
      output: ['answer'],
      nodes: n,
      start: n.think,
      edges: { think: { done: END } },
    })
    const runtime = createRuntime({ models: { small: service }, secrets: () => 'sk-hidden' })
    const run = await runtime.start(workflow, { input: { question: '2+2?' } })
    expect(await run.result()).toMatchObject({
      status: 'completed',
      output: { answer: '4' },
      usage: { modelCalls: 2, inputTokens: 20, outputTokens: 4, estimatedCalls: 0 },
    })
    expect(asked.map(({ key, idempotencyKey }) => [key, idempotencyKey])).toEqual([
      ['sk-hidden', `${run.runId}/0`],
      ['sk-hidden', `${run.runId}/0`],
    ])
    await runtime.close()
  })
})
