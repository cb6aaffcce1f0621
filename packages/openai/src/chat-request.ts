import { NodeError, type ContentPart, type JsonObject, type ModelMessage, type ModelRequest } from '@waystone/core'
import { objectOf } from './json-access.ts'
import type { ModelSettings } from './model-options.ts'
import { itemsFrom } from './provider-items.ts'
import type { Turn } from './turn.ts'

/** The body of a request of chat completions. */
export function chatBody(settings: ModelSettings, request: ModelRequest, turn: Turn): JsonObject {
  const { tools, schema, submit, mustSubmit, instructions } = turn
  const format = schema && { name: schema.name, schema: schema.schema, strict: schema.isStrict }
  return {
    model: settings.model,
    ...(tools.length > 0 && {
      tools: tools.map(({ name, description, schema: parameters, isStrict }) => ({
        type: 'function',
        function: { name, description, parameters, ...(isStrict && { strict: true }) },
      })),
    }),
    ...(mustSubmit && submit !== null && { tool_choice: { type: 'function', function: { name: submit } } }),
    ...(format !== null && { response_format: { type: 'json_schema', json_schema: format } }),
    ...(settings.parallelToolCalls !== undefined &&
      tools.length > 0 && { parallel_tool_calls: settings.parallelToolCalls }),
    ...(settings.reasoningEffort !== undefined && { reasoning_effort: settings.reasoningEffort }),
    ...(settings.temperature !== undefined && { temperature: settings.temperature }),
    ...(settings.serviceTier !== undefined && { service_tier: settings.serviceTier }),
    ...(settings.promptCacheKey !== undefined && { prompt_cache_key: settings.promptCacheKey }),
    ...(request.maxOutputTokens !== null && { [settings.maxTokensField]: request.maxOutputTokens }),
    // Without this option a stream does not say what it used.
    ...(settings.stream && { stream: true, stream_options: { include_usage: true } }),
    messages: [
      ...(instructions === '' ? [] : [{ role: 'system', content: instructions }]),
      ...request.messages.map((message) => chatMessage(message, settings.origin)),
    ],
  }
}

function chatMessage(message: ModelMessage, origin: string): JsonObject {
  switch (message.role) {
    case 'user': {
      const [only, ...more] = message.content
      const isOneText = only?.type === 'text' && more.length === 0
      return { role: 'user', content: isOneText ? only.text : message.content.map(chatPart) }
    }
    case 'tool':
      return { role: 'tool', tool_call_id: message.callId, content: message.content.map(toolText).join('') }
    case 'assistant':
      return assistantMessage(message, objectOf(itemsFrom(origin, message)[0]) as JsonObject)
  }
}

/** @param kept - what the provider said beside text and calls, see `readChat` */
function assistantMessage(message: Extract<ModelMessage, { role: 'assistant' }>, kept: JsonObject): JsonObject {
  const text = message.content.map((part) => (part.type === 'text' ? part.text : '')).join('')
  const { calls: keptCalls, ...fields } = kept
  const extras = objectOf(keptCalls)
  const calls = message.calls.map((call) => ({
    ...(objectOf(extras[call.id]) as JsonObject),
    id: call.id,
    type: 'function',
    function: { name: call.name, arguments: JSON.stringify(call.arguments) },
  }))
  return {
    role: 'assistant',
    content: text === '' && calls.length > 0 ? null : text,
    ...fields,
    ...(calls.length > 0 && { tool_calls: calls }),
  }
}

function toolText(part: ContentPart): string {
  if (part.type === 'text') return part.text
  throw new NodeError(
    'WAYSTONE_NODE_MODEL_FAILED',
    `chat completions take only text as the result of a tool, and this one holds a part of type ${part.type}; use api 'responses'`,
  )
}

function chatPart(part: ContentPart): JsonObject {
  if (part.type === 'text') return { type: 'text', text: part.text }
  const url = part.data.startsWith('https://') ? part.data : `data:${part.mediaType};base64,${part.data}`
  if (part.type === 'image') return { type: 'image_url', image_url: { url } }
  return { type: 'file', file: { filename: part.name, file_data: url } }
}
