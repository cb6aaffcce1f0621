// #region hello
import { createRuntime, defineState, END } from '@waystone/core'
import { z } from 'zod'

const w = defineState({ name: z.string(), greeting: z.string() })
const n = w.nodes({
  greet: w.task({
    reads: ['name'],
    writes: ['greeting'],
    effect: 'pure',
    run: ({ state }) => ({ greeting: `Hello, ${state.name}` }),
  }),
  shout: w.task({
    reads: ['greeting'],
    writes: ['greeting'],
    effect: 'pure',
    run: ({ state }) => ({ greeting: `${state.greeting}!` }),
  }),
})
export const hello = w.workflow('hello', {
  version: 1,
  input: z.object({ name: z.string() }),
  output: ['greeting'],
  nodes: n,
  start: n.greet,
  edges: { greet: { done: n.shout }, shout: { done: END } },
})
const run = await createRuntime().start(hello, { input: { name: 'Ada' } })
console.log(await run.result())
// #endregion hello
