import { NodeError, type Model, type ModelCallOptions, type ModelRequest, type ModelResponse } from '@waystone/core'
import OpenAI, { APIConnectionError, APIError } from 'openai'
import {
  brokenCall,
  hasNoConnection,
  hideKey,
  providerFailure,
  reasonOf,
  stoppedCall,
  unreachable,
  unsentCall,
  type CallPlace,
} from './call-failure.ts'
import { codeOf } from './json-access.ts'
import { longestTimerMs, startScope, type CallScope } from './call-scope.ts'
import { readChat, readChatStream } from './chat-answer.ts'
import { chatBody } from './chat-request.ts'
import { readOptions, type ModelSettings, type OpenAiModelOptions } from './model-options.ts'
import { readResponse, readResponsesStream } from './responses-answer.ts'
import { responsesBody } from './responses-request.ts'
import { quotaOf } from './retry-after.ts'
import { planTurn, responseOf, type WireAnswer } from './turn.ts'

/**
 * A model of OpenAI, or of any server that speaks one of its two APIs.
 *
 * One call is one request: retries are the engine's. The answer is believed only when the server said that it is complete. The key
 * is resolved at each call and kept nowhere.
 *
 * @throws {InputError} WAYSTONE_INPUT_MODEL_OPTION
 * @example
 * createRuntime({ models: { fast: openAiModel({ model: 'gpt-6-luna', api: 'responses' }) }, prices: openAiPrices })
 */
export function openAiModel(options: OpenAiModelOptions): Model {
  const settings = readOptions(options)
  return Object.freeze({
    name: settings.model,
    call: (request: ModelRequest, call: ModelCallOptions) => callModel(settings, request, call),
  })
}

async function callModel(
  settings: ModelSettings,
  request: ModelRequest,
  options: ModelCallOptions,
): Promise<ModelResponse> {
  const key = await resolveKey(settings, options)
  const place: CallPlace = { ...settings, secret: settings.apiKey, hide: hideKey(key) }
  const turn = planTurn(request, settings.outputMode)
  const own = settings.api === 'chat' ? chatBody(settings, request, turn) : responsesBody(settings, request, turn)
  const body = { ...settings.extraBody, ...own }
  if (options.signal.aborted) throw unsentCall(place)
  const scope = startScope(options, settings.timeoutMs)
  try {
    const wire: Wire = { client: createClient(settings, key), body, scope, options, place, settings }
    const { answer, headers } = settings.api === 'chat' ? await askChat(wire) : await askResponses(wire)
    const quota = quotaOf((name) => headers.get(name))
    return { ...responseOf(turn, answer), ...(quota !== undefined && { quota }) }
  } catch (thrown) {
    throw failureOf(thrown, { place, scope, options, settings })
  } finally {
    scope.end()
  }
}

/** @throws {NodeError} WAYSTONE_NODE_SECRET_MISSING */
async function resolveKey({ apiKey }: ModelSettings, { secret }: ModelCallOptions): Promise<string | null> {
  if (apiKey === null) return null
  const key = (await secret(apiKey)).trim()
  if (/^[\x21-\x7E]+$/.test(key)) return key
  throw new NodeError(
    'WAYSTONE_NODE_MODEL_FAILED',
    `secret ${apiKey} is no API key: it is empty, or holds spaces or other characters`,
  )
}

function createClient(settings: ModelSettings, key: string | null): OpenAI {
  return new OpenAI({
    apiKey: key ?? 'none',
    // Null keeps the SDK from reading the environment: what a run does must not depend on it.
    adminAPIKey: null,
    webhookSecret: null,
    organization: settings.organization ?? null,
    project: settings.project ?? null,
    baseURL: settings.baseUrl,
    maxRetries: 0,
    timeout: Math.min(settings.timeoutMs, longestTimerMs),
    // It would print parts of answers.
    logLevel: 'off',
    defaultHeaders: { ...(key === null && { authorization: null }), ...settings.headers },
  })
}

interface Wire {
  readonly client: OpenAI
  readonly body: ReturnType<typeof chatBody>
  readonly scope: CallScope
  readonly options: ModelCallOptions
  readonly place: CallPlace
  readonly settings: ModelSettings
}

interface Answered {
  readonly answer: WireAnswer
  readonly headers: Headers
}

async function askChat(wire: Wire): Promise<Answered> {
  const { place, settings, options } = wire
  const path = '/chat/completions'
  if (!settings.stream) {
    const { data, response } = await post(wire, path)
    return { answer: readChat(place, settings.origin, data), headers: response.headers }
  }
  const { data, response } = await stream(wire, path)
  const given = await readChatStream(place, data, options.onToken)
  return { answer: readChat(place, settings.origin, given), headers: response.headers }
}

async function askResponses(wire: Wire): Promise<Answered> {
  const { place, settings, options } = wire
  const path = '/responses'
  if (!settings.stream) {
    const { data, response } = await post(wire, path)
    return { answer: readResponse(place, settings.origin, data), headers: response.headers }
  }
  const { data, response } = await stream(wire, path)
  const given = await readResponsesStream(place, data, options.onToken)
  return { answer: readResponse(place, settings.origin, given), headers: response.headers }
}

interface Given<Data> {
  readonly data: Data
  readonly response: Response
}

// The SDK's own methods for these paths read what comes while it comes, and throw away what they cannot read, usage included.
function post(wire: Wire, path: string): Promise<Given<unknown>> {
  return wire.client.post<unknown>(path, requestOptions(wire)).withResponse()
}

function stream(wire: Wire, path: string): Promise<Given<AsyncIterable<unknown>>> {
  return wire.client.post<AsyncIterable<unknown>>(path, { ...requestOptions(wire), stream: true }).withResponse()
}

function requestOptions({ body, scope, options }: Wire): {
  readonly body: object
  readonly signal: AbortSignal
  readonly headers: Record<string, string>
} {
  const id = `${options.effectId}/${options.attempt}`
  return { body, signal: scope.signal, headers: /^[\x21-\x7E]{1,512}$/.test(id) ? { 'x-client-request-id': id } : {} }
}

interface FailedCall {
  readonly place: CallPlace
  readonly scope: CallScope
  readonly options: ModelCallOptions
  readonly settings: ModelSettings
}

function failureOf(thrown: unknown, { place, scope, options, settings }: FailedCall): NodeError {
  // An aborted stream ends as if it were complete, so the signals are asked before anything else.
  if (options.signal.aborted) return stoppedCall(place, thrown)
  if (scope.isLate()) return brokenCall(place, `no whole answer within ${settings.timeoutMs} ms`, thrown)
  if (NodeError.isInstance(thrown)) return thrown
  if (hasNoConnection(thrown)) return unreachable(place, reasonOf(thrown), thrown)
  if (thrown instanceof APIConnectionError) return brokenCall(place, `no answer: ${reasonOf(thrown)}`, thrown)
  if (isProviderError(thrown)) return providerFailure(place, providerErrorOf(thrown))
  if (thrown instanceof SyntaxError) return brokenCall(place, 'what came is no JSON', thrown)
  return brokenCall(place, `the connection broke: ${reasonOf(thrown)}`, thrown)
}

function isProviderError(thrown: unknown): thrown is APIError {
  return thrown instanceof APIError
}

function providerErrorOf(error: APIError): Parameters<typeof providerFailure>[1] {
  return {
    status: error.status,
    code: codeOf(error.code),
    type: error.type,
    message: bareMessage(error),
    requestId: error.requestID ?? undefined,
    readHeader: (name) => error.headers?.get(name) ?? null,
    cause: error,
  }
}

/** The provider's own words, without the status that the SDK puts before them. */
function bareMessage({ message, status }: APIError): string {
  return status === undefined ? message : message.replace(new RegExp(`^${status} `), '')
}
