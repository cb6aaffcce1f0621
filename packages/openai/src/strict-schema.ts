import { modelSchemaFaults, type Json, type JsonObject } from '@waystone/core'

/** Formats that strict output knows; others would be refused. */
const formats = new Set(['date-time', 'time', 'date', 'duration', 'email', 'hostname', 'ipv4', 'ipv6', 'uuid'])

const unsupported = new Set([
  'allOf',
  'not',
  'if',
  'then',
  'else',
  'dependentRequired',
  'dependentSchemas',
  'unevaluatedProperties',
])

/**
 * The schema as strict output takes it, or null when it cannot be asked for strictly.
 *
 * It accepts no more than the given one: objects that do not say are closed, `oneOf` becomes `anyOf`, and keywords that only refine
 * (defaults, unknown formats, patterns beside a format) are left out, since the answer is checked against the whole schema anyway.
 *
 * Source: OpenAI's list of supported schemas, and the schema transform of openai 7.55.
 */
export function strictSchemaOf(schema: JsonObject): JsonObject | null {
  const strict = convert(schema) as JsonObject
  return modelSchemaFaults(strict).length === 0 && !hasUnsupported(strict) ? strict : null
}

const mapKeywords = new Set(['properties', '$defs', 'definitions'])
const leftOut = new Set(['$schema', 'default', 'examples', 'uniqueItems', 'minProperties', 'maxProperties'])

function convert(value: Json): Json {
  if (Array.isArray(value)) return (value as readonly Json[]).map(convert)
  if (typeof value !== 'object' || value === null) return value
  const schema: { [keyword: string]: Json } = {}
  for (const [keyword, part] of Object.entries(value as JsonObject)) {
    if (leftOut.has(keyword)) continue
    if (keyword === 'const' || keyword === 'enum' || keyword === 'required') schema[keyword] = part
    else if (mapKeywords.has(keyword)) schema[keyword] = convertMap(part)
    else schema[keyword === 'oneOf' ? 'anyOf' : keyword] = convert(part)
  }
  if ('format' in schema) {
    if (typeof schema['format'] === 'string' && formats.has(schema['format'])) delete schema['pattern']
    else delete schema['format']
  }
  if (schema['type'] === 'object' && !('additionalProperties' in schema)) schema['additionalProperties'] = false
  if (schema['type'] === 'object' && !('properties' in schema)) schema['properties'] = {}
  if (schema['type'] === 'object' && !('required' in schema)) schema['required'] = []
  return schema
}

function convertMap(value: Json): Json {
  return Object.fromEntries(Object.entries(value as JsonObject).map(([name, part]) => [name, convert(part)]))
}

function hasUnsupported(value: Json): boolean {
  if (Array.isArray(value)) return (value as readonly Json[]).some(hasUnsupported)
  if (typeof value !== 'object' || value === null) return false
  return Object.entries(value as JsonObject).some(([keyword, part]) => {
    if (keyword === 'const' || keyword === 'enum') return false
    if (mapKeywords.has(keyword)) return Object.values(part as JsonObject).some(hasUnsupported)
    return unsupported.has(keyword) || hasUnsupported(part)
  })
}
