import { takeJson, type Json, type JsonObject } from '../base/json.ts'
import type { CompiledWorkflow } from '../compile/compiled-workflow.ts'
import { UNSET } from '../define/unset.ts'
import { nodeError } from '../errors/node-error.ts'
import type { NodeRecord } from '../graph/graph.ts'
import { issueLines } from './issues.ts'

/** A patch as it is stored: values by key, and keys to remove. */
export interface ParsedPatch {
  readonly patch: JsonObject
  readonly unset: readonly string[]
}

const emptyPatch: ParsedPatch = Object.freeze({ patch: Object.freeze({}), unset: Object.freeze([]) })

/**
 * Checks what a node gave back against what it may write: only its keys, each fitting the key's schema, all of it JSON.
 *
 * @param given - an object of state keys; null and undefined are the empty patch
 * @returns frozen
 * @throws {NodeError} WAYSTONE_NODE_BAD_PATCH, WAYSTONE_NODE_WRITE_UNDECLARED
 * @throws {InputError} WAYSTONE_INPUT_NOT_JSON naming the path
 */
export function parsePatch(compiled: CompiledWorkflow, record: NodeRecord, given: unknown): ParsedPatch {
  if (given === undefined || given === null) return emptyPatch
  if (typeof given !== 'object' || Array.isArray(given)) {
    throw nodeError(
      'WAYSTONE_NODE_BAD_PATCH',
      `node ${JSON.stringify(record.id)} gave ${describeShape(given)} where a patch, an object of state keys, is expected`,
    )
  }
  const patch: { [key: string]: Json } = {}
  const unset: string[] = []
  for (const key of Object.keys(given)) {
    if (!record.writes.includes(key)) throw undeclaredWrite(record, key)
    const value: unknown = Reflect.get(given, key)
    if (value === UNSET) unset.push(unsetKey(compiled, record, key))
    else patch[key] = parseKey({ compiled, record, key, value })
  }
  return { patch: Object.freeze(patch), unset: Object.freeze(unset) }
}

/** Output of a tool or model to patch when the author gave no `apply`: its keys that the node writes; null for an optional key that cannot be null leaves it as it is. */
export function pickPatch(compiled: CompiledWorkflow, record: NodeRecord, output: Json): unknown {
  if (typeof output !== 'object' || output === null || Array.isArray(output)) return undefined
  const patch: { [key: string]: Json } = {}
  for (const key of record.writes) {
    const value = (output as JsonObject)[key]
    if (value === undefined) continue
    const isAbsent = value === null && compiled.graph.state[key]?.optional === true && isNullRefused(compiled, key)
    if (!isAbsent) patch[key] = value
  }
  return patch
}

function isNullRefused(compiled: CompiledWorkflow, key: string): boolean {
  return compiled.registry.patchSchemas.get(key)?.safeParse(null).success !== true
}

interface KeyWrite {
  readonly compiled: CompiledWorkflow
  readonly record: NodeRecord
  readonly key: string
  readonly value: unknown
}

function parseKey({ compiled, record, key, value }: KeyWrite): Json {
  const what = `key ${JSON.stringify(key)} of the patch of node ${JSON.stringify(record.id)}`
  const json = takeJson(value, what)
  const schema = compiled.registry.patchSchemas.get(key)
  if (schema === undefined) return json
  const parsed = schema.safeParse(json)
  if (parsed.success) return parsed.data === json ? json : takeJson(parsed.data, what)
  const lines = issueLines(parsed.error)
  throw nodeError('WAYSTONE_NODE_BAD_PATCH', `${what} does not fit its schema: ${lines.join('; ')}`, {
    details: { key, issues: lines },
  })
}

function unsetKey(compiled: CompiledWorkflow, record: NodeRecord, key: string): string {
  if (compiled.graph.state[key]?.optional === true) return key
  throw nodeError(
    'WAYSTONE_NODE_BAD_PATCH',
    `node ${JSON.stringify(record.id)} unsets key ${JSON.stringify(key)}, which is not optional`,
    {
      details: { key },
    },
  )
}

function undeclaredWrite(record: NodeRecord, key: string): Error {
  const allowed = record.writes.length === 0 ? 'none' : record.writes.join(', ')
  return nodeError(
    'WAYSTONE_NODE_WRITE_UNDECLARED',
    `node ${JSON.stringify(record.id)} wrote key ${JSON.stringify(key)}; it may write: ${allowed}`,
    {
      details: { node: record.id, key },
    },
  )
}

function describeShape(value: unknown): string {
  return Array.isArray(value) ? 'a list' : `a value of type ${typeof value}`
}
