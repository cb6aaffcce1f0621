import type { Json } from '../../src/base/json.ts'
import type { Model, ModelCallOptions, ModelRequest, ModelResponse, ModelUsage } from '../../src/define/model.ts'

/** One scripted answer: a response, anything at all, or a function that makes it. */
export type Answer = unknown

/** A model that answers from a list and keeps what it was asked. */
export interface ScriptedModel extends Model {
  readonly requests: ModelRequest[]
  readonly effectIds: string[]
}

/** What a scripted answer uses unless it says otherwise. */
export const scriptedUsage: ModelUsage = { inputTokens: 100, outputTokens: 10, cachedTokens: 0, reasoningTokens: 0 }

/** A response with text, or JSON as text. */
export function says(content: Json, usage: ModelUsage | null = scriptedUsage): ModelResponse {
  const text = typeof content === 'string' ? content : JSON.stringify(content)
  return {
    message: { role: 'assistant', content: [{ type: 'text', text }], calls: [] },
    finish: 'stop',
    usage,
    model: 'scripted-1',
  }
}

/** A response that asks for tool calls, by name and arguments. */
export function asks(...calls: readonly (readonly [name: string, given: Json])[]): ModelResponse {
  return {
    message: {
      role: 'assistant',
      content: [],
      calls: calls.map(([name, given], index) => ({ id: `call-${index}`, name, arguments: given })),
    },
    finish: 'tool-calls',
    usage: scriptedUsage,
    model: 'scripted-1',
  }
}

/** Makes a model that gives these answers one after the other and throws when asked for more. */
export function scripted(...answers: readonly Answer[]): ScriptedModel {
  const requests: ModelRequest[] = []
  const effectIds: string[] = []
  return {
    name: 'scripted',
    requests,
    effectIds,
    async call(request, options) {
      const answer = answers[requests.length]
      requests.push(request)
      effectIds.push(options.effectId)
      if (requests.length > answers.length) throw new RangeError('the script is over')
      // Answers may be anything: what a model gives back is not to be believed.
      return (
        typeof answer === 'function' ? await (answer as (options: ModelCallOptions) => unknown)(options) : answer
      ) as ModelResponse
    },
  }
}
