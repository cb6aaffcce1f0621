import { createRuntime, defineState, defineTool, END, type Model } from '@waystone/core'
import { z } from 'zod'

// #region tool
const send = defineTool({
  name: 'send',
  description: 'Sends a mail.',
  effect: 'keyed',
  input: z.object({ to: z.string(), text: z.string() }),
  output: z.object({ sent: z.string() }),
  approval: { reason: 'Mail leaves the house.', remember: 'workflow' },
  run: ({ to }) => ({ sent: to }),
})
// #endregion tool

const w = defineState({ task: z.string(), reply: z.string().optional() })
const n = w.nodes({
  clerk: w.agent({ model: 'clerk', instructions: 'Write to ann.', reads: ['task'], writes: ['reply'], tools: [send] }),
})
const mailer = w.workflow('mailer', {
  input: z.object({ task: z.string() }),
  output: ['reply'],
  nodes: n,
  start: n.clerk,
  edges: { clerk: { done: END } },
})

/** Sends two mails, one after the other. */
const clerk: Model = {
  name: 'offline:clerk',
  call({ messages }) {
    const sent = messages.filter(({ role }) => role === 'tool').length
    const call = { id: `c${sent}`, name: 'send', arguments: { to: 'ann', text: `mail ${sent + 1}` } }
    const text = sent < 2 ? 'I write.' : JSON.stringify({ reply: 'both are sent' })
    return Promise.resolve({
      message: { role: 'assistant', content: [{ type: 'text', text }], calls: sent < 2 ? [call] : [] },
      finish: sent < 2 ? 'tool-calls' : 'stop',
      usage: null,
      model: 'offline:clerk',
    })
  },
}

const runtime = createRuntime({ models: { clerk } })
const run = await runtime.start(mailer, { input: { task: 'greet ann twice' } })
await run.result()
// #region remember
const [request] = await run.requests()
if (request === undefined) throw new Error('nothing is asked')
await run.decide(request, {
  outcome: 'approved',
  by: 'ada',
  reason: 'ann knows us',
  remember: { scope: 'workflow', arguments: { to: 'ann' }, expiresIn: '30d' },
})
console.log((await run.result({ until: 'end' })).output) // the second mail asked nobody
for (const rule of await runtime.rules('mailer'))
  await runtime.revokeRule(rule.id, { by: 'ada', reason: 'ann has moved' })
// #endregion remember
await runtime.close()
