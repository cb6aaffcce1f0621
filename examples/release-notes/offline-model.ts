import type { JsonObject, Model, ModelRequest, ModelResponse } from '@waystone/core'
import { classifyByRules } from './offline/classify.ts'
import { draftByRules } from './offline/draft.ts'
import type { ClassifyPrompt, DraftPrompt } from './prompts.ts'

/**
 * A model that needs no network and costs nothing: rules instead of a language model, behind the same port.
 *
 * It reads what a real model would read, the JSON of the first user message, and nothing else. Same request, same answer. Tokens are
 * reckoned at four characters each, so that usage and limits show something.
 */
export const offlineModel: Model = {
  name: 'offline:release-notes',
  async call(request, { signal, onToken }) {
    signal.throwIfAborted()
    const text = JSON.stringify(answer(request))
    onToken(text)
    return respond(request, text)
  },
}

function answer(request: ModelRequest): unknown {
  const prompt = readPrompt(request)
  return prompt.task === 'classify'
    ? { classes: prompt.commits.map((commit) => classifyByRules(commit)) }
    : draftByRules(prompt)
}

/** The task as the agents' prompts write it; anything else is a request this model was not made for. */
function readPrompt(request: ModelRequest): ClassifyPrompt | DraftPrompt {
  const first = request.messages.find((message) => message.role === 'user')
  const text = first?.content.map((part) => (part.type === 'text' ? part.text : '')).join('') ?? ''
  const prompt = JSON.parse(text) as JsonObject
  if (prompt['task'] === 'classify' || prompt['task'] === 'draft') {
    // Written by classifyPrompt and draftPrompt of this folder, from state that its schemas have checked.
    return prompt as unknown as ClassifyPrompt | DraftPrompt
  }
  throw new TypeError(
    'the offline model knows the tasks "classify" and "draft" only; bind a real model for anything else',
  )
}

const charactersPerToken = 4

function respond(request: ModelRequest, text: string): ModelResponse {
  const told = request.instructions.length + JSON.stringify(request.messages).length
  return {
    message: { role: 'assistant', content: [{ type: 'text', text }], calls: [] },
    finish: 'stop',
    usage: {
      inputTokens: Math.ceil(told / charactersPerToken),
      outputTokens: Math.ceil(text.length / charactersPerToken),
      cachedTokens: 0,
      reasoningTokens: 0,
    },
    model: 'offline:release-notes',
  }
}
