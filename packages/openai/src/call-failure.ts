import { NodeError, type ModelUsage } from '@waystone/core'
import { retryAfterOf, type ReadHeader } from './retry-after.ts'

/** Where a call went, for messages. */
export interface CallPlace {
  readonly model: string
  readonly host: string
  /** Name of the secret that holds the key; null: none is sent. */
  readonly secret: string | null
  /** Takes the key out of a text. */
  readonly hide: (text: string) => string
}

/** What a provider said when it did not answer. */
export interface ProviderError {
  /** HTTP status; undefined for an error inside a stream. */
  readonly status: number | undefined
  readonly code: string | undefined
  readonly type: string | undefined
  readonly message: string
  readonly requestId: string | undefined
  readonly readHeader: ReadHeader
  readonly usage?: ModelUsage | null
  readonly cause?: unknown
}

/** Shorter keys are not looked for: they would tear ordinary text apart, and hide nothing. */
const shortestKey = 6

/** Takes a key, and whatever looks like one of OpenAI's, out of a text. */
export function hideKey(key: string | null): (text: string) => string {
  const hasKey = key !== null && key.length >= shortestKey
  return (text) => (hasKey ? text.replaceAll(key, '[key]') : text).replaceAll(/\bsk-[\w*.-]{4,}/g, '[key]')
}

/** The error of a call that a provider answered with an error. */
export function providerFailure(place: CallPlace, error: ProviderError): NodeError {
  const { status, code, usage } = error
  // What a provider says about a wrong key repeats a part of it.
  const said = status === 401 ? '' : place.hide(error.message.trim()).slice(0, 500)
  const answered = [status ?? 'an error in its stream', code ?? error.type]
    .filter((part) => part !== undefined)
    .join(' ')
  const retryAfterMs = retryAfterOf(error.readHeader)
  const message = `model ${JSON.stringify(place.model)} at ${place.host} answered ${answered}${said === '' ? '' : `: ${said}`}`
  return new NodeError('WAYSTONE_NODE_MODEL_FAILED', `${message}; ${adviceFor(place, error)}`, {
    retryable: isRetryable(error),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    details: {
      ...(status !== undefined && { status }),
      ...(code !== undefined && { code }),
      ...(error.requestId !== undefined && { requestId: error.requestId }),
      ...(usage !== undefined && usage !== null && { usage }),
    },
    ...causeOf(place, error.cause),
  })
}

/** The error of a call that got no whole answer: cut, too slow, not understood. It may have been billed. */
export function brokenCall(place: CallPlace, what: string, cause?: unknown): NodeError {
  const message = `model ${JSON.stringify(place.model)} at ${place.host}: ${place.hide(what).slice(0, 500)}`
  return new NodeError('WAYSTONE_NODE_MODEL_FAILED', message, { retryable: true, ...causeOf(place, cause) })
}

const nothingUsed: ModelUsage = Object.freeze({ inputTokens: 0, outputTokens: 0, cachedTokens: 0, reasoningTokens: 0 })

/** The error of a call whose request never got anywhere, so that it used nothing. */
export function unreachable(place: CallPlace, why: string, cause?: unknown): NodeError {
  const message = `model ${JSON.stringify(place.model)} at ${place.host} cannot be reached: ${place.hide(why).slice(0, 500)}`
  return new NodeError('WAYSTONE_NODE_MODEL_FAILED', message, {
    retryable: true,
    details: { usage: nothingUsed },
    ...causeOf(place, cause),
  })
}

/** The error of a call that was told to stop before it had sent anything: nothing is charged. */
export function unsentCall(place: CallPlace): NodeError {
  const message = `the call of model ${JSON.stringify(place.model)} at ${place.host} was told to stop before it was made`
  return new NodeError('WAYSTONE_NODE_ABORTED', message)
}

/** The error of a call that was told to stop while it was answered: what it used by then nobody says, so it is charged as reserved. */
export function stoppedCall(place: CallPlace, cause?: unknown): NodeError {
  const message = `the call of model ${JSON.stringify(place.model)} at ${place.host} was told to stop before its answer was complete`
  return new NodeError('WAYSTONE_NODE_MODEL_FAILED', message, causeOf(place, cause))
}

/** The error underneath, unless it repeats a key. */
function causeOf({ hide }: CallPlace, cause: unknown): { readonly cause?: unknown } {
  const text = String(cause)
  return cause === undefined || hide(text) !== text ? {} : { cause }
}

/** Errors that come again however long one waits. */
const hopeless =
  /^(insufficient_quota|billing|account_deactivated|invalid|unsupported|context_length|model_not_found|content_policy|content_filter|unknown_parameter|missing_)|_not_found$|_too_(large|long|many)|^4(?!08|09|29)\d\d$/

function isRetryable({ status, code, type, readHeader }: ProviderError): boolean {
  if (hopeless.test(code ?? '') || type === 'insufficient_quota') return false
  const asked = readHeader('x-should-retry')
  if (asked === 'true' || asked === 'false') return asked === 'true'
  if (status === undefined) return !hopeless.test(type ?? '')
  return status === 408 || status === 409 || status === 429 || status >= 500
}

function adviceFor({ secret, model }: CallPlace, { status, code, type }: ProviderError): string {
  if (code === 'insufficient_quota' || type === 'insufficient_quota')
    return 'the account has no credit or quota left: waiting does not help'
  if (code === 'context_length_exceeded') return 'give the model less to read, or take one with a larger window'
  const whose = secret === null ? '' : ` in secret ${secret}`
  const advice: Readonly<Record<number, string>> = {
    400: 'the request does not suit this model or server: look at api, outputMode and the options',
    401: secret === null ? 'it wants a key: name its secret in apiKey' : `the key${whose} is not accepted`,
    403: `the key${whose} may not use model ${JSON.stringify(model)}`,
    404: 'no such model, or no such API under this base URL: look at model, baseUrl and api',
    422: 'the request does not suit this model or server: look at api, outputMode and the options',
    429: 'too many requests or tokens for its limits',
  }
  return advice[status ?? 0] ?? 'another attempt may succeed'
}

const noConnection = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENETUNREACH',
  'EHOSTUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
])

/** True when a request never reached anybody. */
export function hasNoConnection(thrown: unknown): boolean {
  if (!(thrown instanceof Error)) return false
  const code: unknown = Reflect.get(thrown, 'code')
  return (typeof code === 'string' && noConnection.has(code)) || hasNoConnection(thrown.cause)
}

/** What an error says, with what is underneath it. */
export function reasonOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown)
  return thrown.cause instanceof Error ? `${thrown.message} (${reasonOf(thrown.cause)})` : thrown.message
}
