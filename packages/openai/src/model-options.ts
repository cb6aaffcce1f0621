import { InputError, type JsonObject } from '@waystone/core'
import { familyOf } from './provider-items.ts'

/**
 * How an agent's answer is made to fit its schema.
 *
 * - `schema-each-turn`: the schema is part of every request. What OpenAI does best.
 * - `final-schema-turn`: while tools are offered the schema is only told; it is enforced in turns without tools, and in the repair
 *   turn, which then offers none. For servers that stop calling tools when a schema is given.
 * - `submit-tool`: the answer is the arguments of one more tool. For servers that know tools but no schemas.
 */
export type OutputMode = 'schema-each-turn' | 'final-schema-turn' | 'submit-tool'

/** What {@link openAiModel} needs to know. */
export interface OpenAiModelOptions {
  /** As the provider names it. On Azure: the name of the deployment. */
  readonly model: string
  /** `responses`: OpenAI's newer API, which keeps reasoning between turns. `chat`: chat completions, which everybody speaks. */
  readonly api: 'responses' | 'chat'
  /** With its version: `http://127.0.0.1:11434/v1`. Default: `https://api.openai.com/v1`; no environment variable is read. */
  readonly baseUrl?: string
  /** Name of the secret that holds the key, resolved at every call. Null: no key is sent. Default: `OPENAI_API_KEY`. */
  readonly apiKey?: string | null
  /** Default: `schema-each-turn`. */
  readonly outputMode?: OutputMode
  /** Whether the answer is streamed, so that tokens can be shown as they come. Default: true. */
  readonly stream?: boolean
  /** Longest time of one request, from its start to the last byte of its answer. Units: ms, from 1. Default: 600000. */
  readonly timeoutMs?: number
  /** Added to every request. No secrets: these are kept in this object. */
  readonly headers?: Readonly<Record<string, string>>
  readonly organization?: string
  readonly project?: string
  /** 0 to 2. Reasoning models refuse it. Default: the model's own. */
  readonly temperature?: number
  /** Default: the model's own. */
  readonly reasoningEffort?: 'none' | 'minimal' | 'low' | 'medium' | 'high' | 'xhigh' | 'max'
  /** Default: the project's own. */
  readonly serviceTier?: 'auto' | 'default' | 'flex' | 'priority' | 'fast'
  /** Groups requests that begin alike, for the provider's prompt cache. Default: none. */
  readonly promptCacheKey?: string
  /** False: at most one tool call a turn. Default: the provider's own, for OpenAI true. */
  readonly parallelToolCalls?: boolean
  /** Fields of the server's own, added to every body: `{ provider: { require_parameters: true } }`. The adapter's own fields win. */
  readonly extraBody?: JsonObject
  /** Which field limits output in chat. Default: `max_completion_tokens` at OpenAI and Azure, else `max_tokens`. */
  readonly maxTokensField?: 'max_completion_tokens' | 'max_tokens'
}

/** Options with every default decided. */
export interface ModelSettings extends Omit<
  OpenAiModelOptions,
  'baseUrl' | 'apiKey' | 'outputMode' | 'stream' | 'timeoutMs' | 'headers' | 'maxTokensField'
> {
  readonly baseUrl: string
  readonly host: string
  readonly apiKey: string | null
  readonly outputMode: OutputMode
  readonly stream: boolean
  readonly timeoutMs: number
  readonly headers: Readonly<Record<string, string>>
  readonly maxTokensField: 'max_completion_tokens' | 'max_tokens'
  /** Where items of the provider come from, and may be given back to: API, server and family of models. */
  readonly origin: string
}

const outputModes = ['schema-each-turn', 'final-schema-turn', 'submit-tool']
const secretName = /^[A-Za-z][\w.-]{0,63}$/

/** @throws {InputError} WAYSTONE_INPUT_MODEL_OPTION */
export function readOptions(options: OpenAiModelOptions): ModelSettings {
  const { model, api, baseUrl = 'https://api.openai.com/v1', apiKey = 'OPENAI_API_KEY' } = options
  const { outputMode = 'schema-each-turn', stream = true, timeoutMs = 600_000, headers = {} } = options
  if (typeof model !== 'string' || model === '') refuse('model', 'a name')
  if (api !== 'responses' && api !== 'chat') refuse('api', "'responses' or 'chat'")
  checkOutputMode(outputMode)
  // Whoever writes the key itself here would have it in the code; the message does not repeat it.
  if (apiKey !== null && !secretName.test(apiKey)) refuse('apiKey', 'the name of a secret, or null')
  if (apiKey?.startsWith('sk-') === true) refuse('apiKey', 'the name of a secret, not the key')
  checkTimeout(timeoutMs)
  const { host, hostname } = readUrl(baseUrl)
  const isOpenAi = /(^|\.)(openai\.com|openai\.azure\.com|services\.ai\.azure\.com)$/.test(hostname)
  const maxTokensField = options.maxTokensField ?? (isOpenAi ? 'max_completion_tokens' : 'max_tokens')
  return {
    ...options,
    baseUrl: baseUrl.replace(/\/+$/, ''),
    host,
    apiKey,
    outputMode,
    stream,
    timeoutMs,
    headers: { ...headers },
    maxTokensField,
    origin: `${api} ${host} ${familyOf(model)}`,
  }
}

/** @throws {InputError} WAYSTONE_INPUT_MODEL_OPTION */
export function checkOutputMode(mode: string): void {
  if (!outputModes.includes(mode)) refuse('outputMode', outputModes.map((name) => `'${name}'`).join(', '))
}

/** @throws {InputError} WAYSTONE_INPUT_MODEL_OPTION */
export function checkTimeout(timeoutMs: number): void {
  if (!Number.isFinite(timeoutMs) || timeoutMs < 1) refuse('timeoutMs', 'a number of milliseconds, from 1')
}

function readUrl(text: string): URL {
  const url = URL.parse(text)
  if (url === null || !/^https?:$/.test(url.protocol)) refuse('baseUrl', 'an http or https URL, such as http://host/v1')
  if (url.username !== '' || url.password !== '') refuse('baseUrl', 'a URL without a user or password')
  return url
}

function refuse(option: string, allowed: string): never {
  throw new InputError('WAYSTONE_INPUT_MODEL_OPTION', `option ${option} of a model must be ${allowed}`, { option })
}
