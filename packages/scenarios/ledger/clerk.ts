import type { Model } from '@waystone/core'
import { journal } from '../shared/journal.ts'

/** A model that has one letter sent and then answers. Every call stands in the journal. */
export const clerk: Model = {
  name: 'offline:clerk',
  call({ messages }, { effectId, attempt }) {
    journal(`model ${effectId} ${attempt}`)
    const hasAsked = messages.some((message) => message.role === 'assistant' && message.calls.length > 0)
    const usage = { inputTokens: 10, outputTokens: 5, cachedTokens: 0, reasoningTokens: 0 }
    return Promise.resolve({
      message: hasAsked
        ? { role: 'assistant', content: [{ type: 'text', text: '{"answer":"done"}' }], calls: [] }
        : { role: 'assistant', content: [], calls: [{ id: 'letter', name: 'send', arguments: { order: 'o-1' } }] },
      finish: hasAsked ? 'stop' : 'tool-calls',
      usage,
      model: 'offline:clerk',
    })
  },
}
