import { z } from 'zod'
import type { JsonObject } from '../base/json.ts'
import type { BuildScope } from './build-scope.ts'
import type { Written } from './read-config.ts'
import { readStateObject } from './read-state-object.ts'
import { jsonSchemaOf } from './zod-json.ts'

/** What a run starts with. */
export interface BuiltInput {
  readonly schema: z.ZodType
  readonly json: JsonObject
  readonly keys: readonly string[]
}

const nothing: BuiltInput = { schema: z.object({}), json: {}, keys: [] }

/** Reads the workflow's input schema: an object whose keys are state keys. */
export function buildInput(scope: BuildScope, written: Written): BuiltInput {
  const { stateKeys } = scope
  const value = 'What a run starts with is stored: use strings, numbers, booleans, null, lists and objects of these.'
  const read = readStateObject(written, 'input', { stateKeys, hints: { value, keys: 'State keys are' } })
  if (read === undefined || !read.isJson) return nothing
  const { schema, keys } = read
  const json = jsonSchemaOf(schema, 'input')
  return json === undefined ? nothing : { schema, json, keys }
}
