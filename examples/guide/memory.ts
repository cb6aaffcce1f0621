import { createRuntime, defineState, END, recallTool, rememberTool } from '@waystone/core'
import { createSqliteMemory, createSqliteStore } from '@waystone/sqlite'
import { scriptedModel } from '@waystone/testing'
import { z } from 'zod'

// #region define
const ofCustomer = ['preferences', { tag: 'customer' }] as const

const w = defineState({ message: z.string(), reply: z.string().optional(), seat: z.string().optional() })
const n = w.nodes({
  clerk: w.agent({
    model: 'fast',
    instructions: 'Answer the traveller. Remember what they prefer.',
    reads: ['message'],
    writes: ['reply'],
    tools: [recallTool({ scope: ofCustomer }), rememberTool({ scope: ofCustomer, expiresIn: '365d' })],
  }),
  look: w.task({
    writes: ['seat'],
    effect: 'idempotent',
    memory: { scope: ofCustomer, access: 'read' },
    async run(_given, { memory }) {
      const entry = await memory.get('seat')
      return typeof entry?.value === 'string' ? { seat: entry.value } : {}
    },
  }),
})
// #endregion define

const desk = w.workflow('desk', {
  input: z.object({ message: z.string() }),
  output: ['reply', 'seat'],
  nodes: n,
  start: n.clerk,
  edges: { clerk: { done: n.look }, look: { done: END } },
})

const fast = scriptedModel({
  clerk: [
    { calls: [{ name: 'remember', arguments: { key: 'seat', text: 'aisle' } }] },
    { output: { reply: 'Noted.' } },
    { calls: [{ name: 'recall', arguments: { text: 'seat' } }] },
    { output: { reply: 'An aisle seat, as ever.' } },
  ],
})

// #region bind
const memory = createSqliteMemory({ path: '.waystone/memory.db' })
const store = createSqliteStore({ path: '.waystone/runs.db' })
const runtime = createRuntime({ workflows: [desk], store, memory, models: { fast } })

for (const message of ['I like aisle seats.', 'Book me a train.']) {
  const run = await runtime.start(desk, { input: { message }, tags: { customer: 'ann' } })
  console.log((await run.result()).output)
}
// #endregion bind

await runtime.close()
await store.close()
await memory.close()
