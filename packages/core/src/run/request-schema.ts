import { toJson, type Json, type JsonObject } from '../base/json.ts'

const text: Json = { type: 'string' }
const textOrNull: Json = { type: ['string', 'null'] }
const count: Json = { type: 'integer', minimum: 0 }
const countOrNull: Json = { type: ['integer', 'null'], minimum: 0 }
const anyObject: Json = { type: 'object', additionalProperties: true }

/** A closed object: every property is required but those named optional. */
function object(properties: JsonObject, optional: readonly string[] = []): Json {
  const required = Object.keys(properties).filter((key) => !optional.includes(key))
  return { type: 'object', properties, required, additionalProperties: false }
}

function list(items: Json): Json {
  return { type: 'array', items }
}

const usage = object({
  modelCalls: count,
  toolCalls: count,
  inputTokens: count,
  outputTokens: count,
  cachedTokens: count,
  reasoningTokens: count,
  costUsd: { type: 'number', minimum: 0 },
  estimatedCalls: count,
})

const vote = object({ outcome: text, by: text, for: text, reason: text, at: count }, ['for'])

const option = object({ outcome: text, edges: list(text), to: text })

/**
 * The published JSON schema of a {@link Request}: all that a page or another program needs to show it and to answer it.
 *
 * Units: moments are ms since the epoch.
 */
export const requestSchema: JsonObject = toJson(
  {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Request',
    description: 'Something a person is asked by a run. Everything needed to decide is in here.',
    ...(object({
      id: text,
      runId: text,
      workflow: text,
      node: text,
      step: count,
      kind: { enum: ['approval', 'call', 'unknown'] },
      reason: text,
      role: textOrNull,
      quorum: {
        anyOf: [
          object({ need: count, of: { anyOf: [list(text), { type: 'null' }] }, votes: list(vote), lost: list(vote) }, [
            'lost',
          ]),
          { type: 'null' },
        ],
      },
      delegates: list(object({ person: text, by: list(text) })),
      escalatesAt: countOrNull,
      action: list(object({ outcome: text, node: text, tool: text, input: {} }, ['tool', 'input'])),
      evidence: anyObject,
      said: textOrNull,
      heard: anyObject,
      handoffs: list(
        object(
          {
            from: text,
            visit: count,
            handoff: text,
            to: text,
            reason: text,
            digest: text,
            step: count,
            at: count,
            tooMany: object({
              name: { enum: ['max', 'perPair', 'identical', 'within'] },
              used: count,
              max: count,
              meantFor: text,
            }),
          },
          ['tooMany'],
        ),
      ),
      usage,
      options: list(option),
      edits: list(text),
      questions: list(
        object({
          number: countOrNull,
          text,
          by: text,
          at: count,
          answer: { anyOf: [object({ text, by: text, at: countOrNull }), { type: 'null' }] },
        }),
      ),
      remember: object({
        approved: list({ enum: ['run', 'workflow'] }),
        rejected: list({ enum: ['run', 'workflow'] }),
      }),
      argumentsSchema: { anyOf: [anyObject, { type: 'null' }] },
      responseSchema: { anyOf: [anyObject, { type: 'null' }] },
      result: { anyOf: [object({ schema: anyObject, example: {}, neededFor: list(text) }), { type: 'null' }] },
      talk: { anyOf: [object({ text, outcome: text, answer: text }), { type: 'null' }] },
      openedAt: count,
      expiresAt: countOrNull,
      expired: { anyOf: [option, { type: 'null' }] },
      sequence: count,
      digest: text,
    }) as JsonObject),
  },
  'schema of a request',
) as JsonObject
