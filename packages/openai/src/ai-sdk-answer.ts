import { brokenCall, providerFailure, type CallPlace } from './call-failure.ts'
import { jsonOf, listOf, objectOf, textOf } from './json-access.ts'
import { markItems } from './provider-items.ts'
import { usageOf } from './read-usage.ts'
import type { WireAnswer } from './turn.ts'

/** Reads what `doGenerate` gave. @throws {NodeError} WAYSTONE_NODE_MODEL_FAILED when the model stopped by an error; its usage is kept */
export function readGenerated(place: CallPlace, origin: string, given: unknown): WireAnswer {
  const result = objectOf(given)
  const usage = readUsage(result['usage'])
  const finish = finishOf(result['finishReason'])
  const response = objectOf(result['response'])
  if (finish === 'error' || finish === 'interrupted') {
    throw providerFailure(place, {
      status: undefined,
      code: finish,
      type: undefined,
      message: 'the model stopped before its answer was complete',
      requestId: textOf(response['id']),
      readHeader: () => null,
      usage,
    })
  }
  if (!Array.isArray(result['content'])) throw brokenCall(place, 'what came is no answer of a language model')
  const parts = listOf(result['content']).map(objectOf)
  const isOwn = (part: Readonly<Record<string, unknown>>): boolean => part['providerExecuted'] !== true
  const kept = parts.filter((part) => ['text', 'reasoning', 'tool-call'].includes(textOf(part['type']) ?? ''))
  const isWorthKeeping = kept.some((part) => part['type'] === 'reasoning' || part['providerMetadata'] !== undefined)
  return {
    text: parts.map((part) => (part['type'] === 'text' ? (textOf(part['text']) ?? '') : '')).join(''),
    refusal: null,
    calls: parts.filter((part) => part['type'] === 'tool-call' && isOwn(part)).map(callOf),
    cut: finish === 'length' || finish === 'content-filter' ? finish : null,
    providerItems: markItems(origin, isWorthKeeping ? kept.map((part) => jsonOf(part)) : []),
    usage,
    model: textOf(response['modelId']) ?? place.model,
    responseId: textOf(response['id']),
  }
}

function callOf(part: Readonly<Record<string, unknown>>): WireAnswer['calls'][number] {
  const { toolCallId, toolName, input } = part
  return {
    id: textOf(toolCallId) ?? '',
    name: textOf(toolName) ?? '',
    argumentsText: textOf(input) ?? JSON.stringify(input ?? {}),
  }
}

function finishOf(reason: unknown): string | undefined {
  return textOf(reason) ?? textOf(objectOf(reason)['unified'])
}

function readUsage(given: unknown): WireAnswer['usage'] {
  const { inputTokens, outputTokens } = objectOf(given)
  const input = objectOf(inputTokens)
  const output = objectOf(outputTokens)
  return usageOf({
    input: input['total'],
    output: output['total'],
    cached: input['cacheRead'],
    reasoning: output['reasoning'],
  })
}

/**
 * Puts the parts of a stream together.
 *
 * @returns a result as `doGenerate` would have given it
 * @throws whatever the stream reports
 * @throws {NodeError} WAYSTONE_NODE_MODEL_FAILED, retryable, when it ends without its finish
 */
export async function readStreamed(
  place: CallPlace,
  stream: ReadableStream<unknown>,
  onToken: (text: string) => void,
): Promise<unknown> {
  const content: Record<string, unknown>[] = []
  const open = new Map<string, Record<string, unknown>>()
  let response: Readonly<Record<string, unknown>> = {}
  for await (const given of stream) {
    const part = objectOf(given)
    const id = textOf(part['id']) ?? ''
    switch (part['type']) {
      case 'text-start':
      case 'reasoning-start': {
        const block = { type: part['type'] === 'text-start' ? 'text' : 'reasoning', text: '', ...metadataOf(part) }
        content.push(block)
        open.set(id, block)
        break
      }
      case 'text-delta':
      case 'reasoning-delta': {
        const delta = textOf(part['delta']) ?? ''
        const block = open.get(id)
        if (block !== undefined) Object.assign(block, { text: `${String(block['text'])}${delta}` }, metadataOf(part))
        if (part['type'] === 'text-delta') onToken(delta)
        break
      }
      case 'text-end':
      case 'reasoning-end':
        Object.assign(open.get(id) ?? {}, metadataOf(part))
        break
      case 'tool-call':
        content.push(part)
        break
      case 'response-metadata':
        response = part
        break
      case 'error':
        throw part['error']
      case 'finish':
        return { content, response, usage: part['usage'], finishReason: part['finishReason'] }
      default:
    }
  }
  throw brokenCall(place, 'the stream ended before the answer was complete')
}

function metadataOf({ providerMetadata }: Readonly<Record<string, unknown>>): object {
  return providerMetadata === undefined ? {} : { providerMetadata }
}
