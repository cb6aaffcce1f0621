import { produce } from 'immer'
import { z } from 'zod'
import type { Json } from '../base/json.ts'
import { ruleMarker, type RuleDefinition } from '../define/rule.ts'
import type { Place } from '../errors/definition-error.ts'
import type { MergeRule, StateKeyRecord } from './graph.ts'
import { describeValue, type IssueList } from './issues.ts'
import { isRecord } from './read-config.ts'
import type { Registry } from './registry.ts'
import { definitionOf, isSchema, jsonSchemaOf, schemaProblems, unwrapOptional } from './zod-json.ts'

/** The state part of a graph and its registry. */
export interface BuiltState {
  readonly records: { readonly [key: string]: StateKeyRecord }
  readonly reducers: Registry['reducers']
  readonly stateSchemas: Registry['stateSchemas']
  readonly patchSchemas: Registry['patchSchemas']
}

interface Entry {
  readonly key: string
  readonly place: Place
  readonly issues: IssueList
}

type Reducer = (current: Json | undefined, incoming: Json) => unknown

interface BuiltKey {
  readonly record: StateKeyRecord
  readonly schema: z.ZodType
  readonly patch: z.ZodType
  readonly reducer: Reducer | null
}

/** Reads the state that was given to `defineState`. Order of keys: as written. */
export function buildState(state: object, place: Place, issues: IssueList): BuiltState {
  const records: { [key: string]: StateKeyRecord } = {}
  const reducers = new Map<string, Reducer>()
  const stateSchemas = new Map<string, z.ZodType>()
  const patchSchemas = new Map<string, z.ZodType>()
  for (const [key, written] of Object.entries(state)) {
    const built = buildKey({ key, place: { ...place, path: `${place.path}.state.${key}` }, issues }, written)
    if (built === undefined) continue
    records[key] = built.record
    stateSchemas.set(key, built.schema)
    patchSchemas.set(key, built.patch)
    if (built.reducer !== null) reducers.set(key, built.reducer)
  }
  return { records, reducers, stateSchemas, patchSchemas }
}

function buildKey(entry: Entry, written: unknown): BuiltKey | undefined {
  const rule = ruleOf(written)
  if (!/^[A-Za-z_][\w-]*$/.test(entry.key) || entry.key in Object.prototype) {
    entry.issues.add('WAYSTONE_DEFINITION_BAD_NAME', entry.place, {
      message: `state key ${JSON.stringify(entry.key)} is no valid name`,
      hint: 'State keys start with a letter or _ and go on with letters, digits, _ and -; names that every object has, such as constructor, are taken.',
    })
    return undefined
  }
  if (!isSchema(rule.schema)) {
    entry.issues.add('WAYSTONE_DEFINITION_BAD_SCHEMA', entry.place, {
      message: `state key ${JSON.stringify(entry.key)} is ${describeValue(rule.schema)}, not a zod schema`,
      hint: 'Give a zod 4 schema, or a merge rule over one, such as rule.append(Note).',
    })
    return undefined
  }
  if (!isStateSchema(entry, rule.schema)) return undefined
  const { schema, isOptional } = unwrapOptional(rule.schema)
  const merge = mergeOf(entry, rule, schema)
  if (merge === undefined) return undefined
  const whole = rule.rule === 'append' || rule.rule === 'union' ? z.array(schema) : schema
  const json = jsonSchemaOf(whole, 'output')
  if (json === undefined) {
    entry.issues.add('WAYSTONE_DEFINITION_BAD_SCHEMA', entry.place, {
      message: `state key ${JSON.stringify(entry.key)} has a schema that JSON Schema cannot express`,
      hint: 'Use objects, lists, strings, numbers, booleans, literals, enums and unions of these.',
    })
    return undefined
  }
  return {
    record: { schema: json, merge, optional: isOptional || rule.isOptional },
    schema: whole,
    patch: patchSchemaOf(rule, whole),
    reducer: merge.rule === 'reducer' ? draftingReducer(rule.options['reduce'] as Reducer) : null,
  }
}

function ruleOf(written: unknown): RuleDefinition {
  if (typeof written === 'object' && written !== null && ruleMarker in written)
    return written[ruleMarker] as RuleDefinition
  return { rule: 'replace', schema: written, isOptional: false, options: {} }
}

function isStateSchema(entry: Entry, schema: z.ZodType): boolean {
  const problems = schemaProblems(schema, { side: 'output', isOpenAllowed: false })
  for (const { path, found } of problems) {
    const where = path === '' ? '' : ` at ${path}`
    entry.issues.add('WAYSTONE_DEFINITION_BAD_SCHEMA', entry.place, {
      message: `state key ${JSON.stringify(entry.key)} holds ${found}${where}, which does not survive JSON as it is`,
      hint: 'State is stored after every transition: use strings, numbers, booleans, null, lists and objects of these; z.iso.datetime() for a date, .nullable() inside lists, z.json() for any JSON.',
    })
  }
  if (problems.length > 0) return false
  const { type } = definitionOf(schema)
  if (type !== 'default' && type !== 'prefault' && type !== 'catch') return true
  entry.issues.add('WAYSTONE_DEFINITION_BAD_SCHEMA', entry.place, {
    message: `state key ${JSON.stringify(entry.key)} has a ${type} value, but a key that was not written is absent`,
    hint: "Give the default in the workflow's input schema, or make the key optional.",
  })
  return false
}

function mergeOf(
  entry: Entry,
  { rule, options, schema: written }: RuleDefinition,
  schema: z.ZodType,
): MergeRule | undefined {
  const { type } = definitionOf(schema)
  const need = (expected: string): undefined => {
    entry.issues.add('WAYSTONE_DEFINITION_BAD_RULE', entry.place, {
      message: `state key ${JSON.stringify(entry.key)}: rule.${rule} needs ${expected}`,
      hint: `Change the schema or the rule; the schema is of type ${isSchema(written) ? definitionOf(written).type : 'unknown'}.`,
    })
  }
  switch (rule) {
    case 'replace':
    case 'union':
      return { rule }
    case 'append': {
      const key = options['key'] ?? null
      if (key !== null && !hasField(schema, key))
        return need(`a key that is a field of its items, found ${describeValue(key)}`)
      return { rule, key: key as string | null }
    }
    case 'merge':
      return type === 'object' || type === 'record' ? { rule } : need('an object schema')
    case 'max':
    case 'min':
    case 'sum':
      return type === 'number' ? { rule } : need('a number schema')
    case 'reducer':
      return reducerOf(options) ?? need('{ name, reduce } with a name, a function and a version of 1 or more')
    default:
      return need('to be one of append, merge, union, max, min, sum, replace, reducer')
  }
}

/** Lets a reducer change its first argument in place, as in immer; state itself is frozen. */
function draftingReducer(reduce: Reducer): Reducer {
  // immer types its drafts by the value; what the author's function takes is typed by rule.reducer.
  const draftOf = produce as (base: unknown, recipe: (draft: Json | undefined) => unknown) => unknown
  return (current, incoming) => draftOf(current, (draft) => reduce(draft, incoming))
}

function hasField(schema: z.ZodType, key: unknown): boolean {
  const def = definitionOf(schema)
  if (def.type === 'union') return (def['options'] as readonly z.ZodType[]).every((option) => hasField(option, key))
  return def.type === 'object' && typeof key === 'string' && isRecord(def['shape']) && key in def['shape']
}

function reducerOf(options: RuleDefinition['options']): MergeRule | undefined {
  const { name, reduce, version = 1, patch } = options
  if (typeof name !== 'string' || name === '' || typeof reduce !== 'function') return undefined
  if (typeof version !== 'number' || !Number.isSafeInteger(version) || version < 1) return undefined
  if (patch !== undefined && !isSchema(patch)) return undefined
  return { rule: 'reducer', name, version }
}

function patchSchemaOf({ rule, options }: RuleDefinition, whole: z.ZodType): z.ZodType {
  if (rule === 'merge' && whole instanceof z.ZodObject) return whole.partial()
  if (rule === 'reducer' && isSchema(options['patch'])) return options['patch']
  return whole
}
