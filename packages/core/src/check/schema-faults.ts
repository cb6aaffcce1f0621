import type { Json, JsonObject } from '../base/json.ts'
import { formatPath } from '../base/json.ts'

/** A part of a JSON schema that strict structured output does not take. */
export interface SchemaFault {
  /** Path of the value, e.g. `notes[0].text`; `its root`. */
  readonly at: string
  /** What is there: `a record`, `an optional property`. */
  readonly found: string
  /** What to write instead. */
  readonly hint: string
}

/**
 * What of a JSON schema keeps a model from being asked for it strictly: anything but an object at the root, properties that are
 * not required, records, tuples, open objects. Empty: it can be asked for.
 *
 * Source: what both structured-output APIs of openai 7.55 accept.
 */
export function modelSchemaFaults(schema: JsonObject): readonly SchemaFault[] {
  const faults: SchemaFault[] = []
  if (schema['type'] !== 'object') {
    const found = 'anyOf' in schema || 'oneOf' in schema ? 'a union' : 'no object'
    faults.push({ at: 'its root', found, hint: 'Wrap the output in z.object({ … }).' })
  }
  visit(schema, [], faults)
  return faults
}

function visit(value: Json | undefined, path: readonly (string | number)[], faults: SchemaFault[]): void {
  if (!isObject(value)) return
  const at = path.length === 0 ? 'its root' : formatPath(path)
  if (value['type'] === 'object' || 'properties' in value) faults.push(...objectFaults(value, at))
  if ('prefixItems' in value || Array.isArray(value['items'])) {
    faults.push({ at, found: 'a tuple', hint: 'Use an object with a property for each place, or a list of one type.' })
  }
  const properties = value['properties']
  if (isObject(properties)) for (const [key, part] of Object.entries(properties)) visit(part, [...path, key], faults)
  visit(value['items'], [...path, 0], faults)
  for (const keyword of ['anyOf', 'oneOf', 'allOf']) {
    const parts = value[keyword]
    if (Array.isArray(parts)) for (const part of parts as readonly Json[]) visit(part, path, faults)
  }
  for (const keyword of ['$defs', 'definitions']) {
    const parts = value[keyword]
    if (isObject(parts)) for (const [name, part] of Object.entries(parts)) visit(part, [...path, keyword, name], faults)
  }
}

function objectFaults(schema: JsonObject, at: string): SchemaFault[] {
  const extra = schema['additionalProperties']
  const properties = schema['properties']
  const hasOwn = isObject(properties) && Object.keys(properties).length > 0
  if ('propertyNames' in schema || 'patternProperties' in schema || (isObject(extra) && !hasOwn)) {
    return [{ at, found: 'a record', hint: 'Use a list of objects with a key and a value.' }]
  }
  const faults: SchemaFault[] = []
  if (extra !== false)
    faults.push({ at, found: 'an open object', hint: 'Use z.object({ … }) or z.strictObject({ … }), not a loose one.' })
  const required = schema['required']
  const names = Array.isArray(required) ? (required as readonly Json[]) : []
  for (const key of isObject(properties) ? Object.keys(properties) : []) {
    if (names.includes(key)) continue
    faults.push({
      at: at === 'its root' ? key : `${at}.${key}`,
      found: 'an optional property',
      hint: `Make "${key}" nullable instead: z.….nullable().`,
    })
  }
  return faults
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
