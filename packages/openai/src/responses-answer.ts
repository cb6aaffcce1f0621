import type { JsonObject } from '@waystone/core'
import { brokenCall, providerFailure, type CallPlace } from './call-failure.ts'
import { jsonOf, listOf, objectOf, textOf } from './json-access.ts'
import { markItems } from './provider-items.ts'
import { responsesUsage } from './read-usage.ts'
import type { WireAnswer } from './turn.ts'

/**
 * Reads a stream of the Responses API up to its end event.
 *
 * @returns the whole response, as the end event holds it
 * @throws {NodeError} WAYSTONE_NODE_MODEL_FAILED, retryable, when the stream ends without one
 */
export async function readResponsesStream(
  place: CallPlace,
  events: AsyncIterable<unknown>,
  onToken: (text: string) => void,
): Promise<unknown> {
  let response: unknown
  try {
    // Read to its end, not only to the end event: else the connection is closed and cannot be used again.
    for await (const given of events) {
      const event = objectOf(given)
      if (isEnd(event['type'])) response ??= event['response']
      else if (event['type'] === 'response.output_text.delta' || event['type'] === 'response.refusal.delta')
        onToken(textOf(event['delta']) ?? '')
    }
  } catch (error) {
    if (response === undefined) throw error
  }
  if (response === undefined) throw brokenCall(place, 'the stream ended before the answer was complete')
  return response
}

function isEnd(type: unknown): boolean {
  return type === 'response.completed' || type === 'response.incomplete' || type === 'response.failed'
}

/** Reads a whole response. @throws {NodeError} WAYSTONE_NODE_MODEL_FAILED when it failed or is none; its usage is kept */
export function readResponse(place: CallPlace, origin: string, given: unknown): WireAnswer {
  const response = objectOf(given)
  const usage = responsesUsage(response['usage'])
  const { status } = response
  const error = objectOf(response['error'])
  if (status === 'failed' || status === 'cancelled') {
    throw providerFailure(place, {
      status: undefined,
      code: textOf(error['code']) ?? status,
      type: undefined,
      message: textOf(error['message']) ?? '',
      requestId: textOf(response['id']),
      readHeader: () => null,
      usage,
    })
  }
  if (status !== 'completed' && status !== 'incomplete')
    throw brokenCall(place, `what came is no response of the Responses API; look at baseUrl and api`)
  const items = listOf(response['output']).map((item) => jsonOf(item))
  const parts = items.flatMap((item) => (item['type'] === 'message' ? listOf(item['content']).map(objectOf) : []))
  const refusals = parts.flatMap((part) => (part['type'] === 'refusal' ? [textOf(part['refusal']) ?? ''] : []))
  const reason = objectOf(response['incomplete_details'])['reason']
  return {
    text: parts.map((part) => (part['type'] === 'output_text' ? (textOf(part['text']) ?? '') : '')).join(''),
    refusal: refusals.length === 0 ? null : refusals.join(''),
    calls: items.flatMap((item) => (item['type'] === 'function_call' ? [callOf(item)] : [])),
    cut: status === 'completed' ? null : reason === 'content_filter' ? 'content-filter' : 'length',
    providerItems: markItems(origin, items.some(isWorthKeeping) ? items : []),
    usage,
    model: textOf(response['model']) ?? place.model,
    responseId: textOf(response['id']),
  }
}

/** A message of text and its calls can be written anew; anything else only the provider understands. */
function isWorthKeeping(item: JsonObject): boolean {
  return item['type'] !== 'message' && item['type'] !== 'function_call'
}

function callOf(item: JsonObject): WireAnswer['calls'][number] {
  return {
    id: textOf(item['call_id']) ?? '',
    name: textOf(item['name']) ?? '',
    argumentsText: textOf(item['arguments']) ?? '',
  }
}
