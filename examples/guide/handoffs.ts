import { defineState, defineTool, END, type Json, type Model, type ModelRequest } from '@waystone/core'
import { z } from 'zod'

const w = defineState({ question: z.string(), isOpen: z.boolean(), reply: z.string().optional() })
const isOpen = w.guard('isOpen', ['isOpen'], (state) => state.isOpen)

const lookUp = defineTool({
  name: 'look-up',
  description: 'Looks an order up.',
  effect: 'pure',
  input: z.object({ order: z.string() }),
  output: z.object({ status: z.string() }),
  run: ({ order }) => ({ status: `order ${order} was charged twice` }),
})

// #region nodes
const n = w.nodes({
  support: w.agent({
    model: 'fast',
    instructions: 'Answer customers. Invoices are not yours.',
    tools: [lookUp],
    reads: ['question'],
    writes: ['reply'],
    handoffs: {
      billing: {
        description: 'For anything about an invoice, once the order is known.',
        contract: z.object({ order: z.string(), wantsMoneyBack: z.boolean() }),
        slice: { last: 2 },
        doneWhen: 'The customer knows what will be paid back, and when.',
      },
    },
  }),
  billing: w.agent({
    model: 'good',
    instructions: 'You answer for invoices.',
    reads: ['question'],
    writes: ['reply'],
    handoffs: { support: { description: 'When it is not about an invoice.' } },
  }),
  lead: w.approval({
    show: ['question'],
    role: 'lead',
    hears: ['support', 'billing'],
    reason: 'Nobody wants this one.',
  }),
})
// #endregion nodes

/** Support and billing hand over to each other; a person takes what goes back and forth. */
export const desk = w.workflow('desk', {
  input: z.object({ question: z.string(), isOpen: z.boolean() }),
  output: ['reply'],
  nodes: n,
  start: n.support,
  // #region edges
  edges: {
    support: { done: END, billing: { when: isOpen, to: n.billing } },
    billing: { done: END, support: n.support },
    lead: { approved: END, rejected: END },
  },
  limits: { handoffs: { max: 3, identical: 1, within: '10m', escalateTo: n.lead }, modelCalls: 20 },
  // #endregion edges
})

// #region offline
/** A model without a network: reads what it is asked, and calls a tool, hands over, or answers. */
function offlineModel(name: string, turn: (request: ModelRequest) => OfflineTurn): Model {
  return {
    name,
    call(request) {
      const { output, call } = turn(request)
      return Promise.resolve({
        message: {
          role: 'assistant',
          content: output === undefined ? [] : [{ type: 'text', text: JSON.stringify(output) }],
          // Each call of a conversation has an id of its own.
          calls: call === undefined ? [] : [{ id: `call-${request.messages.length}`, ...asJson(call) }],
        },
        finish: call === undefined ? 'stop' : 'tool-calls',
        usage: { inputTokens: 80, outputTokens: 20, cachedTokens: 0, reasoningTokens: 0 },
        model: name,
      })
    },
  }
}

interface OfflineTurn {
  readonly output?: object
  readonly call?: OfflineCall
}

interface OfflineCall {
  readonly name: string
  readonly arguments: object
}

/** Where a function gives one of several calls, TypeScript gives each the keys of the others, as undefined. */
function asJson({ name, arguments: given }: OfflineCall): { readonly name: string; readonly arguments: Json } {
  return { name, arguments: JSON.parse(JSON.stringify(given)) as Json }
}

const invoice = { order: 'o-7', wantsMoneyBack: true, reason: 'It is about an invoice.' }

export const offlineModels = {
  fast: offlineModel('offline:fast', ({ messages, tools }) => {
    const hasLookedUp = messages.some(({ role }) => role === 'tool')
    if (!hasLookedUp) return { call: { name: 'look-up', arguments: { order: 'o-7' } } }
    // A handoff is a tool, and offered only while its edge can be taken.
    const canHandOver = tools.some(({ name }) => name === 'handoff_billing')
    if (canHandOver) return { call: { name: 'handoff_billing', arguments: invoice } }
    return { output: { reply: 'Billing is closed; we write to you tomorrow.' } }
  }),
  good: offlineModel('offline:good', () => ({ output: { reply: 'You get 12 USD back on Monday.' } })),
}
// #endregion offline
