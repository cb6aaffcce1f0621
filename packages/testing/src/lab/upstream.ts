import type { IncomingHttpHeaders } from 'node:http'
import { InputError, type Json } from '@waystone/core'
import { dataOf, splitFrames } from './frames.ts'
import { listOf, objectOf, parseJson, textOf } from './json-access.ts'
import type { RecordedExchange } from './recording.ts'
import { hideIn, hideInJson, secretsIn } from './secrets.ts'

/** A request that is passed on. */
export interface PassedRequest extends Pick<RecordedExchange, 'method' | 'path' | 'request'> {
  /** The path as it came, keys included. */
  readonly url: string
  readonly headers: IncomingHttpHeaders
  /** As it came. */
  readonly text: string
}

/** An answer that is passed back while it comes. */
export interface PassedResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | AsyncIterable<string>
}

/** The service broke its connection off, which is recorded and passed on. */
export class UpstreamCut extends Error {}

/** Headers of an answer that clients act on. All others are left out: they name people, organisations and times. */
const keptHeaders = /^(content-type|retry-after|retry-after-ms|x-should-retry|x-ratelimit-.*|openai-version)$/

/** Headers that belong to one connection. */
const droppedHeaders = new Set([
  'host',
  'connection',
  'content-length',
  'transfer-encoding',
  'accept-encoding',
  'expect',
])

/**
 * Passes a request on to a real service.
 *
 * @param recorded - called once, when the whole answer is there; not when the client left before
 */
export async function passOn(
  request: PassedRequest,
  options: {
    readonly baseUrl: string
    readonly secrets: readonly string[]
    readonly closed: AbortSignal
    readonly recorded: (exchange: RecordedExchange) => void
  },
): Promise<PassedResponse> {
  const response = await fetch(`${options.baseUrl.replace(/\/$/, '')}${request.url}`, {
    method: request.method,
    headers: { ...passedHeaders(request.headers), 'accept-encoding': 'identity' },
    ...(request.text === '' ? {} : { body: request.text }),
    signal: options.closed,
  })
  const headers = Object.fromEntries([...response.headers].filter(([name]) => keptHeaders.test(name)))
  const secrets = [...options.secrets, ...secretsIn(request.headers)]
  const keep = (body: string | readonly string[], isCut: boolean): void => {
    if (typeof body !== 'string') refuseSpelledOut(body, secrets)
    options.recorded({
      method: request.method,
      path: hideIn(request.path, secrets),
      request: hideInJson(request.request, secrets),
      response: { status: response.status, headers, body: hideAll(body, secrets), isCut },
    })
  }
  const isStream = (response.headers.get('content-type') ?? '').startsWith('text/event-stream')
  if (!isStream || response.body === null) {
    const body = await response.text()
    keep(body, false)
    return { status: response.status, headers, body }
  }
  return { status: response.status, headers, body: keepingFrames(response.body, options.closed, keep) }
}

async function* keepingFrames(
  bytes: AsyncIterable<Uint8Array>,
  closed: AbortSignal,
  keep: (frames: readonly string[], isCut: boolean) => void,
): AsyncGenerator<string> {
  const frames: string[] = []
  try {
    for await (const frame of splitFrames(bytes)) {
      frames.push(frame)
      yield frame
    }
  } catch (error) {
    if (closed.aborted) throw error
    keep(frames, true)
    throw new UpstreamCut()
  }
  keep(frames, false)
}

/** @throws {InputError} WAYSTONE_INPUT_RECORDING_FILE when the pieces of a stream put together have a secret in them */
function refuseSpelledOut(frames: readonly string[], secrets: readonly string[]): void {
  const text = frames.flatMap((frame) => deltasIn(parseJson(dataOf(frame) ?? ''))).join('')
  if (hideIn(text, secrets) === text) return
  throw new InputError(
    'WAYSTONE_INPUT_RECORDING_FILE',
    'the answer spells out a secret piece by piece: it is not recorded',
  )
}

/** Every text that an event adds to an answer, in either API. */
function deltasIn(data: Json | undefined): readonly string[] {
  const { delta, choices } = objectOf(data)
  const inChat = listOf(choices).flatMap((choice) => {
    const { content, refusal, tool_calls: calls } = objectOf(objectOf(choice)['delta'])
    return [content, refusal, ...listOf(calls).map((call) => objectOf(objectOf(call)['function'])['arguments'])]
  })
  return [delta, ...inChat].flatMap((value) => textOf(value) ?? [])
}

function hideAll(body: string | readonly string[], secrets: readonly string[]): string | readonly string[] {
  return typeof body === 'string' ? hideIn(body, secrets) : body.map((frame) => hideIn(frame, secrets))
}

function passedHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined || droppedHeaders.has(name) ? [] : [[name, [value].flat().join(', ')]],
    ),
  )
}
