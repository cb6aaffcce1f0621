import type { IncomingHttpHeaders } from 'node:http'
import { InputError, type Json } from '@waystone/core'
import { prepareAnswer, type LabAnswerParts } from './answer.ts'
import { checkRequest } from './check-request.ts'
import { isObject } from './json-access.ts'
import type { LabEntry } from './journal.ts'
import type { LabRequest } from './lab-request.ts'
import { writeRecording, type RecordedExchange } from './recording.ts'
import { reasoningPair } from './render-responses.ts'
import type { RunningReplay } from './replay.ts'
import { errorReply, labErrorReply, replyOf, type Reply } from './reply.ts'
import { describeRequest, type RunningScript } from './script.ts'
import { hideInJson, secretsIn } from './secrets.ts'
import { passOn } from './upstream.ts'

/** A request on its way to an answer. */
export interface Incoming {
  readonly entry: LabEntry
  /** As it came; the path of the entry hides keys. */
  readonly url: string
  readonly headers: IncomingHttpHeaders
  /** The body as it came. */
  readonly text: string
  readonly closed: AbortSignal
}

/** An answer, who gave it, and what is wrong with the request. */
export interface Answered {
  readonly reply: Reply
  /** Null: nobody. */
  readonly by: string | null
  /** Null: nothing. */
  readonly problem: string | null
}

/** A way to find answers: by script, from a recording, from a real service. */
export interface Answering {
  answer(incoming: Incoming): Promise<Answered>
  /** What was prepared and never asked for, in words. */
  unused(): readonly string[]
}

/** Answers by a script. */
export class ScriptAnswering implements Answering {
  readonly #script: RunningScript
  readonly #apiKey: string | undefined
  /** What was given right after a reasoning item. */
  readonly #pairs = new Map<string, string>()

  constructor(script: RunningScript, apiKey: string | undefined) {
    this.#script = script
    this.#apiKey = apiKey
  }

  async answer({ entry, headers }: Incoming): Promise<Answered> {
    if (this.#apiKey !== undefined && headers.authorization !== `Bearer ${this.#apiKey}`) {
      const message =
        'Incorrect API key provided. You can find your API key at https://platform.openai.com/account/api-keys.'
      return refusal(401, { message, code: 'invalid_api_key' })
    }
    const { request, body } = entry
    if (request === null) return unreadable(entry)
    const complaint = isObject(body) ? checkRequest(request.api, body, this.#pairs) : null
    if (complaint !== null) return refusal(complaint.status, { ...complaint })
    const found = this.#script.take(request)
    if (found === null) {
      return unexpected(
        `${this.#script.describeEmpty(request)} (${describeRequest(request)})`,
        'lab_unexpected_request',
      )
    }
    const answer = typeof found.answer === 'function' ? await found.answer(request) : found.answer
    const parts: LabAnswerParts = typeof answer === 'string' ? { text: answer } : answer
    this.#remember(parts, request, entry.index)
    return { reply: replyOf(parts, request, entry.index), by: found.place, problem: null }
  }

  unused(): readonly string[] {
    return this.#script.unused()
  }

  #remember(parts: LabAnswerParts, request: LabRequest, index: number): void {
    const pair = request.api === 'responses' ? reasoningPair(prepareAnswer(parts, request, index)) : null
    if (pair !== null) this.#pairs.set(...pair)
  }
}

/** Answers from a recording, and only what was recorded. */
export class ReplayAnswering implements Answering {
  readonly #replay: RunningReplay
  readonly #secrets: readonly string[]

  constructor(replay: RunningReplay, secrets: readonly string[]) {
    this.#replay = replay
    this.#secrets = secrets
  }

  async answer({ entry, headers, text }: Incoming): Promise<Answered> {
    const secrets = [...this.#secrets, ...secretsIn(headers)]
    const asked = {
      method: entry.method,
      path: belowBase(entry.path),
      request: hideInJson(bodyOf(entry, text), secrets),
    }
    const found = this.#replay.take(asked)
    if (found === null) return unexpected(this.#replay.describeMiss(asked), 'lab_recording_miss')
    const { status, headers: kept, body, isCut } = found.response
    const delivery = isCut ? { cutAfter: body.length } : {}
    return { reply: { status, headers: kept, body, delivery }, by: `recorded ${found.place}`, problem: null }
  }

  unused(): readonly string[] {
    return this.#replay.unused()
  }
}

/** Lets a real service answer, and records it. */
export class RecordAnswering implements Answering {
  readonly #options: { readonly file: string; readonly upstream: string; readonly secrets: readonly string[] }
  readonly #exchanges: RecordedExchange[] = []

  constructor(options: { readonly file: string; readonly upstream: string; readonly secrets: readonly string[] }) {
    this.#options = options
  }

  async answer({ entry, url, headers, text, closed }: Incoming): Promise<Answered> {
    const { file, upstream, secrets } = this.#options
    const { method, path } = entry
    const asked = { method, path: belowBase(path), request: bodyOf(entry, text), url: belowBase(url), headers, text }
    const recorded = (exchange: RecordedExchange): void => {
      this.#exchanges.push(exchange)
      writeRecording(file, this.#exchanges)
    }
    try {
      const response = await passOn(asked, { baseUrl: upstream, secrets, closed, recorded })
      return { reply: { ...response, delivery: {} }, by: 'upstream', problem: null }
    } catch (error) {
      if (closed.aborted || error instanceof InputError) throw error
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error)
      return unexpected(`${upstream} could not be asked: ${cause}`, 'lab_upstream_failed')
    }
  }

  unused(): readonly string[] {
    return []
  }
}

/** What a request asks below the base URL. */
function belowBase(path: string): string {
  return path.replace(/^\/v1(?=\/)/, '')
}

/** A body that is no JSON is recorded as a text. */
function bodyOf({ body }: LabEntry, text: string): Json {
  return body ?? (text === '' ? null : text)
}

function unreadable({ method, path, body }: LabEntry): Answered {
  const isKnown = method === 'POST' && /^\/v1\/(responses|chat\/completions)(\?|$)/.test(path)
  if (isKnown && !isObject(body)) {
    const message = 'We could not parse the JSON body of your request. The OpenAI API expects a JSON payload.'
    return refusal(400, { message })
  }
  return refusal(404, { message: `Invalid URL (${method} ${path})` })
}

function refusal(status: number, error: { readonly message?: string; readonly code?: string | null }): Answered {
  const message = error.message ?? ''
  const reply = errorReply({ type: 'invalid_request_error', ...error, status })
  return { reply, by: null, problem: `refused with ${status}: ${message}` }
}

function unexpected(problem: string, code: string): Answered {
  return { reply: labErrorReply(problem, code), by: null, problem }
}
