import { createRuntime, defineState, END } from '@waystone/core'
import { pathToFileURL } from 'node:url'
import { z } from 'zod'
import { offlineModels } from './offline-models.ts'
import { findBooks, reserveBook } from './tools.ts'

// #region workflow
const w = defineState({ message: z.string().optional(), reply: z.string().optional() })

const n = w.nodes({
  reader: w.approval({
    show: ['reply'],
    reason: 'This is the desk of the library. What are you looking for?',
    outcomes: ['said', 'bye'],
    response: z.object({ message: z.string() }),
    talk: { says: 'reply', answer: 'message' },
    expiresIn: '30d',
  }),
  desk: w.agent({
    model: 'desk',
    instructions: 'You are at the desk of a library. Help the reader to find books and put them aside. Be brief.',
    tools: [findBooks, reserveBook],
    reads: ['message'],
    prompt: ({ state }) => state.message ?? '',
    output: z.string(),
    writes: ['reply'],
    apply: (reply) => ({ reply }),
    memory: 'continue',
    maxModelCalls: 4,
    maxCallsPerTurn: 2,
    history: { over: { answers: 8 }, keep: { answers: 4 }, summary: { model: 'notes' } },
  }),
})

export const chat = w.workflow('chat', {
  input: z.object({}),
  output: ['reply'],
  nodes: n,
  start: n.reader,
  edges: {
    reader: { said: { to: n.desk, limit: 1_000, otherwise: END }, bye: END, expired: END },
    desk: { done: n.reader },
  },
  limits: { modelCalls: 3_000, tokens: 1_000_000 },
})
// #endregion workflow

export { offlineModels }

/** What `node chat.js` does: a conversation by program, message by message. */
async function main(): Promise<void> {
  const runtime = createRuntime({ workflows: [chat], models: offlineModels })
  // #region program
  const run = await runtime.start(chat, { input: {} })
  await run.result() // until somebody is asked
  for (const message of ['My name is Ada.', 'Have you books about tides?', 'Please reserve The Tidal Year.']) {
    const [request] = await run.requests()
    if (request !== undefined) await run.decide(request, { outcome: 'said', response: { message }, by: 'ada' })
    await run.result() // until it has answered
    const [next] = await run.requests()
    console.log(`> ${message}\n${next?.talk?.text}`)
  }
  // #endregion program
  for (const request of await run.requests()) await run.decide(request, { outcome: 'bye', by: 'ada' })
  const { status, usage } = await run.result()
  console.log(status, `${usage.modelCalls} model calls, ${usage.toolCalls} tool calls`)
  await runtime.close()
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await main()
