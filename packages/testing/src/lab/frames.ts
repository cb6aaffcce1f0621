import type { Json } from '@waystone/core'

/** A server-sent event. @param event - null: an event without a name, as chat completions has them */
export function frameOf(event: string | null, data: Json): string {
  const name = event === null ? '' : `event: ${event}\n`
  return `${name}data: ${JSON.stringify(data)}\n\n`
}

/** The last event of a chat completion. */
export const doneFrame = 'data: [DONE]\n\n'

/** The data of a server-sent event; null when it has none. */
export function dataOf(frame: string): string | null {
  const lines = frame.split(/\r\n|\r|\n/).filter((line) => line.startsWith('data:'))
  return lines.length === 0 ? null : lines.map((line) => line.slice('data:'.length).replace(/^ /, '')).join('\n')
}

/** Splits a byte stream into server-sent events, each whole as it came, its blank line included. */
export async function* splitFrames(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of bytes) {
    rest += decoder.decode(chunk, { stream: true })
    const parts = rest.split(/(?<=\r\n\r\n|\n\n|\r\r)/)
    rest = isWhole(parts.at(-1)) ? '' : (parts.pop() ?? '')
    yield* parts
  }
  rest += decoder.decode()
  if (rest !== '') yield rest
}

function isWhole(frame: string | undefined): boolean {
  return frame === undefined || /(\r\n\r\n|\n\n|\r\r)$/.test(frame)
}
