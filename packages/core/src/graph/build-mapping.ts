import type { Json, JsonObject } from '../base/json.ts'
import type { NodeSite } from './build-scope.ts'
import { listOfNames } from './issues.ts'
import { isRecord, within } from './read-config.ts'

/** Where state and a schema meet without a function of the author's in between. */
export interface Mapping {
  /** `input`: the read slice is the input. `apply`: the output's keys are the patch. */
  readonly direction: 'input' | 'apply'
  /** JSON schema of the input or output. */
  readonly schema: JsonObject
  /** State keys read or written. */
  readonly keys: readonly string[]
}

/**
 * Checks that shapes fit where nothing maps between them, as far as JSON schemas tell: needed keys are there and of a possible
 * type. Types say the same earlier; this is for definitions that no compiler has seen (G1).
 */
export function checkMapping(site: NodeSite, mapping: Mapping): void {
  const { written } = site
  for (const message of mapping.direction === 'input' ? inputMisfits(site, mapping) : outputMisfits(site, mapping)) {
    written.issues.add('WAYSTONE_DEFINITION_SHAPES_DIFFER', within(written.place, mapping.direction), {
      message: `${written.subject}: ${message}`,
      hint: `Map between them with ${mapping.direction}.`,
    })
  }
}

/** What arguments of one tool lack or have otherwise for another, as far as JSON schemas tell; empty: they may fit. */
export function argumentMisfits(given: JsonObject, wanted: JsonObject): readonly string[] {
  const [had, fields] = [fieldsOf(given), fieldsOf(wanted)]
  if (had === undefined || fields === undefined) return []
  const missing = listOf(wanted['required']).filter((field) => had[field] === undefined)
  return [
    ...missing.map((field) => `it needs ${JSON.stringify(field)}, which the arguments do not have`),
    ...Object.entries(fields).flatMap(([field, schema]) => {
      const found = had[field]
      return isRecord(found) ? typeMisfit(field, { found, wanted: schema, sides: ['arguments', 'alternate'] }) : []
    }),
  ]
}

function inputMisfits({ scope }: NodeSite, { schema, keys }: Mapping): readonly string[] {
  const fields = fieldsOf(schema)
  if (fields === undefined) return []
  const misfits: string[] = []
  for (const field of listOf(schema['required'])) {
    if (!keys.includes(field))
      misfits.push(`the input needs ${JSON.stringify(field)}, but the node reads ${listOfNames(keys)}`)
    else if (scope.built.records[field]?.optional === true)
      misfits.push(`the input needs ${JSON.stringify(field)}, which may be absent from the state`)
  }
  for (const [field, wanted] of Object.entries(fields)) {
    const found = scope.built.records[field]?.schema
    if (keys.includes(field) && found !== undefined)
      misfits.push(...typeMisfit(field, { found, wanted, sides: ['state', 'input'] }))
  }
  return misfits
}

function outputMisfits({ scope }: NodeSite, { schema, keys }: Mapping): readonly string[] {
  const fields = fieldsOf(schema)
  if (fields === undefined)
    return keys.length === 0 ? [] : [`the output is no object, so it cannot be the patch of ${listOfNames(keys)}`]
  const misfits: string[] = []
  for (const key of keys) {
    const wanted = scope.built.records[key]?.schema
    const found = fields[key]
    if (found === undefined)
      misfits.push(
        `the output has no ${JSON.stringify(key)}, which the node writes; it has ${listOfNames(Object.keys(fields))}`,
      )
    else if (wanted !== undefined && isRecord(found))
      misfits.push(...typeMisfit(key, { found, wanted, sides: ['output', 'state'] }))
  }
  return misfits
}

function typeMisfit(
  key: string,
  {
    found,
    wanted,
    sides,
  }: { readonly found: object; readonly wanted: Json; readonly sides: readonly [found: string, wanted: string] },
): readonly string[] {
  const foundTypes = typesOf(found)
  const wantedTypes = typesOf(wanted)
  if (foundTypes === undefined || wantedTypes === undefined) return []
  if (
    [...foundTypes].some(
      (type) =>
        wantedTypes.has(type) ||
        (type === 'integer' && wantedTypes.has('number')) ||
        (type === 'number' && wantedTypes.has('integer')),
    )
  )
    return []
  return [
    `${JSON.stringify(key)} is ${[...foundTypes].join(' or ')} in the ${sides[0]}, but ${[...wantedTypes].join(' or ')} in the ${sides[1]}`,
  ]
}

/** JSON types that a schema allows; undefined when it does not say. */
function typesOf(schema: unknown): ReadonlySet<string> | undefined {
  if (!isRecord(schema)) return undefined
  const { type, anyOf } = schema
  if (typeof type === 'string') return new Set([type])
  if (!Array.isArray(anyOf)) return undefined
  const parts = anyOf.map((part) => typesOf(part))
  return parts.every((part) => part !== undefined) ? new Set(parts.flatMap((part) => [...part])) : undefined
}

function fieldsOf(schema: JsonObject): { readonly [field: string]: Json } | undefined {
  const { properties } = schema
  return schema['type'] === 'object' && isRecord(properties) ? properties : undefined
}

function listOf(value: Json | undefined): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
}
