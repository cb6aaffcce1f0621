import type { Json, JsonObject } from './json.ts'
import { own } from './own.ts'

/** How deep a schema may nest before an example stops: one that names itself would never end. */
const deepest = 6

const textOf: { readonly [format: string]: string } = {
  date: '2026-01-31',
  'date-time': '2026-01-31T12:00:00Z',
  time: '12:00:00Z',
  duration: 'P1D',
  email: 'name@example.com',
  uri: 'https://example.com',
  uuid: '123e4567-e89b-42d3-a456-426614174000',
}

/**
 * A value that shows the shape a JSON schema asks for, to be typed over by a person. Only what is required is in it.
 *
 * It fits schemas of the usual kinds; patterns and other fine print it does not know.
 */
export function exampleOfSchema(schema: JsonObject): Json {
  return exampleOf(schema, { root: schema, depth: 0 })
}

interface Where {
  readonly root: JsonObject
  readonly depth: number
}

function exampleOf(schema: Json | undefined, where: Where): Json {
  if (!isObject(schema) || where.depth > deepest) return null
  if (schema['const'] !== undefined) return schema['const']
  if (schema['default'] !== undefined) return schema['default']
  const [chosen] = listOf(schema['enum'])
  if (chosen !== undefined) return chosen
  const referred = referredBy(schema['$ref'], where.root)
  if (referred !== undefined) return exampleOf(referred, deeper(where))
  const [either] = [...listOf(schema['anyOf']), ...listOf(schema['oneOf'])]
  if (either !== undefined) return exampleOf(either, where)
  const all = listOf(schema['allOf'])
  if (all.length > 0) return merged(all.map((part) => exampleOf(part, where)))
  return exampleOfType(schema, where)
}

function exampleOfType(schema: JsonObject, where: Where): Json {
  const [type] = typeof schema['type'] === 'string' ? [schema['type']] : listOf(schema['type'])
  switch (typeof type === 'string' ? type : '') {
    case 'object':
      return objectExample(schema, where)
    case 'array':
      return Array.from({ length: Math.min(countOf(schema['minItems']), 3) }, () =>
        exampleOf(schema['items'], deeper(where)),
      )
    case 'string':
      return (typeof schema['format'] === 'string' ? own(textOf, schema['format']) : undefined) ?? '…'
    case 'number':
    case 'integer':
      return numberExample(schema)
    case 'boolean':
      return true
    default:
      return schema['properties'] === undefined ? null : objectExample(schema, where)
  }
}

function objectExample({ properties, required }: JsonObject, where: Where): Json {
  const known = isObject(properties) ? properties : {}
  const names = listOf(required).filter((name) => typeof name === 'string')
  return Object.fromEntries(names.map((name) => [name, exampleOf(own(known, name), deeper(where))]))
}

function numberExample({ minimum, exclusiveMinimum, maximum }: JsonObject): number {
  // Schemas of whole numbers name the smallest one that is exact; nobody means that.
  if (typeof minimum === 'number' && minimum > 0) return minimum
  if (typeof exclusiveMinimum === 'number' && exclusiveMinimum >= 0) return Math.floor(exclusiveMinimum) + 1
  return typeof maximum === 'number' && maximum < 0 ? maximum : 0
}

/** What `#/$defs/Name` stands for. */
function referredBy(reference: Json | undefined, root: JsonObject): Json | undefined {
  if (typeof reference !== 'string' || !reference.startsWith('#')) return undefined
  const names = reference.split('/').slice(1)
  return names.reduce<Json | undefined>((at, name) => (isObject(at) ? own(at, name) : undefined), root)
}

function merged(parts: readonly Json[]): Json {
  const objects = parts.filter((part) => isObject(part))
  if (objects.length < parts.length) return parts[0] ?? null
  return Object.fromEntries(objects.flatMap((part) => Object.entries(part)))
}

function deeper({ root, depth }: Where): Where {
  return { root, depth: depth + 1 }
}

function listOf(value: Json | undefined): readonly Json[] {
  return isList(value) ? value : []
}

function countOf(value: Json | undefined): number {
  return typeof value === 'number' ? value : 0
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

// `Array.isArray` makes a list of `any` of a read-only one.
function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value)
}
