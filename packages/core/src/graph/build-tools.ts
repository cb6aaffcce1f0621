import { effectClasses } from '../define/effect-class.ts'
import type { z } from 'zod'
import type { JsonObject } from '../base/json.ts'
import { readCallApproval } from './build-call-approval.ts'
import { readCompensation } from './build-compensation.ts'
import { readMemory, refuseMemoryOfPure } from './build-memory.ts'
import { defaultRetry, readRetry } from './build-retry.ts'
import type { BuildScope } from './build-scope.ts'
import type { ToolRecord } from './graph.ts'
import {
  checkKeys,
  readChoice,
  readCount,
  readDuration,
  readFunction,
  readNames,
  readText,
  refuseValue,
  within,
  type Written,
} from './read-config.ts'
import type { Registry, ToolFunctions } from './registry.ts'
import { isSchema, jsonSchemaOf, schemaProblems } from './zod-json.ts'

const toolKeys = [
  'name',
  'description',
  'effect',
  'secrets',
  'memory',
  'resources',
  'input',
  'output',
  'version',
  'retry',
  'timeout',
  'approval',
  'cache',
  'maxOutputBytes',
  'compensate',
  'run',
] as const

/** Records and functions of all tools that were met. Order: as met. */
export function buildTools(scope: BuildScope): {
  readonly records: { readonly [name: string]: ToolRecord }
  readonly functions: Registry['tools']
} {
  const records: { [name: string]: ToolRecord } = {}
  const functions = new Map<string, ToolFunctions>()
  for (const [name, { definition, place }] of scope.tools) {
    const written: Written = {
      config: definition.config,
      place,
      subject: `tool ${JSON.stringify(name)}`,
      issues: scope.issues,
    }
    checkKeys(written, toolKeys)
    const input = readSchema(written, 'input')
    const output = readSchema(written, 'output')
    const run = readFunction(written, 'run')
    if (definition.config['run'] === undefined) refuseValue(written, 'run', 'a function')
    const resources = readNames(written, 'resources')
    const effect = readChoice(written, 'effect', effectClasses) ?? 'unsafe'
    const approval = readCallApproval(written)
    if (effect === 'pure') refuseMemoryOfPure(written)
    const undo = readCompensation({ scope, id: name, written, reads: [], effect, mayDecline: false })
    records[name] = {
      name,
      description: readText(written, 'description'),
      effect,
      secrets: readNames(written, 'secrets'),
      ...readMemory(written, 'write'),
      ...(resources.length > 0 && { resources }),
      version: readCount(written, 'version', { least: 1, fallback: 1 }),
      inputSchema: input?.json ?? {},
      outputSchema: output?.json ?? {},
      retry: readRetry(written, defaultRetry(effect)),
      timeoutMs: readDuration(written, 'timeout'),
      ...(approval !== null && { approval: approval.record }),
      ...readCache(written),
      ...readOutputCap(written),
      ...(undo && { compensate: undo.record }),
      place,
    }
    if (input !== undefined && output !== undefined && run !== null) {
      functions.set(name, {
        input: input.schema,
        output: output.schema,
        ...(approval !== null && approval.asks !== null && { asks: approval.asks }),
        ...(undo && { compensate: undo.functions }),
        run: (given, context) => run(given, context),
      })
    }
  }
  return { records, functions }
}

function readCache(written: Written): Pick<ToolRecord, 'cache'> {
  const { cache } = written.config
  if (cache !== undefined && typeof cache !== 'boolean') refuseValue(written, 'cache', 'true or false')
  return cache === false ? { cache } : {}
}

function readOutputCap(written: Written): Pick<ToolRecord, 'maxOutputBytes'> {
  if (written.config['maxOutputBytes'] === undefined) return {}
  return { maxOutputBytes: readCount(written, 'maxOutputBytes', { least: 1, fallback: 1 }) }
}

/** Reads a schema of something that is called: its input side may transform, its output must be JSON. */
export function readSchema(
  written: Written,
  key: 'input' | 'output',
): { readonly schema: z.ZodType; readonly json: JsonObject } | undefined {
  const schema = written.config[key]
  if (!isSchema(schema)) {
    refuseValue(written, key, 'a zod schema')
    return undefined
  }
  const problems = schemaProblems(schema, { side: key, isOpenAllowed: true })
  for (const { path, found } of problems) {
    const where = path === '' ? '' : ` at ${path}`
    written.issues.add('WAYSTONE_DEFINITION_BAD_SCHEMA', within(written.place, key), {
      message: `${written.subject}: ${key} holds ${found}${where}, which does not survive JSON`,
      hint:
        key === 'input'
          ? 'Take JSON and convert it with .transform(...).'
          : 'Give back JSON: dates as ISO strings, bigint as string.',
    })
  }
  const json = jsonSchemaOf(schema, key)
  if (json === undefined && problems.length === 0) refuseValue(written, key, 'a schema that JSON Schema can express')
  return json === undefined || problems.length > 0 ? undefined : { schema, json }
}
