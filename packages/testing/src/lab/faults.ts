import type { LabAnswerParts, LabCall } from './answer.ts'

/** How long a client is told to wait. Units: as the names say. */
export interface RetryAfter {
  /** Header `retry-after`. */
  readonly retryAfterSeconds?: number
  /** Header `retry-after-ms`. */
  readonly retryAfterMs?: number
}

/** What the headers `x-ratelimit-*` say. Resets are durations as OpenAI writes them: `6m0s`, `120ms`. */
export interface RateLimit {
  readonly limitRequests?: number
  readonly remainingRequests?: number
  readonly resetRequests?: string
  readonly limitTokens?: number
  readonly remainingTokens?: number
  readonly resetTokens?: string
}

/**
 * Answers that go wrong, for scripts. What is not here is a field of {@link LabAnswerParts}.
 *
 * @example
 * startModelLab({ script: [faults.rateLimited({ retryAfterMs: 20 }), faults.cut(3, 'half of this'), 'the whole answer'] })
 */
export const faults = {
  /** 429 `rate_limit_exceeded`; without an argument it does not say how long to wait. */
  rateLimited(after: RetryAfter = {}): LabAnswerParts {
    const headers = {
      ...(after.retryAfterSeconds === undefined ? {} : { 'retry-after': String(after.retryAfterSeconds) }),
      ...(after.retryAfterMs === undefined ? {} : { 'retry-after-ms': String(after.retryAfterMs) }),
    }
    return {
      headers,
      error: {
        status: 429,
        type: 'requests',
        code: 'rate_limit_exceeded',
        message: 'Rate limit reached for requests. Please try again later.',
      },
    }
  },

  /** 429 `insufficient_quota`: waiting does not help. */
  quota(): LabAnswerParts {
    const message = 'You exceeded your current quota, please check your plan and billing details.'
    return { error: { status: 429, type: 'insufficient_quota', code: 'insufficient_quota', message } }
  },

  /** 500. */
  serverError(): LabAnswerParts {
    const message = 'The server had an error while processing your request. Sorry about that!'
    return { error: { status: 500, type: 'server_error', message } }
  },

  /** 503. */
  unavailable(after: RetryAfter = {}): LabAnswerParts {
    const { headers = {} } = faults.rateLimited(after)
    const message = 'The engine is currently overloaded, please try again later.'
    return { headers, error: { status: 503, type: 'service_unavailable', message } }
  },

  /** 400 `context_length_exceeded`. */
  tooLong(): LabAnswerParts {
    const message = 'Your input exceeds the context window of this model. Please adjust your input and try again.'
    return { error: { status: 400, type: 'invalid_request_error', code: 'context_length_exceeded', message } }
  },

  /** Never answers: waits until the client closes. @param after - `headers`: sends nothing; otherwise frames before it */
  hang(after: number | 'headers' = 'headers', answer: string | LabAnswerParts = 'never said'): LabAnswerParts {
    return { ...partsOf(answer), hangAfter: after }
  },

  /** Closes the connection after so many frames; not streamed: in the middle of the body. */
  cut(afterFrames: number, answer: string | LabAnswerParts = 'never said in full'): LabAnswerParts {
    return { ...partsOf(answer), cutAfter: afterFrames }
  },

  /** JSON that is broken: the body, or that frame of a stream. */
  malformed(atFrame = 2, answer: string | LabAnswerParts = 'never understood'): LabAnswerParts {
    return { ...partsOf(answer), malformedAt: atFrame }
  },

  /** An error in a stream that has begun; not streamed: status 500. */
  errorInStream(afterFrames: number, answer: string | LabAnswerParts = 'never said in full'): LabAnswerParts {
    return { ...partsOf(answer), ...faults.serverError(), errorAfter: afterFrames }
  },

  /** Comes piece by piece. Units: milliseconds between frames. */
  slow(frameDelayMs: number, answer: string | LabAnswerParts): LabAnswerParts {
    return { ...partsOf(answer), frameDelayMs }
  },

  /** The model declines. */
  refusal(text = "I'm sorry, but I can't help with that."): LabAnswerParts {
    return { refusal: text }
  },

  /** Cut at the token limit. */
  incomplete(text = ''): LabAnswerParts {
    return { text, incomplete: 'max_output_tokens' }
  },

  /** Cut by a content filter. */
  contentFilter(text = ''): LabAnswerParts {
    return { text, incomplete: 'content_filter' }
  },

  /** The response fails after it began. */
  failed(message = 'The model failed to generate a response.'): LabAnswerParts {
    return { failed: { code: 'server_error', message } }
  },

  /** Calls a tool that was not offered. */
  unknownTool(name = 'no_such_tool', call: Omit<LabCall, 'name'> = {}): LabAnswerParts {
    return { calls: [{ ...call, name }] }
  },

  /** Calls a tool with arguments that are no JSON. */
  badArguments(name: string, argumentsText = '{"half": '): LabAnswerParts {
    return { calls: [{ name, argumentsText }] }
  },

  /** A text of so many bytes. */
  huge(bytes: number): LabAnswerParts {
    return { text: 'waystone '.repeat(Math.ceil(bytes / 9)).slice(0, bytes) }
  },

  /** An answer that does not say what it used. */
  noUsage(answer: string | LabAnswerParts): LabAnswerParts {
    return { ...partsOf(answer), usage: null }
  },

  /** An answer with the headers of a rate limit. */
  withRateLimit(limit: RateLimit, answer: string | LabAnswerParts): LabAnswerParts {
    const parts = partsOf(answer)
    return { ...parts, headers: { ...rateLimitHeaders(limit), ...parts.headers } }
  },
} as const

function partsOf(answer: string | LabAnswerParts): LabAnswerParts {
  return typeof answer === 'string' ? { text: answer } : answer
}

function rateLimitHeaders(limit: RateLimit): Record<string, string> {
  const headers = {
    'x-ratelimit-limit-requests': limit.limitRequests,
    'x-ratelimit-remaining-requests': limit.remainingRequests,
    'x-ratelimit-reset-requests': limit.resetRequests,
    'x-ratelimit-limit-tokens': limit.limitTokens,
    'x-ratelimit-remaining-tokens': limit.remainingTokens,
    'x-ratelimit-reset-tokens': limit.resetTokens,
  }
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])),
  )
}
