import { NodeError, type Model, type ModelCallOptions, type ModelRequest, type ModelResponse } from '@waystone/core'
import { readGenerated, readStreamed } from './ai-sdk-answer.ts'
import { aiSdkPrompt } from './ai-sdk-prompt.ts'
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
import { startScope, type CallScope } from './call-scope.ts'
import { codeOf, objectOf, textOf } from './json-access.ts'
import { checkOutputMode, checkTimeout, type OutputMode } from './model-options.ts'
import { familyOf } from './provider-items.ts'
import { quotaOf, type ReadHeader } from './retry-after.ts'
import { planTurn, responseOf, type Turn } from './turn.ts'

/** What a model of the AI SDK is asked, as far as it is used here. */
export interface AiSdkCall {
  readonly prompt: readonly object[]
  readonly maxOutputTokens?: number
  readonly temperature?: number
  readonly responseFormat?: object
  readonly tools?: readonly object[]
  readonly toolChoice?: object
  readonly abortSignal?: AbortSignal
  readonly headers?: Readonly<Record<string, string | undefined>>
  readonly providerOptions?: object
}

/**
 * A language model of the AI SDK's provider interface, version 3 or 4: what `openai('…')`, `anthropic('…')`, `google('…')` return.
 *
 * Source: LanguageModelV3 and LanguageModelV4 of @ai-sdk/provider 4.0, which need not be installed.
 */
export interface AiSdkLanguageModel {
  readonly specificationVersion: string
  readonly provider: string
  readonly modelId: string
  doGenerate(options: AiSdkCall): PromiseLike<unknown>
  doStream(options: AiSdkCall): PromiseLike<{ readonly stream: ReadableStream<unknown> }>
}

/** How {@link aiSdkModel} uses a model. */
export interface AiSdkModelOptions {
  /** Default: `schema-each-turn`. */
  readonly outputMode?: OutputMode
  /** Default: true. */
  readonly stream?: boolean
  /** As for `openAiModel`. Units: ms. Default: 600000. */
  readonly timeoutMs?: number
  readonly temperature?: number
  /** As the provider's documentation says: `{ anthropic: { thinking: … } }`. */
  readonly providerOptions?: Readonly<Record<string, object>>
  readonly headers?: Readonly<Record<string, string>>
}

interface Settings extends AiSdkModelOptions {
  readonly outputMode: OutputMode
  readonly timeoutMs: number
  readonly origin: string
}

/**
 * A model of any provider of the AI SDK.
 *
 * The provider has the key, and reads it where its documentation says; Waystone never sees it. One call is one request.
 *
 * @throws {InputError} WAYSTONE_INPUT_MODEL_OPTION
 * @example
 * createRuntime({ models: { careful: aiSdkModel(anthropic('claude-sonnet-5')) } })
 */
export function aiSdkModel(model: AiSdkLanguageModel, options: AiSdkModelOptions = {}): Model {
  const { outputMode = 'schema-each-turn', timeoutMs = 600_000 } = options
  checkOutputMode(outputMode)
  checkTimeout(timeoutMs)
  const origin = `ai-sdk ${model.provider} ${familyOf(model.modelId)}`
  const settings: Settings = { ...options, outputMode, timeoutMs, origin }
  return Object.freeze({
    name: model.modelId,
    call: (request: ModelRequest, call: ModelCallOptions) => callModel({ model, settings }, request, call),
  })
}

interface Bound {
  readonly model: AiSdkLanguageModel
  readonly settings: Settings
}

async function callModel(
  { model, settings }: Bound,
  request: ModelRequest,
  options: ModelCallOptions,
): Promise<ModelResponse> {
  const place: CallPlace = { model: model.modelId, host: model.provider, secret: null, hide: hideKey(null) }
  if (options.signal.aborted) throw unsentCall(place)
  const turn = planTurn(request, settings.outputMode)
  const scope = startScope(options, settings.timeoutMs)
  const call = callOf({ model, settings }, { request, turn, scope })
  try {
    const result = settings.stream === false ? await model.doGenerate(call) : await model.doStream(call)
    const given = isStreamed(result) ? await readStreamed(place, result.stream, options.onToken) : result
    // A stream that was aborted may end as if it were complete.
    scope.signal.throwIfAborted()
    const read = headerReader(objectOf(objectOf(result)['response'])['headers'])
    const quota = quotaOf(read)
    return { ...responseOf(turn, readGenerated(place, settings.origin, given)), ...(quota !== undefined && { quota }) }
  } catch (thrown) {
    if (options.signal.aborted) throw stoppedCall(place, thrown)
    if (scope.isLate()) throw brokenCall(place, `no whole answer within ${settings.timeoutMs} ms`, thrown)
    throw failureOf(place, thrown)
  } finally {
    scope.end()
  }
}

function isStreamed(result: unknown): result is { readonly stream: ReadableStream<unknown> } {
  return objectOf(result)['stream'] instanceof ReadableStream
}

/** Reads headers whatever the case of their names. */
function headerReader(given: unknown): ReadHeader {
  const headers = new Map(
    Object.entries(objectOf(given)).map(([name, value]) => [name.toLowerCase(), textOf(value) ?? null]),
  )
  return (name) => headers.get(name) ?? null
}

interface Asked {
  readonly request: ModelRequest
  readonly turn: Turn
  readonly scope: CallScope
}

function callOf({ model, settings }: Bound, { request, turn, scope }: Asked): AiSdkCall {
  const { tools, schema, submit, mustSubmit, instructions } = turn
  const { temperature, headers, providerOptions, origin } = settings
  return {
    prompt: aiSdkPrompt(request.messages, { instructions, origin, isV3: model.specificationVersion === 'v3' }),
    ...(tools.length > 0 && {
      tools: tools.map(({ name, description, schema: inputSchema, isStrict }) => ({
        type: 'function',
        name,
        description,
        inputSchema,
        ...(isStrict && { strict: true }),
      })),
      toolChoice: mustSubmit && submit !== null ? { type: 'tool', toolName: submit } : { type: 'auto' },
    }),
    ...(schema !== null && { responseFormat: { type: 'json', name: schema.name, schema: schema.schema } }),
    ...(request.maxOutputTokens !== null && { maxOutputTokens: request.maxOutputTokens }),
    ...(temperature !== undefined && { temperature }),
    ...(headers !== undefined && { headers }),
    ...(providerOptions !== undefined && { providerOptions }),
    abortSignal: scope.signal,
  }
}

function failureOf(place: CallPlace, thrown: unknown): NodeError {
  if (NodeError.isInstance(thrown)) return thrown
  if (hasNoConnection(thrown)) return unreachable(place, reasonOf(thrown), thrown)
  const { statusCode, responseHeaders, data, message } = objectOf(thrown)
  if (typeof statusCode !== 'number' || statusCode < 400) return brokenCall(place, reasonOf(thrown), thrown)
  const read = headerReader(responseHeaders)
  const error = objectOf(objectOf(data)['error'] ?? data)
  return providerFailure(place, {
    status: statusCode,
    code: codeOf(error['code']),
    type: textOf(error['type']),
    message: textOf(error['message']) ?? textOf(message) ?? '',
    requestId: read('x-request-id') ?? read('request-id') ?? undefined,
    readHeader: read,
    cause: thrown,
  })
}
