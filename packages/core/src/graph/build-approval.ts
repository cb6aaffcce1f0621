import type { z } from 'zod'
import { nodeKeys, readCommon, readOutcomes } from './build-base.ts'
import type { BuiltNode, NodeSite } from './build-scope.ts'
import { noRetry } from './build-retry.ts'
import { listOfNames } from './issues.ts'
import {
  checkKeys,
  readDuration,
  readFlag,
  readNames,
  readStateKeys,
  readText,
  refuseValue,
  within,
  type Written,
} from './read-config.ts'
import { definitionOf, isSchema, jsonSchemaOf, schemaProblems } from './zod-json.ts'

/** Reads an approval. */
export function buildApproval(site: NodeSite): BuiltNode {
  const { written, scope, id } = site
  checkKeys(written, [
    ...nodeKeys,
    'show',
    'role',
    'reason',
    'edits',
    'outcomes',
    'expiresIn',
    'canAskBack',
    'response',
  ])
  if (written.config['show'] === undefined) refuseValue(written, 'show', 'a list of state keys')
  const show = readStateKeys(written, 'show', scope.stateKeys)
  const edits = readEdits(written, show)
  const expiresInMs = readDuration(written, 'expiresIn')
  const canAskBack = readFlag(written, 'canAskBack')
  const response = readResponse(site)
  const outcomes = [...(readOutcomes(written) ?? ['approved', 'rejected'])]
  for (const [outcome, isOffered] of [
    ['edited', edits.length > 0],
    ['expired', expiresInMs !== null],
    ['asked', canAskBack],
  ] as const) {
    if (isOffered && !outcomes.includes(outcome)) outcomes.push(outcome)
  }
  const writes = [...new Set([...edits, ...(response?.keys ?? [])])]
  return {
    record: {
      id,
      reads: show,
      writes,
      outcomes,
      effect: 'pure',
      retry: noRetry,
      timeoutMs: null,
      ...readCommon(written),
      kind: 'approval',
      show,
      edits,
      role: written.config['role'] === undefined ? null : readText(written, 'role'),
      reason: readText(written, 'reason', ''),
      expiresInMs,
      canAskBack,
      responseSchema: response === undefined ? null : (jsonSchemaOf(response.schema, 'input') ?? {}),
    },
    functions: { kind: 'approval', response: response?.schema ?? null },
  }
}

function readEdits(written: Written, show: readonly string[]): readonly string[] {
  return readNames(written, 'edits').filter((key) => {
    if (show.includes(key)) return true
    written.issues.add('WAYSTONE_DEFINITION_UNKNOWN_STATE_KEY', within(written.place, 'edits'), {
      message: `${written.subject}: edits names ${JSON.stringify(key)}, which is not shown`,
      hint: `Shown are: ${listOfNames(show)}. A person can only edit what they see.`,
    })
    return false
  })
}

function readResponse({
  written,
  scope,
}: NodeSite): { readonly schema: z.ZodType; readonly keys: readonly string[] } | undefined {
  const schema = written.config['response']
  if (schema === undefined) return undefined
  const shape = isSchema(schema) ? definitionOf(schema)['shape'] : undefined
  if (!isSchema(schema) || typeof shape !== 'object' || shape === null) {
    refuseValue(written, 'response', 'a z.object whose keys are state keys')
    return undefined
  }
  const place = within(written.place, 'response')
  for (const { path, found } of schemaProblems(schema, { side: 'output', isOpenAllowed: false })) {
    written.issues.add('WAYSTONE_DEFINITION_BAD_SCHEMA', place, {
      message: `${written.subject}: response holds ${found} at ${path}, which does not survive JSON as it is`,
      hint: 'Ask for strings, numbers, booleans, lists and objects of these.',
    })
  }
  const keys = Object.keys(shape)
  for (const key of keys.filter((name) => !scope.stateKeys.has(name))) {
    written.issues.add('WAYSTONE_DEFINITION_UNKNOWN_STATE_KEY', place, {
      message: `${written.subject}: response has ${JSON.stringify(key)}, which is no state key`,
      hint: `An answer is written to state; state keys are: ${listOfNames(scope.stateKeys)}.`,
    })
  }
  return { schema, keys }
}
