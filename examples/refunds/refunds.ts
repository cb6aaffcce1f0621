import { pathToFileURL } from 'node:url'
import { createRuntime, defineState, defineTool, END, FAIL, rule, type Model, type ModelMessage } from '@waystone/core'
import { z } from 'zod'

const Note = z.object({ id: z.string(), text: z.string() })

const lookupOrder = defineTool({
  name: 'look-up-order',
  description: 'Finds an order by its number: what was bought, what was paid, when it was delivered.',
  effect: 'pure',
  input: z.object({ order: z.string() }),
  output: z.object({ item: z.string(), paidUsd: z.number(), deliveredDaysAgo: z.number() }),
  run: ({ order }) => {
    const digits = Number(order.replaceAll(/\D/g, ''))
    return { item: digits % 2 === 0 ? 'a kettle' : 'a lamp', paidUsd: digits % 500, deliveredDaysAgo: digits % 30 }
  },
})

const issueRefund = defineTool({
  name: 'issue-refund',
  description: 'Pays money back to the card an order was paid with.',
  effect: 'unsafe',
  input: z.object({ order: z.string(), amountUsd: z.number().positive() }),
  output: z.object({ receipt: z.string() }),
  run: ({ order, amountUsd }, context) => {
    context.log(`refunded ${amountUsd} USD of order ${order}`)
    return { receipt: `refund-${order}` }
  },
})

const rudeWords = ['stupid', 'idiot', 'your fault', 'calm down']

/** Finds rude words in a reply; the reasons are heard by the agent that wrote it. */
function checkTone({ state: { reply = '' } }: { readonly state: { readonly reply?: string } }) {
  const found = rudeWords.filter((word) => reply.toLowerCase().includes(word))
  return {
    outcome: found.length === 0 ? ('pass' as const) : ('rude' as const),
    reasons: found.map((word) => `Rude: "${word}".`),
  }
}

// #region workflow
const w = defineState({
  order: z.string(),
  amountUsd: z.number().optional(),
  notes: rule.append(Note, { key: 'id' }),
  reply: z.string().optional(),
})
const isSmall = w.guard('isSmall', ['amountUsd'], ({ amountUsd }) => amountUsd !== undefined && amountUsd < 100)

const n = w.nodes({
  triage: w.agent({
    model: 'fast',
    instructions: 'Look the order up. Say how much to refund, and note what you found.',
    tools: [lookupOrder],
    reads: ['order'],
    writes: ['amountUsd', 'notes'],
  }),
  manager: w.approval({ show: ['order', 'amountUsd', 'notes'], role: 'manager', expiresIn: '2d' }),
  refund: w.tool(issueRefund, {
    reads: ['order', 'amountUsd'],
    writes: ['notes'],
    input: ({ state }) => ({ order: state.order, amountUsd: state.amountUsd ?? 0 }),
    apply: ({ receipt }) => ({ notes: [{ id: 'refund', text: `Refunded: ${receipt}.` }] }),
  }),
  verify: w.approval({
    show: ['order', 'amountUsd'],
    reason: 'The payment may have happened. Please look it up at the bank.',
    outcomes: ['happened', 'did-not-happen'],
  }),
  answer: w.agent({
    model: 'good',
    instructions: 'Write a short and friendly reply to the customer.',
    reads: ['order', 'notes', 'reply'],
    hears: ['tone'],
    writes: ['reply'],
  }),
  tone: w.gate({ reads: ['reply'], outcomes: ['pass', 'rude'], decide: checkTone }),
})

export const refunds = w.workflow('refunds', {
  version: 3,
  input: z.object({ order: z.string() }),
  output: ['reply'],
  nodes: n,
  start: n.triage,
  edges: {
    triage: { done: [{ when: isSmall, to: n.refund }, n.manager] },
    manager: { approved: n.refund, rejected: n.answer, expired: n.answer },
    refund: { done: n.answer, unknown: n.verify },
    verify: { happened: n.answer, 'did-not-happen': { to: n.manager, limit: 1, otherwise: FAIL } },
    answer: { done: n.tone },
    tone: { pass: END, rude: { to: n.answer, limit: 2, otherwise: END } },
  },
  limits: { steps: 60, modelCalls: 12, tokens: 60_000, costUsd: 0.5, duration: '30m' },
  policies: [{ never: issueRefund, without: [n.manager, 'approved'], given: w.not(isSmall) }],
})
// #endregion workflow

/** Stands in for both models: rules, no network, no key. `waystone run` uses it unless told `--live`. */
const offlineModel: Model = {
  name: 'offline:refunds',
  call: ({ messages }, { node }) => {
    const last = messages.at(-1)
    if (node === 'answer')
      return answer(JSON.stringify({ reply: 'Thank you for writing to us. We have looked into it and put it right.' }))
    if (last?.role !== 'tool') return lookUp(messages)
    const { paidUsd, item } = JSON.parse(textOf(last)) as { paidUsd: number; item: string }
    return answer(JSON.stringify({ amountUsd: paidUsd, notes: [{ id: 'order', text: `${item} for ${paidUsd} USD` }] }))
  },
}

function textOf(message: ModelMessage | undefined): string {
  return message?.content.map((part) => (part.type === 'text' ? part.text : '')).join('') ?? ''
}

function lookUp(messages: readonly ModelMessage[]) {
  const { order } = JSON.parse(textOf(messages[0])) as { order: string }
  return respond({ content: [], calls: [{ id: 'call-1', name: 'look-up-order', arguments: { order } }] })
}

function answer(text: string) {
  return respond({ content: [{ type: 'text', text }], calls: [] })
}

function respond(said: Pick<Extract<ModelMessage, { role: 'assistant' }>, 'content' | 'calls'>) {
  const usage = { inputTokens: 120, outputTokens: 40, cachedTokens: 0, reasoningTokens: 0 }
  const finish = said.calls.length > 0 ? ('tool-calls' as const) : ('stop' as const)
  return Promise.resolve({ message: { role: 'assistant' as const, ...said }, finish, usage, model: 'offline:refunds' })
}

export const offlineModels = { fast: offlineModel, good: offlineModel }

/** What `node refunds.js` does: one run, with a manager who says yes. */
async function main(): Promise<void> {
  const runtime = createRuntime({
    workflows: [refunds],
    models: offlineModels,
    prices: { fast: { inputUsd: 0, outputUsd: 0 }, good: { inputUsd: 0, outputUsd: 0 } },
  })
  const run = await runtime.start(refunds, { input: { order: 'o-1250' } })
  await run.result()
  for (const request of await run.requests()) {
    console.log(`${request.node} is asked about`, request.evidence)
    await run.decide(request, { outcome: 'approved', by: 'example', reason: 'the customer is right' })
  }
  const { status, output, usage } = await run.result()
  console.log(status, output, `${usage.modelCalls} model calls, ${usage.toolCalls} tool calls`)
  await runtime.close()
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main()
