import { NodeError, type ContentPart, type Json, type JsonObject, type ModelMessage } from '@waystone/core'
import { textOf } from './json-access.ts'
import { itemsFrom } from './provider-items.ts'

/** What shapes a prompt beside its messages. */
export interface PromptTerms {
  readonly instructions: string
  /** Where provider items come from, and may be given back to. */
  readonly origin: string
  /** Version 3 of the interface writes the data of files as it is, version 4 says what it is. */
  readonly isV3: boolean
}

/** A conversation as models of the AI SDK are given it. */
export function aiSdkPrompt(messages: readonly ModelMessage[], terms: PromptTerms): readonly object[] {
  const { instructions } = terms
  return [
    ...(instructions === '' ? [] : [{ role: 'system', content: instructions }]),
    ...messages.map((message) => promptMessage(message, terms)),
  ]
}

function promptMessage(message: ModelMessage, terms: PromptTerms): object {
  switch (message.role) {
    case 'user':
      return { role: 'user', content: message.content.map((part) => promptPart(part, terms.isV3)) }
    case 'tool': {
      const value = message.content.map(toolText).join('')
      const output = { type: message.isError ? 'error-text' : 'text', value }
      const result = { type: 'tool-result', toolCallId: message.callId, toolName: message.name, output }
      return { role: 'tool', content: [result] }
    }
    case 'assistant':
      return { role: 'assistant', content: assistantParts(message, itemsFrom(terms.origin, message)) }
  }
}

type AssistantMessage = Extract<ModelMessage, { role: 'assistant' }>

/** Parts as the provider wrote them, in their order, with the arguments that count now. */
function assistantParts({ content, calls }: AssistantMessage, items: readonly JsonObject[]): readonly object[] {
  const said = content.flatMap((part) => (part.type === 'text' ? [{ type: 'text', text: part.text }] : []))
  if (items.length === 0) return [...said, ...calls.map(callPart)]
  const back = items.flatMap(({ providerMetadata, ...item }): readonly object[] => {
    const options = providerMetadata === undefined ? {} : { providerOptions: providerMetadata }
    if (item['type'] !== 'tool-call') return [{ ...item, ...options }]
    const call = calls.find(({ id }) => id === item['toolCallId'])
    return call === undefined ? [] : [{ ...callPart(call), ...options }]
  })
  return items.some((item) => item['type'] === 'text') ? back : [...back, ...said]
}

function callPart({ id, name, arguments: input }: AssistantMessage['calls'][number]): {
  readonly type: 'tool-call'
  readonly toolCallId: string
  readonly toolName: string
  readonly input: Json
} {
  return { type: 'tool-call', toolCallId: id, toolName: name, input }
}

function promptPart(part: ContentPart, isV3: boolean): object {
  if (part.type === 'text') return { type: 'text', text: part.text }
  const isUrl = part.data.startsWith('https://')
  const data = isUrl ? { type: 'url', url: new URL(part.data) } : { type: 'data', data: part.data }
  return {
    type: 'file',
    mediaType: part.mediaType,
    data: isV3 ? (data.url ?? part.data) : data,
    ...(part.type === 'file' && { filename: part.name }),
  }
}

function toolText(part: ContentPart): string {
  if (part.type === 'text') return textOf(part.text) ?? ''
  throw new NodeError(
    'WAYSTONE_NODE_MODEL_FAILED',
    `models of the AI SDK are given only text as the result of a tool, and this one holds a part of type ${part.type}`,
  )
}
