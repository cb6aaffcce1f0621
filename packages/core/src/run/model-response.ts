import { z } from 'zod'
import { takeJson } from '../base/json.ts'
import type { ModelPrice, ModelResponse, ModelUsage } from '../define/model.ts'
import { nodeError } from '../errors/node-error.ts'
import type { UsageDelta } from '../snapshot/usage.ts'
import { issueLines } from './issues.ts'

const contentPart = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text'), text: z.string() }),
  z.object({ type: z.literal('image'), mediaType: z.string(), data: z.string() }),
  z.object({ type: z.literal('file'), mediaType: z.string(), name: z.string(), data: z.string() }),
])

const responseSchema = z.object({
  message: z.object({
    role: z.literal('assistant'),
    content: z.array(contentPart),
    calls: z.array(z.object({ id: z.string().min(1), name: z.string(), arguments: z.json() })),
    providerItems: z.array(z.json()).exactOptional(),
  }),
  finish: z.enum(['stop', 'tool-calls', 'length', 'refusal', 'content-filter']),
  model: z.string(),
})

const count = z.number().int().nonnegative()
const usageSchema = z.object({ inputTokens: count, outputTokens: count, cachedTokens: count, reasoningTokens: count })

/** The part of a response that the engine believes. */
export type CheckedResponse = Pick<ModelResponse, 'message' | 'finish' | 'model'>

/**
 * Checks a model's response before anything in it is used.
 *
 * @returns frozen
 * @throws {NodeError} WAYSTONE_NODE_MODEL_NONSENSE, retryable, saying what was found
 */
export function parseResponse(given: unknown): CheckedResponse {
  const parsed = responseSchema.safeParse(asJson(given))
  if (!parsed.success) throw nonsense(issueLines(parsed.error).slice(0, 5).join('; '))
  const { message } = parsed.data
  const ids = message.calls.map((call) => call.id)
  if (new Set(ids).size !== ids.length) throw nonsense('two calls have the same id')
  // The schema has just said that it is one; a frozen copy shares nothing with the adapter's objects.
  return takeJson(parsed.data, 'response of a model') as unknown as CheckedResponse
}

/** The reported usage; undefined when there is none, or none that can be believed: then the call is charged at its reservation. */
export function parseUsage(given: unknown): ModelUsage | undefined {
  try {
    const parsed = usageSchema.safeParse(Reflect.get(Object(given), 'usage'))
    return parsed.success ? parsed.data : undefined
  } catch {
    return undefined
  }
}

/** True when the model reported figures that are none (NaN, negative, text). */
export function hasBadUsage(given: unknown): boolean {
  const usage: unknown = Reflect.get(Object(given), 'usage')
  return usage !== null && usage !== undefined && parseUsage(given) === undefined
}

/** What a call used, in the run's units. @param price - undefined: cost is unknown and left out */
export function usageDelta(usage: ModelUsage, price: ModelPrice | undefined): UsageDelta {
  const { inputTokens, outputTokens, cachedTokens, reasoningTokens } = usage
  const tokens = {
    inputTokens,
    outputTokens,
    ...(cachedTokens > 0 && { cachedTokens }),
    ...(reasoningTokens > 0 && { reasoningTokens }),
  }
  if (price === undefined) return tokens
  const cached = Math.min(cachedTokens, inputTokens)
  const usd =
    ((inputTokens - cached) * price.inputUsd +
      cached * (price.cachedInputUsd ?? price.inputUsd) +
      outputTokens * price.outputUsd) /
    1e6
  return { ...tokens, costUsd: Math.round(usd * 1e9) / 1e9 }
}

function asJson(given: unknown): unknown {
  if (typeof given !== 'object' || given === null)
    throw nonsense(`the response is ${given === null ? 'null' : `of type ${typeof given}`}`)
  return given
}

function nonsense(why: string): Error {
  return nodeError('WAYSTONE_NODE_MODEL_NONSENSE', `the model's response is not one: ${why}`, { retryable: true })
}
