import type { Json, ModelUsage } from '@waystone/core'
import type { LabRequest } from './lab-request.ts'

/** A tool call of an answer. */
export interface LabCall {
  readonly name: string
  /** Default: `{}`. */
  readonly arguments?: Json
  /** The arguments as the model wrote them, instead of `arguments`: for text that is no JSON. */
  readonly argumentsText?: string
  /** Default: `call_<number of the request>_<place>`. */
  readonly id?: string
}

/** A reasoning item of an answer. Only the Responses API shows it. */
export interface LabReasoning {
  /** Default: no summary. */
  readonly summary?: string
  /** Given when the request includes `reasoning.encrypted_content`. Default: a text that is different for every item. */
  readonly encrypted?: string
}

/** An error as the API words it. */
export interface LabError {
  /** HTTP status, 400 to 599. */
  readonly status: number
  readonly message?: string
  readonly type?: string
  readonly code?: string | null
  readonly param?: string | null
}

/**
 * How an answer travels. Frames are counted from 0; an answer that is not streamed is one frame.
 *
 * Units: milliseconds.
 */
export interface LabDelivery {
  /** Wait before the headers. */
  readonly delayMs?: number
  /** Wait before each frame. An answer that is not streamed is sent in ten pieces, each after this time. */
  readonly frameDelayMs?: number
  /** Called before each frame is sent, which waits for what it returns. */
  readonly beforeFrame?: (index: number) => void | Promise<void>
  /** Closes the connection after so many frames. Not streamed: after half of the body. */
  readonly cutAfter?: number
  /** Sends nothing more after so many frames, and waits until the client closes. `headers`: not even headers. */
  readonly hangAfter?: number | 'headers'
  /** Stops in the middle of the JSON of this frame, and ends regularly. Not streamed: in the middle of the body. */
  readonly malformedAt?: number
  /** Added to the headers, over the lab's own. */
  readonly headers?: Readonly<Record<string, string>>
}

/** What an answer says. All of it may stand together: reasoning comes first, then the message, then calls. */
export interface LabContent {
  readonly text?: string
  /** Written as JSON text, instead of `text`. */
  readonly json?: Json
  readonly calls?: readonly LabCall[]
  /** A text is the summary of one item. */
  readonly reasoning?: string | readonly LabReasoning[]
  readonly refusal?: string
  /** The answer is cut, and says why. */
  readonly incomplete?: 'max_output_tokens' | 'content_filter'
  /** The response fails after it began: status `failed`; in chat an error in the stream, or status 500. */
  readonly failed?: { readonly code: string; readonly message: string }
  /** Default: 100 tokens in, 20 out. Null: the answer does not say. */
  readonly usage?: ModelUsage | null
  /** The model that answers, as the API names it. Default: the model that was asked. */
  readonly model?: string
  /** An error instead of an answer. */
  readonly error?: LabError
  /** Streamed, the error comes as an event after so many frames of the answer. */
  readonly errorAfter?: number
}

/** One answer in full. */
export interface LabAnswerParts extends LabContent, LabDelivery {}

/** One answer of a script: a text, its parts, or a function of the request that gives one of these. */
export type LabAnswer =
  | string
  | LabAnswerParts
  | ((request: LabRequest) => string | LabAnswerParts | Promise<string | LabAnswerParts>)

const defaultUsage: ModelUsage = Object.freeze({
  inputTokens: 100,
  outputTokens: 20,
  cachedTokens: 0,
  reasoningTokens: 0,
})

/** An answer with everything decided, for either API to be rendered in. */
export interface PreparedAnswer {
  /** Four digits or more; part of every id of the answer. */
  readonly number: string
  /** Seconds since 1970. */
  readonly created: number
  readonly model: string
  readonly text: string | null
  readonly refusal: string | null
  readonly calls: readonly { readonly id: string; readonly name: string; readonly argumentsText: string }[]
  readonly reasoning: readonly { readonly summary: string | null; readonly encrypted: string }[]
  readonly incomplete: 'max_output_tokens' | 'content_filter' | null
  readonly failed: { readonly code: string; readonly message: string } | null
  readonly usage: ModelUsage | null
}

/** All answers of the lab are of the same year, so that equal scripts give equal bytes. */
const firstCreated = Date.UTC(2026, 0, 1) / 1000

/**
 * Decides everything that an answer leaves open.
 *
 * @param index - place of the request among all of the lab, from 0
 */
export function prepareAnswer(parts: LabContent, request: LabRequest, index: number): PreparedAnswer {
  const number = String(index + 1).padStart(4, '0')
  const reasoning = typeof parts.reasoning === 'string' ? [{ summary: parts.reasoning }] : (parts.reasoning ?? [])
  return {
    number,
    created: firstCreated + index,
    model: parts.model ?? request.model,
    text: parts.json === undefined ? (parts.text ?? null) : JSON.stringify(parts.json),
    refusal: parts.refusal ?? null,
    calls: (parts.calls ?? []).map((call, place) => ({
      id: call.id ?? `call_${number}_${place}`,
      name: call.name,
      argumentsText: call.argumentsText ?? JSON.stringify(call.arguments ?? {}),
    })),
    reasoning: reasoning.map(({ summary, encrypted }: LabReasoning, place) => ({
      summary: summary ?? null,
      encrypted: encrypted ?? `lab-encrypted-${number}-${place}`,
    })),
    incomplete: parts.incomplete ?? null,
    failed: parts.failed ?? null,
    usage: parts.usage === undefined ? defaultUsage : parts.usage,
  }
}

/** Pieces of a text as a model streams it: at least 12 characters each, at most about 64 pieces, no character torn. */
export function* pieces(text: string): Generator<string> {
  const size = Math.max(12, Math.ceil(text.length / 64))
  let from = 0
  while (from < text.length) {
    const last = text.charCodeAt(from + size - 1)
    const to = from + size + (last >= 0xd800 && last <= 0xdbff ? 1 : 0)
    yield text.slice(from, to)
    from = to
  }
}
