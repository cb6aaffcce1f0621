import { defineState, END, type Model } from '@waystone/core'
import { z } from 'zod'

// #region inner
const s = defineState({ topic: z.string(), text: z.string().optional() })
const sn = s.nodes({
  write: s.agent({ model: 'writer', instructions: 'Write three sentences.', reads: ['topic'], writes: ['text'] }),
  editor: s.approval({ show: ['topic', 'text'], role: 'editor' }),
})
export const section = s.workflow('section', {
  input: z.object({ topic: z.string() }),
  output: ['text'],
  nodes: sn,
  start: sn.write,
  edges: {
    write: { done: sn.editor },
    editor: { approved: END, rejected: { to: sn.write, limit: 2, otherwise: END } },
  },
  limits: { modelCalls: 6 },
})
// #endregion inner

// #region outer
const w = defineState({ title: z.string(), body: z.string().optional(), page: z.string().optional() })
const n = w.nodes({
  section: w.nested(section, {
    reads: ['title'],
    writes: ['body'],
    input: ({ state }) => ({ topic: state.title }),
    apply: ({ text }) => ({ body: text ?? '' }),
  }),
  layOut: w.task({
    effect: 'pure',
    reads: ['title', 'body'],
    writes: ['page'],
    run: ({ state }) => ({ page: `# ${state.title}\n\n${state.body ?? '(nothing)'}` }),
  }),
})
export const article = w.workflow('article', {
  input: z.object({ title: z.string() }),
  output: ['page'],
  nodes: n,
  start: n.section,
  edges: { section: { done: n.layOut, exhausted: n.layOut }, layOut: { done: END } },
  limits: { modelCalls: 10, duration: '2d' },
})
// #endregion outer

const writer: Model = {
  name: 'offline-writer',
  call: async () => ({
    message: {
      role: 'assistant',
      content: [{ type: 'text', text: '{"text":"Wind turns. Wheels turn. Lamps burn."}' }],
      calls: [],
    },
    finish: 'stop',
    usage: { inputTokens: 60, outputTokens: 20, cachedTokens: 0, reasoningTokens: 0 },
    model: 'offline-writer',
  }),
}
export const offlineModels = { writer }
