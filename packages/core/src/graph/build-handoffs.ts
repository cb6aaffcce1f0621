import type { z } from 'zod'
import type { JsonObject } from '../base/json.ts'
import { failureNames } from '../errors/failure-names.ts'
import { handoffKeys, handoffTool } from './handoff.ts'
import type { AgentRecord, HandoffRecord } from './graph.ts'
import {
  checkKeys,
  isName,
  isRecord,
  readCount,
  readObject,
  readText,
  refuseValue,
  within,
  type Written,
} from './read-config.ts'
import { definitionOf, isSchema, modelSchemaOf, schemaProblems } from './zod-json.ts'

/** An agent's handoffs as data, and the schemas of their contracts. */
export interface BuiltHandoffs {
  readonly records: NonNullable<AgentRecord['handoffs']>
  /** By handoff; absent: it has no contract. */
  readonly contracts: ReadonlyMap<string, z.ZodType>
}

const keys = ['description', 'contract', 'slice', 'doneWhen'] as const

/** Outcomes that an agent has anyway, and those that say how something went wrong. */
const taken = new Set(['done', 'failed', 'timeout', 'unknown', 'exhausted', 'lost', ...failureNames])

/** Reads what an agent may hand over; undefined: nothing. */
export function readHandoffs(written: Written, tools: readonly string[]): BuiltHandoffs | undefined {
  const config = readObject(written, 'handoffs')
  if (config === undefined) return undefined
  const place = within(written.place, 'handoffs')
  const records: { [name: string]: HandoffRecord } = {}
  const contracts = new Map<string, z.ZodType>()
  for (const [name, value] of Object.entries(config)) {
    const subject = `handoff ${JSON.stringify(name)} of ${written.subject}`
    const inside: Written = { ...written, config: isRecord(value) ? value : {}, place: within(place, name), subject }
    if (!isRecord(value)) {
      refuseValue({ ...written, config, place }, name, 'an object with a description')
      continue
    }
    checkName(inside, name, tools)
    checkKeys(inside, keys)
    const contract = readContract(inside)
    if (contract.schema !== undefined) contracts.set(name, contract.schema)
    const doneWhen = readText(inside, 'doneWhen', '')
    records[name] = {
      description: readText(inside, 'description'),
      contractSchema: contract.json,
      slice: readSlice(inside),
      ...(doneWhen !== '' && { doneWhen }),
    }
  }
  return Object.keys(records).length === 0 ? undefined : { records, contracts }
}

function checkName(written: Written, name: string, tools: readonly string[]): void {
  const tool = handoffTool(name)
  if (!isName(name) || taken.has(name) || tool.length > 64) {
    written.issues.add('WAYSTONE_DEFINITION_BAD_NAME', written.place, {
      message: `${written.subject} has no valid name`,
      hint: `Names of handoffs start with a letter and go on with letters, digits, _ and -, at most 56; ${[...taken].join(', ')} are taken.`,
    })
  }
  if (!tools.includes(tool)) return
  written.issues.add('WAYSTONE_DEFINITION_DUPLICATE', written.place, {
    message: `${written.subject} is offered as ${tool}, and the agent has a tool of that name`,
    hint: 'Rename the handoff or the tool.',
  })
}

const noContract: JsonObject = { type: 'object', properties: {}, additionalProperties: false }

function readContract(written: Written): { readonly schema?: z.ZodType; readonly json: JsonObject } {
  const schema = written.config['contract']
  if (schema === undefined) return { json: noContract }
  if (!isSchema(schema) || definitionOf(schema).type !== 'object') {
    refuseValue(written, 'contract', 'a zod object, z.object({ … })')
    return { json: noContract }
  }
  const problems = schemaProblems(schema, { side: 'output', isOpenAllowed: false })
  for (const { path, found } of problems) {
    written.issues.add('WAYSTONE_DEFINITION_BAD_SCHEMA', within(written.place, 'contract'), {
      message: `${written.subject}: contract holds ${found}${path === '' ? '' : ` at ${path}`}, which does not survive JSON`,
      hint: 'Use plain JSON: dates as ISO strings, bigint as string.',
    })
  }
  const shape = Object.keys(definitionOf(schema)['shape'] as object)
  for (const key of handoffKeys.filter((name) => shape.includes(name))) {
    written.issues.add('WAYSTONE_DEFINITION_BAD_SCHEMA', within(written.place, 'contract'), {
      message: `${written.subject}: contract has the key ${JSON.stringify(key)}, which every handoff has by itself`,
      hint: 'Leave it out, or give it another name.',
    })
  }
  return { schema, json: modelSchemaOf(schema) ?? noContract }
}

function readSlice(written: Written): HandoffRecord['slice'] {
  const { slice } = written.config
  if (slice === undefined) return 'contract'
  if (slice === 'all' || slice === 'summary' || slice === 'contract' || slice === 'none') return slice
  if (isRecord(slice) && Object.keys(slice).length === 1 && 'last' in slice) {
    const inside: Written = { ...written, config: slice, place: within(written.place, 'slice') }
    return { last: readCount(inside, 'last', { least: 1, fallback: 1 }) }
  }
  refuseValue(written, 'slice', "'all', { last: n }, 'summary', 'contract' or 'none'")
  return 'contract'
}
