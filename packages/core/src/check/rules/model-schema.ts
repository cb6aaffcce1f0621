import type { Json, JsonObject } from '../../base/json.ts'
import { formatPath } from '../../base/json.ts'
import { modelUses } from '../model-use.ts'
import { errorAt, type Rule } from '../rule.ts'
import type { Finding } from '../report.ts'

/**
 * Models can be asked for what nodes want of them: output is an object whose properties are all required, without records,
 * tuples or open objects anywhere; arguments of an agent's tools are an object.
 *
 * Source: what both structured-output APIs of openai 7.55 accept.
 */
export const modelSchema: Rule = ({ graph }) => {
  const outputs = modelUses(graph).flatMap(({ node }): Finding[] => {
    const schema =
      node.kind === 'agent' ? node.outputSchema : node.kind === 'gate' ? (node.reviewer?.outputSchema ?? null) : null
    return (schema === null ? [] : faultsOf(schema)).map((fault) =>
      errorAt('WAYSTONE_DEFINITION_MODEL_SCHEMA', {
        place: node.place,
        message: `the output schema of "${node.id}" has ${fault.found} at ${fault.at}, which a model cannot be asked for`,
        hint: fault.hint,
      }),
    )
  })
  const offered = new Set(Object.values(graph.nodes).flatMap((node) => (node.kind === 'agent' ? node.tools : [])))
  const inputs = Object.values(graph.tools).flatMap((tool): Finding[] => {
    if (!offered.has(tool.name) || tool.inputSchema['type'] === 'object') return []
    return [
      errorAt('WAYSTONE_DEFINITION_MODEL_SCHEMA', {
        place: tool.place,
        message: `the input schema of tool "${tool.name}", which a model is offered, is not an object`,
        hint: 'Wrap the input in z.object({ … }).',
      }),
    ]
  })
  return [...outputs, ...inputs]
}

interface Fault {
  readonly at: string
  readonly found: string
  readonly hint: string
}

function faultsOf(schema: JsonObject): readonly Fault[] {
  const faults: Fault[] = []
  if (schema['type'] !== 'object') {
    const found = 'anyOf' in schema || 'oneOf' in schema ? 'a union' : 'no object'
    faults.push({ at: 'its root', found, hint: 'Wrap the output in z.object({ … }).' })
  }
  visit(schema, [], faults)
  return faults
}

function visit(value: Json | undefined, path: readonly (string | number)[], faults: Fault[]): void {
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

function objectFaults(schema: JsonObject, at: string): Fault[] {
  const extra = schema['additionalProperties']
  const properties = schema['properties']
  const hasOwn = isObject(properties) && Object.keys(properties).length > 0
  if ('propertyNames' in schema || 'patternProperties' in schema || (isObject(extra) && !hasOwn)) {
    return [{ at, found: 'a record', hint: 'Use a list of objects with a key and a value.' }]
  }
  const faults: Fault[] = []
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
