import type { JsonObject } from '@waystone/core'
import { prepareAnswer, type LabAnswerParts, type LabDelivery, type LabError } from './answer.ts'
import { frameOf } from './frames.ts'
import type { LabRequest } from './lab-request.ts'
import { chatBody, chatFrames } from './render-chat.ts'
import { responsesBody, responsesFrames } from './render-responses.ts'

/** What goes over the wire as the answer to one request. */
export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** A text is a whole body; otherwise server-sent events, each as raw text. */
  readonly body: string | Iterable<string> | AsyncIterable<string>
  readonly delivery: LabDelivery
}

/** Renders an answer of a script in the API that the request speaks. @param index - of the request, from 0 */
export function replyOf(parts: LabAnswerParts, request: LabRequest, index: number): Reply {
  const { error, errorAfter } = parts
  if (error !== undefined && (errorAfter === undefined || !request.isStream)) return errorReply(error, parts)
  const answer = prepareAnswer(parts, request, index)
  if (answer.failed !== null && request.api === 'chat' && !request.isStream) {
    return errorReply({ status: 500, type: 'server_error', ...answer.failed }, parts)
  }
  const isChat = request.api === 'chat'
  if (!request.isStream) {
    return jsonReply(isChat ? chatBody(answer) : responsesBody(answer, request), { delivery: parts })
  }
  const frames = isChat ? chatFrames(answer, request) : responsesFrames(answer, request)
  return {
    status: 200,
    headers: { 'content-type': isChat ? 'text/event-stream' : 'text/event-stream; charset=utf-8' },
    body: error === undefined ? frames : withError(frames, { error, after: errorAfter ?? 0, request }),
    delivery: parts,
  }
}

/** A JSON body, written over several lines as OpenAI does. */
function jsonReply(
  body: JsonObject,
  options: { readonly status?: number; readonly delivery?: LabDelivery } = {},
): Reply {
  return {
    status: options.status ?? 200,
    headers: { 'content-type': 'application/json' },
    body: `${JSON.stringify(body, null, 2)}\n`,
    delivery: options.delivery ?? {},
  }
}

/** An error as the API words it. */
export function errorReply(error: LabError, delivery: LabDelivery = {}): Reply {
  return jsonReply({ error: errorBody(error) }, { status: error.status, delivery })
}

/** What is wrong at the lab itself. Clients that obey `x-should-retry` do not ask the same again. */
export function labErrorReply(message: string, code: string): Reply {
  const error = { status: 500, type: 'model_lab', code, message }
  return errorReply(error, { headers: { 'x-should-retry': 'false' } })
}

function errorBody({ status, message, type, code, param }: LabError): JsonObject {
  return {
    message: message ?? `The model lab answers ${status} as its script says.`,
    type: type ?? (status < 500 ? 'invalid_request_error' : 'server_error'),
    param: param ?? null,
    code: code ?? null,
  }
}

function* withError(
  frames: Iterable<string>,
  { error, after, request }: { readonly error: LabError; readonly after: number; readonly request: LabRequest },
): Generator<string> {
  let sent = 0
  for (const frame of frames) {
    if (sent === after) break
    yield frame
    sent += 1
  }
  const { message, type, param, code } = errorBody(error)
  if (request.api === 'chat') {
    yield frameOf(null, { error: { message, type, param, code } as JsonObject })
  } else {
    yield frameOf('error', { type: 'error', sequence_number: sent, code: code ?? type, message, param } as JsonObject)
  }
}
