import type { Json, JsonObject } from '../base/json.ts'

/** A piece of a message. Text is untrusted wherever it came from a model, a tool or a user. */
export type ContentPart =
  | { readonly type: 'text'; readonly text: string }
  /** Base64 data or an https URL. */
  | { readonly type: 'image'; readonly mediaType: string; readonly data: string }
  | { readonly type: 'file'; readonly mediaType: string; readonly name: string; readonly data: string }

/** A tool call that a model asks for. */
export interface ModelToolCall {
  /** The provider's id of the call, unique within a message. */
  readonly id: string
  readonly name: string
  /** Parsed arguments; when the provider's text was not JSON, `{ "$malformed": text }`. */
  readonly arguments: Json
}

/** What the model is told, or said. */
export type ModelMessage =
  | { readonly role: 'user'; readonly content: readonly ContentPart[] }
  | {
      readonly role: 'assistant'
      readonly content: readonly ContentPart[]
      readonly calls: readonly ModelToolCall[]
      /** Opaque items of the provider (reasoning, signatures), given back whole and in order to the same provider. */
      readonly providerItems?: readonly Json[]
    }
  | {
      readonly role: 'tool'
      readonly callId: string
      readonly name: string
      readonly content: readonly ContentPart[]
      readonly isError: boolean
    }

/** A tool as a model is offered it. */
export interface ModelTool {
  readonly name: string
  readonly description: string
  readonly inputSchema: JsonObject
}

/** One call of a model: everything it depends on. JSON only. */
export interface ModelRequest {
  readonly instructions: string
  readonly messages: readonly ModelMessage[]
  /** Order: as the node lists them. */
  readonly tools: readonly ModelTool[]
  /** The final answer must be JSON that fits this; null: plain text. */
  readonly output: { readonly name: string; readonly schema: JsonObject } | null
  readonly maxOutputTokens: number | null
  /** Present when the last answer did not fit `output` and is asked for again: what is wanted now is an answer, no call. */
  readonly isRepair?: true
}

/** What a call used. Units: tokens. `input` includes `cached`; `output` includes `reasoning`. */
export interface ModelUsage {
  readonly inputTokens: number
  readonly outputTokens: number
  readonly cachedTokens: number
  readonly reasoningTokens: number
}

/** How a call ended. `length`: cut at the token limit; `refusal`: the model declined. */
export type FinishReason = 'stop' | 'tool-calls' | 'length' | 'refusal' | 'content-filter'

/** What a provider says is left of one of its limits. */
export interface QuotaLeft {
  /** Requests or tokens, 0 or more. */
  readonly remaining: number
  /** Time until the limit is whole again, ms. */
  readonly resetMs: number
}

/** What a provider says is left of its limits, e.g. in `x-ratelimit-*` headers. */
export interface ModelQuota {
  readonly requests?: QuotaLeft
  readonly tokens?: QuotaLeft
}

/** What a model answered. Its text, arguments and output are checked before anything believes them. */
export interface ModelResponse {
  readonly message: Extract<ModelMessage, { role: 'assistant' }>
  readonly finish: FinishReason
  /** Null when the provider did not say: the call is then charged at its reservation and marked estimated. */
  readonly usage: ModelUsage | null
  /** The model that answered, as the provider names it. */
  readonly model: string
  /** The provider's id of the response, for its logs. */
  readonly responseId?: string
  /** What is left of the provider's limits. When it is not enough for another call, all calls of a model in the option `limits` wait until it is reset. */
  readonly quota?: ModelQuota
}

/** What a model gets beside the request. */
export interface ModelCallOptions {
  /** Fires on cancel, timeout or close; the call must end its connection at once. */
  readonly signal: AbortSignal
  /** Idempotency key of the call: `runId/stepIndex`. */
  readonly effectId: string
  /** The node that asks; for scripts, logs and tests, not for the provider. Absent outside a run. */
  readonly node?: string
  /** From 1. */
  readonly attempt: number
  /** Provisional tokens as they arrive; shown, never stored. Nothing may depend on them. */
  readonly onToken: (text: string) => void
  /** Resolves a secret reference. The value must not be put into any message, error or log. */
  readonly secret: (name: string) => Promise<string>
}

/**
 * The port to a language model. Bound by name at the runtime.
 *
 * A failing call throws {@link NodeError} (`retryable`, `retryAfterMs`); retrying is the engine's, so adapters make one request
 * per call. A refusal or a cut answer is a response, not an error.
 */
export interface Model {
  /** For people: shown in listings, e.g. `offline:release-notes`. */
  readonly name: string
  call(request: ModelRequest, options: ModelCallOptions): Promise<ModelResponse>
  /**
   * Counts the input tokens of a request as the provider will; where a node bounds them, one that has more is not sent. Without
   * it, only a request that certainly has more is kept back.
   */
  countTokens?(request: ModelRequest, options: Pick<ModelCallOptions, 'signal' | 'secret'>): number | Promise<number>
}

/** Price of a model. Units: USD per million tokens. */
export interface ModelPrice {
  readonly inputUsd: number
  /** Default: as `inputUsd`. */
  readonly cachedInputUsd?: number
  readonly outputUsd: number
}
