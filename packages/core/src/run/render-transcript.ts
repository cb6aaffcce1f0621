import type { ModelMessage } from '../define/model.ts'

/** Who speaks in a transcript. */
export interface TranscriptNames {
  /** Who a user message is from. */
  readonly user: string
  readonly assistant: string
}

/** A message as one line of JSON. */
export function transcriptLine(message: ModelMessage, names: TranscriptNames): string {
  const text = textOf(message)
  if (message.role === 'user') return JSON.stringify({ from: names.user, text })
  if (message.role === 'tool') {
    const { callId, name, isError } = message
    return JSON.stringify({ from: `tool ${name}`, call: callId, ...(isError && { isError }), text })
  }
  const calls = message.calls.map((call) => ({ call: call.id, tool: call.name, arguments: call.arguments }))
  return JSON.stringify({ from: names.assistant, text, ...(calls.length > 0 && { calls }) })
}

/** Files and pictures are named; their data tells a reader of text nothing. */
function textOf({ content }: ModelMessage): string {
  return content
    .map((part) => {
      if (part.type === 'text') return part.text
      return part.type === 'file' ? `[file ${part.name}]` : '[picture]'
    })
    .join('\n')
}
