import type { ContentPart, JsonObject, ModelMessage, ModelRequest } from '@waystone/core'
import { objectOf, parseArguments, textOf } from './json-access.ts'
import type { ModelSettings } from './model-options.ts'
import { itemsFrom } from './provider-items.ts'
import type { Turn } from './turn.ts'

/**
 * The body of a request of the Responses API. Nothing is stored at the provider: what it thought comes back encrypted, and is given
 * to it again.
 */
export function responsesBody(settings: ModelSettings, request: ModelRequest, turn: Turn): JsonObject {
  const { tools, schema, submit, mustSubmit, instructions } = turn
  const format = schema && { type: 'json_schema', name: schema.name, schema: schema.schema, strict: schema.isStrict }
  return {
    model: settings.model,
    ...(instructions !== '' && { instructions }),
    ...(tools.length > 0 && {
      tools: tools.map(({ name, description, schema: parameters, isStrict }) => ({
        type: 'function',
        name,
        description,
        parameters,
        strict: isStrict,
      })),
    }),
    ...(mustSubmit && submit !== null && { tool_choice: { type: 'function', name: submit } }),
    ...(format !== null && { text: { format } }),
    ...(settings.parallelToolCalls !== undefined &&
      tools.length > 0 && { parallel_tool_calls: settings.parallelToolCalls }),
    ...(settings.reasoningEffort !== undefined && { reasoning: { effort: settings.reasoningEffort } }),
    ...(settings.temperature !== undefined && { temperature: settings.temperature }),
    ...(settings.serviceTier !== undefined && { service_tier: settings.serviceTier }),
    ...(settings.promptCacheKey !== undefined && { prompt_cache_key: settings.promptCacheKey }),
    ...(request.maxOutputTokens !== null && { max_output_tokens: request.maxOutputTokens }),
    store: false,
    include: ['reasoning.encrypted_content'],
    stream: settings.stream,
    input: request.messages.flatMap((message) => inputItems(message, settings.origin)),
  }
}

function inputItems(message: ModelMessage, origin: string): readonly JsonObject[] {
  switch (message.role) {
    case 'user':
      return [{ role: 'user', content: message.content.map(inputPart) }]
    case 'tool': {
      const parts = message.content
      const output = parts.every((part) => part.type === 'text')
        ? parts.map(({ text }) => text).join('')
        : parts.map(inputPart)
      return [{ type: 'function_call_output', call_id: message.callId, output }]
    }
    case 'assistant': {
      const items = itemsFrom(origin, message)
      return items.length === 0 ? plainItems(message) : givenBack(message, items)
    }
  }
}

type AssistantMessage = Extract<ModelMessage, { role: 'assistant' }>

function plainItems({ content, calls }: AssistantMessage): readonly JsonObject[] {
  const text = content.map((part) => (part.type === 'text' ? part.text : '')).join('')
  return [
    ...(text === '' ? [] : [{ role: 'assistant', content: text }]),
    ...calls.map((call) => ({
      type: 'function_call',
      call_id: call.id,
      name: call.name,
      arguments: JSON.stringify(call.arguments),
    })),
  ]
}

/** Items as they came, but with the arguments that count now, and with an output for calls that are no calls of the message. */
function givenBack({ calls }: AssistantMessage, items: readonly JsonObject[]): readonly JsonObject[] {
  const outputs: JsonObject[] = []
  const back = items.map((item) => {
    if (item['type'] !== 'function_call') return item
    const call = calls.find(({ id }) => id === item['call_id'])
    const written = textOf(item['arguments']) ?? ''
    if (call === undefined)
      outputs.push({ type: 'function_call_output', call_id: item['call_id'] ?? '', output: 'noted' })
    const now = JSON.stringify(call === undefined ? parseArguments(written) : call.arguments)
    return now === JSON.stringify(parseArguments(written)) && !('$malformed' in objectOf(parseArguments(written)))
      ? item
      : { ...item, arguments: now }
  })
  return [...back, ...outputs]
}

function inputPart(part: ContentPart): JsonObject {
  if (part.type === 'text') return { type: 'input_text', text: part.text }
  const isUrl = part.data.startsWith('https://')
  const url = isUrl ? part.data : `data:${part.mediaType};base64,${part.data}`
  if (part.type === 'image') return { type: 'input_image', image_url: url, detail: 'auto' }
  return isUrl ? { type: 'input_file', file_url: url } : { type: 'input_file', filename: part.name, file_data: url }
}
