import type { Model, ModelCallOptions, ModelMessage, ModelRequest } from '../define/model.ts'
import { nodeError } from '../errors/node-error.ts'

/**
 * Most bytes that one token stands for over a whole request: tokenizers of today come to 3 to 5 in text and code. Runs of one
 * character count once, since such a run may be a single token of any length.
 */
const mostBytesPerToken = 8

/**
 * Refuses a request that has more tokens than its node allows: by the model's own count, else when it certainly has more.
 *
 * @param max - the node's `maxInputTokens`; null: anything goes
 * @throws {NodeError} WAYSTONE_NODE_REQUEST_TOO_LARGE; whatever the model's `countTokens` throws
 */
export async function refuseTooLarge(
  model: Model,
  request: ModelRequest,
  { max, ...options }: { readonly max: number | null } & Pick<ModelCallOptions, 'signal' | 'secret'>,
): Promise<void> {
  if (max === null) return
  const counted = await model.countTokens?.(request, options)
  const isCounted = typeof counted === 'number' && counted >= 0
  const tokens = isCounted ? counted : leastTokens(request)
  if (tokens <= max) return
  const found = isCounted ? `has ${tokens} tokens` : `has ${tokens} tokens or more`
  throw nodeError(
    'WAYSTONE_NODE_REQUEST_TOO_LARGE',
    `the request ${found}, and maxInputTokens allows ${max}; it was not sent`,
    { retryable: false, details: { tokens, maxInputTokens: max } },
  )
}

/** The fewest tokens that the texts of a request can be. Images and files are not looked into. */
export function leastTokens({ instructions, messages, tools, output }: ModelRequest): number {
  const texts = [instructions, ...messages.flatMap((message) => textsOf(message))]
  for (const { name, description, inputSchema } of tools) texts.push(name, description, JSON.stringify(inputSchema))
  if (output !== null) texts.push(JSON.stringify(output.schema))
  return Math.ceil(texts.reduce((sum, text) => sum + bytesWithoutRuns(text), 0) / mostBytesPerToken)
}

function textsOf(message: ModelMessage): readonly string[] {
  const texts = message.content.flatMap((part) => (part.type === 'text' ? [part.text] : []))
  if (message.role !== 'assistant') return texts
  return [...texts, ...message.calls.flatMap(({ name, arguments: given }) => [name, JSON.stringify(given)])]
}

/** UTF-8 bytes, runs of one character counted once. */
function bytesWithoutRuns(text: string): number {
  let bytes = 0
  let last = -1
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    // Half of a pair is two of its four bytes.
    if (unit !== last) bytes += unit < 0x80 ? 1 : unit < 0x800 || (unit >= 0xd800 && unit <= 0xdfff) ? 2 : 3
    last = unit
  }
  return bytes
}
