import { z } from 'zod'
import type { JsonObject } from '../base/json.ts'

/** What a schema must be good for. */
export interface SchemaUse {
  /** `input`: what comes before parsing counts, transforms may follow. `output`: what parsing gives counts, and must be JSON as it is. */
  readonly side: 'input' | 'output'
  /** Whether `z.any()` and `z.unknown()` are let through. */
  readonly isOpenAllowed: boolean
}

/** A part of a schema whose values do not survive JSON. */
export interface SchemaProblem {
  /** Path inside the schema, e.g. `items[].at`; empty for the schema itself. */
  readonly path: string
  readonly found: string
}

/** True for a zod 4 schema, of this or another copy of zod. */
export function isSchema(value: unknown): value is z.ZodType {
  return typeof value === 'object' && value !== null && '_zod' in value
}

interface Definition {
  readonly type: string
  readonly [part: string]: unknown
}

/** The definition inside a schema. */
export function definitionOf(schema: z.ZodType): Definition {
  // oxlint-disable-next-line no-underscore-dangle -- zod's documented way in for libraries
  return schema._zod.def as unknown as Definition
}

const plainTypes = new Set(['string', 'number', 'boolean', 'null', 'enum', 'template_literal', 'never'])

/**
 * Finds every part of a schema whose values do not survive JSON: Date, bigint, Map, Set, functions, transforms, `any`, …
 *
 * Cost: O(size of the schema).
 */
export function schemaProblems(schema: z.ZodType, use: SchemaUse): readonly SchemaProblem[] {
  const problems: SchemaProblem[] = []
  const seen = new Set<unknown>()
  const walk = (part: unknown, path: string, isField: boolean): void => {
    if (!isSchema(part) || seen.has(part)) return
    seen.add(part)
    const found = problemOf(part, use, isField)
    if (found !== undefined) problems.push({ path, found })
    else
      for (const [inner, step, isInnerField] of partsOf(part, use))
        walk(inner, joinPath(path, step), isInnerField ?? isField)
    seen.delete(part)
  }
  walk(schema, '', true)
  return problems
}

function joinPath(path: string, step: string): string {
  return path === '' || step === '' || step.startsWith('[') ? `${path}${step}` : `${path}.${step}`
}

type Part = readonly [schema: unknown, step: string, isField?: boolean]

/** What is inside a schema. `isField`: absence is possible there, as with an object's field. */
function partsOf(schema: z.ZodType, { side }: SchemaUse): readonly Part[] {
  const def = definitionOf(schema)
  switch (def.type) {
    case 'object':
      return [
        ...Object.entries(def['shape'] as object).map(([key, field]): Part => [field, key, true]),
        [def['catchall'], '{}', false],
      ]
    case 'array':
      return [[def['element'], '[]', false]]
    case 'tuple':
      return [
        ...(def['items'] as readonly unknown[]).map((item, index): Part => [item, `[${index}]`, false]),
        [def['rest'], '[]', false],
      ]
    case 'record':
      return [
        [def['keyType'], '(key)', false],
        [def['valueType'], '{}', false],
      ]
    case 'union':
      return (def['options'] as readonly unknown[]).map((option): Part => [option, ''])
    case 'intersection':
      return [
        [def['left'], ''],
        [def['right'], ''],
      ]
    case 'lazy':
      return [[(def['getter'] as () => unknown)(), '']]
    case 'pipe':
      return [[def[side === 'input' ? 'in' : 'out'], '']]
    default:
      return 'innerType' in def ? [[def['innerType'], '']] : []
  }
}

const wrappers = new Set(['nullable', 'nonoptional', 'readonly', 'default', 'prefault', 'catch', 'lazy'])
const containers = new Set(['object', 'array', 'tuple', 'record', 'union', 'intersection'])

function problemOf(schema: z.ZodType, use: SchemaUse, isField: boolean): string | undefined {
  const def = definitionOf(schema)
  if (def['coerce'] === true && use.side === 'output') return `z.coerce.${def.type}(), a transform`
  if (plainTypes.has(def.type) || wrappers.has(def.type) || containers.has(def.type)) return undefined
  switch (def.type) {
    case 'optional':
      return isField ? undefined : 'an optional value, which JSON has no room for,'
    case 'literal':
      return (def['values'] as readonly unknown[]).some((value) => value === undefined || typeof value === 'bigint')
        ? 'a literal that is not JSON'
        : undefined
    case 'any':
    case 'unknown':
      return use.isOpenAllowed ? undefined : `z.${def.type}()`
    case 'pipe':
      return use.side === 'output' && hasTransform(def) ? 'a transform' : undefined
    case 'transform':
      return use.side === 'output' ? 'a transform' : undefined
    case 'custom':
      return 'z.custom() or z.instanceof()'
    default:
      return `z.${def.type}()`
  }
}

function hasTransform(def: Definition): boolean {
  if (typeof def['transform'] === 'function') return true
  return [def['in'], def['out']].some((part) => isSchema(part) && definitionOf(part).type === 'transform')
}

/**
 * The JSON schema of a zod schema, draft 2020-12, plain JSON.
 *
 * @returns undefined when zod cannot express it; what {@link schemaProblems} lets through can be
 */
export function jsonSchemaOf(schema: z.ZodType, side: 'input' | 'output'): JsonObject | undefined {
  try {
    const { $schema: _, ...written } = z.toJSONSchema(schema, { io: side, unrepresentable: 'any' })
    // zod hangs functions on the result, which JSON leaves out.
    return JSON.parse(JSON.stringify(written)) as JsonObject
  } catch {
    return undefined
  }
}

/**
 * The JSON schema that a model is asked for: what comes before parsing, with every plain object closed. zod drops keys it does
 * not know, so a closed object refuses nothing that parsing would keep; loose objects stay open.
 */
export function modelSchemaOf(schema: z.ZodType): JsonObject | undefined {
  try {
    const { $schema: _, ...written } = z.toJSONSchema(schema, {
      io: 'input',
      unrepresentable: 'any',
      override: ({ zodSchema, jsonSchema }) => {
        const def = definitionOf(zodSchema as unknown as z.ZodType)
        if (def.type === 'object' && def['catchall'] === undefined) jsonSchema.additionalProperties = false
      },
    })
    return JSON.parse(JSON.stringify(written)) as JsonObject
  } catch {
    return undefined
  }
}

/** Whether a value may be absent, and the schema of it when it is there. */
export function unwrapOptional(schema: z.ZodType): { readonly schema: z.ZodType; readonly isOptional: boolean } {
  const def = definitionOf(schema)
  const inner = def['innerType']
  if (def.type === 'optional' && isSchema(inner)) return { schema: unwrapOptional(inner).schema, isOptional: true }
  // oxlint-disable-next-line no-underscore-dangle -- as above
  return { schema, isOptional: schema._zod.optout === 'optional' }
}
