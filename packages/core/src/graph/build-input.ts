import { z } from 'zod'
import type { JsonObject } from '../base/json.ts'
import type { BuildScope } from './build-scope.ts'
import { listOfNames } from './issues.ts'
import { refuseValue, within, type Written } from './read-config.ts'
import { definitionOf, isSchema, jsonSchemaOf, schemaProblems } from './zod-json.ts'

/** What a run starts with. */
export interface BuiltInput {
  readonly schema: z.ZodType
  readonly json: JsonObject
  readonly keys: readonly string[]
}

const nothing: BuiltInput = { schema: z.object({}), json: {}, keys: [] }

/** Reads the workflow's input schema: an object whose keys are state keys. */
export function buildInput(scope: BuildScope, written: Written): BuiltInput {
  const schema = written.config['input']
  const shape = isSchema(schema) ? definitionOf(schema)['shape'] : undefined
  if (!isSchema(schema) || typeof shape !== 'object' || shape === null) {
    refuseValue(written, 'input', 'a z.object whose keys are state keys')
    return nothing
  }
  const place = within(written.place, 'input')
  const problems = schemaProblems(schema, { side: 'output', isOpenAllowed: false })
  for (const { path, found } of problems) {
    scope.issues.add('WAYSTONE_DEFINITION_BAD_SCHEMA', place, {
      message: `${written.subject}: input holds ${found} at ${path}, which does not survive JSON as it is`,
      hint: 'What a run starts with is stored: use strings, numbers, booleans, null, lists and objects of these.',
    })
  }
  const keys = Object.keys(shape)
  for (const key of keys.filter((name) => !scope.stateKeys.has(name))) {
    scope.issues.add('WAYSTONE_DEFINITION_UNKNOWN_STATE_KEY', place, {
      message: `${written.subject}: input has ${JSON.stringify(key)}, which is no state key`,
      hint: `State keys are: ${listOfNames(scope.stateKeys)}.`,
    })
  }
  const json = problems.length > 0 ? undefined : jsonSchemaOf(schema, 'input')
  return json === undefined ? nothing : { schema, json, keys }
}
