import type { z } from 'zod'
import { reviewSchema } from '../define/gate.ts'
import { buildBase, effectKeys, readOutcomes } from './build-base.ts'
import { fallbackKeys, readFallbacks } from './build-fallbacks.ts'
import type { BuiltNode, NodeSite } from './build-scope.ts'
import { readMemory } from './build-memory.ts'
import { defaultRetry, noRetry } from './build-retry.ts'
import { readInstructions, readTokens } from './build-agent.ts'
import type { GateRecord } from './graph.ts'
import { checkKeys, readCount, readFunction, readText, refuseValue, type Written } from './read-config.ts'
import type { GateFunctions } from './registry.ts'
import { modelSchemaOf } from './zod-json.ts'

const reviewKeys = [
  'model',
  ...fallbackKeys,
  'instructions',
  'prompt',
  'maxModelCalls',
  'maxOutputTokens',
  'maxInputTokens',
  'repairs',
] as const

/** Reads a gate: decided by code, or by a reviewing model. */
export function buildGate(site: NodeSite): BuiltNode {
  const { written } = site
  const isReview = written.config['decide'] === undefined
  checkKeys(written, [...effectKeys, 'outcomes', ...(isReview ? reviewKeys : ['decide', 'memory'])])
  const own = readOutcomes(written)
  if (own === null) refuseValue(written, 'outcomes', 'a list of at least one name')
  const outcomes = own ?? []
  if (isReview && written.config['model'] === undefined) {
    refuseValue(written, 'decide', 'a function, or model and instructions for a reviewing model')
    return undefined
  }
  const base = buildBase(site, {
    effect: isReview ? 'idempotent' : 'pure',
    writes: [],
    outcomes,
    retry: isReview ? defaultRetry('idempotent') : noRetry,
  })
  const decide = readFunction(written, 'decide')
  const prompt = isReview ? readFunction(written, 'prompt') : null
  const instructions = isReview ? readInstructions(written) : { text: null, make: null }
  const functions: GateFunctions = {
    kind: 'gate',
    decide: decide === null ? null : (input, context) => decide(input, context),
    instructions: instructions.make,
    prompt: prompt === null ? null : (input) => String(prompt(input)),
  }
  return {
    record: {
      ...base,
      kind: 'gate',
      reviewer: isReview ? reviewerOf(written, outcomes, instructions.text) : null,
      ...(!isReview && readMemory(written, 'read')),
    },
    functions,
  }
}

function reviewerOf(
  written: Written,
  outcomes: readonly string[],
  instructions: string | null,
): GateRecord['reviewer'] {
  const schema: z.ZodType = reviewSchema(outcomes)
  const models = readFallbacks(written)
  const asked = 1 + (models.fallbacks?.length ?? 0)
  return {
    model: readText(written, 'model'),
    ...models,
    instructions,
    maxModelCalls: readCount(written, 'maxModelCalls', { least: 1, fallback: 3 * asked }),
    maxInputTokens: readTokens(written, 'maxInputTokens'),
    maxOutputTokens: readTokens(written, 'maxOutputTokens'),
    outputSchema: modelSchemaOf(schema) ?? {},
    repairs: readCount(written, 'repairs', { least: 0, fallback: 1 }),
  }
}
