import { createRuntime, defineState, END } from '@waystone/core'
import { z } from 'zod'

const w = defineState({ name: z.string(), text: z.string() })
const n = w.nodes({
  hi: w.task({ effect: 'pure', reads: ['name'], writes: ['text'], run: ({ state }) => ({ text: `Hi ${state.name}` }) }),
  loud: w.task({ effect: 'pure', reads: ['text'], writes: ['text'], run: ({ state }) => ({ text: `${state.text}!` }) }),
})
export const hello = w.workflow('hello', {
  input: z.object({ name: z.string() }),
  output: ['text'],
  nodes: n,
  start: n.hi,
  edges: { hi: { done: n.loud }, loud: { done: END } },
})
const run = await createRuntime().start(hello, { input: { name: 'Ada' } })
console.log(await run.result())
