import { defineState, defineTool, END, type Model, type ModelResponse } from '@waystone/core'
import { z } from 'zod'

const lookUp = defineTool({
  name: 'look-up',
  description: 'Looks an order up.',
  effect: 'pure',
  input: z.object({ order: z.string() }),
  output: z.object({ paidUsd: z.number() }),
  run: () => ({ paidUsd: 250 }),
})

// #region tool
const refund = defineTool({
  name: 'refund',
  description: 'Pays a customer back.',
  effect: 'keyed',
  input: z.object({ order: z.string(), usd: z.number().positive() }),
  output: z.object({ receipt: z.string() }),
  approval: {
    when: ({ usd }) => usd > 100 && `${usd} USD is over 100`,
    reason: 'Money leaves the house.',
    role: 'manager',
    expiresIn: '2d',
  },
  run: ({ usd }, context) => ({ receipt: `${usd} USD, ${context.effectId.split('/')[1] ?? ''}` }),
})
// #endregion tool

const w = defineState({ mail: z.string(), confidence: z.number().optional(), reply: z.string().optional() })

// #region rule
const isUnsure = w.guard('isUnsure', ['confidence'], ({ confidence }) => (confidence ?? 0) < 0.7)

const n = w.nodes({
  clerk: w.agent({
    model: 'clerk',
    instructions: 'Answer the customer. Look the order up before you refund.',
    reads: ['mail'],
    writes: ['reply'],
    tools: [lookUp, refund],
    toolRules: { 'look-up': { approval: { when: isUnsure, canEdit: false } } },
  }),
})
// #endregion rule

export const desk = w.workflow('desk', {
  input: z.object({ mail: z.string(), confidence: z.number() }),
  output: ['reply'],
  nodes: n,
  start: n.clerk,
  edges: { clerk: { done: END } },
  // #region policy
  policies: [{ never: lookUp, without: 'approval', given: isUnsure }],
  // #endregion policy
})

function answer(text: string, calls: ModelResponse['message']['calls'] = []): ModelResponse {
  return {
    message: { role: 'assistant', content: [{ type: 'text', text }], calls },
    finish: calls.length > 0 ? 'tool-calls' : 'stop',
    usage: { inputTokens: 80, outputTokens: 20, cachedTokens: 0, reasoningTokens: 0 },
    model: 'offline:clerk',
  }
}

/** Asks for an order and two refunds, then says what came of them. */
const offlineClerk: Model = {
  name: 'offline:clerk',
  call({ messages }) {
    const told = messages.filter(({ role }) => role === 'tool').length
    if (told > 0) return Promise.resolve(answer(JSON.stringify({ reply: `It is settled (${told} calls).` })))
    return Promise.resolve(
      answer('The parcel never came.', [
        { id: 'c1', name: 'look-up', arguments: { order: 'o-7' } },
        { id: 'c2', name: 'refund', arguments: { order: 'o-7', usd: 20 } },
        { id: 'c3', name: 'refund', arguments: { order: 'o-8', usd: 250 } },
      ]),
    )
  },
}

export const offlineModels = { clerk: offlineClerk }
