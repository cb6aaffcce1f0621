import { effectClasses } from '../define/effect-class.ts'
import { toolMarker, type ToolDefinition } from '../define/tool.ts'
import type { z } from 'zod'
import type { JsonObject } from '../base/json.ts'
import { readCallApproval } from './build-call-approval.ts'
import { readMemory, refuseMemoryOfPure } from './build-memory.ts'
import { defaultRetry, readRetry } from './build-retry.ts'
import type { BuildScope } from './build-scope.ts'
import type { ToolRecord } from './graph.ts'
import { describeValue } from './issues.ts'
import { placeOf } from './place.ts'
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

/** The definition inside a tool, or undefined for anything else. */
export function toolDefinitionOf(value: unknown): ToolDefinition | undefined {
  if (typeof value !== 'object' || value === null || !(toolMarker in value)) return undefined
  return value[toolMarker] as ToolDefinition
}

/** Collects a tool that a node, an agent or a policy names. @returns its name; undefined when it is none */
export function collectTool(scope: BuildScope, tool: unknown, written: Written): string | undefined {
  const definition = toolDefinitionOf(tool)
  const name = definition?.config['name']
  if (definition === undefined) {
    scope.issues.add('WAYSTONE_DEFINITION_BAD_TOOL', written.place, {
      message: `${written.subject}: found ${describeValue(tool)} where a tool is expected`,
      hint: 'Make tools with defineTool({ name, description, input, output, run }).',
    })
    return undefined
  }
  if (typeof name !== 'string' || !/^[A-Za-z0-9_-]{1,64}$/.test(name) || name in Object.prototype) {
    scope.issues.add(
      'WAYSTONE_DEFINITION_BAD_NAME',
      placeOf(`${scope.name}.tools.${String(name)}`, definition.source),
      {
        message: `tool name ${describeValue(name)} is no valid name`,
        hint: 'Names of tools have 1 to 64 letters, digits, _ and -; names that every object has, such as constructor, are taken.',
      },
    )
    return undefined
  }
  const known = scope.tools.get(name)
  const place = placeOf(`${scope.name}.tools.${name}`, definition.source)
  if (known === undefined) scope.tools.set(name, { definition, place })
  else if (known.definition !== definition) {
    scope.issues.add('WAYSTONE_DEFINITION_DUPLICATE', place, {
      message: `two tools are named ${JSON.stringify(name)}`,
      hint: 'Give each tool its own name, or use the same tool object twice.',
    })
  }
  return name
}

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
      place,
    }
    if (input !== undefined && output !== undefined && run !== null) {
      functions.set(name, {
        input: input.schema,
        output: output.schema,
        ...(approval !== null && approval.asks !== null && { asks: approval.asks }),
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
