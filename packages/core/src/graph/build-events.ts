import { z } from 'zod'
import { canonicalJson } from '../base/json.ts'
import { eventDefinitionOf, type EventDefinition } from '../define/event.ts'
import type { Place } from '../errors/definition-error.ts'
import type { BuildScope } from './build-scope.ts'
import { collectNamed } from './collect-named.ts'
import type { EventRecord } from './graph.ts'
import { describeValue } from './issues.ts'
import { graphsOf } from './nested-graphs.ts'
import { placeOf } from './place.ts'
import { isName } from './read-config.ts'
import type { Registry } from './registry.ts'
import { isSchema, jsonSchemaOf, schemaProblems } from './zod-json.ts'

/** Outcomes that a wait may have beside names of events. */
const takenNames: ReadonlySet<string> = new Set(['received', 'expired', 'done', 'failed', 'timeout', 'unknown'])

/** Reads an event of this workflow and remembers it; undefined when it is none or belongs elsewhere. @param place - where it is named */
export function collectEvent(scope: BuildScope, written: unknown, place: Place): string | undefined {
  const definition = eventDefinitionOf(written)
  if (definition === undefined) {
    scope.issues.add('WAYSTONE_DEFINITION_BAD_EVENT', place, {
      message: `found ${describeValue(written)} where an event is expected`,
      hint: "Make events with w.event('paid', z.object({ … })).",
    })
    return undefined
  }
  const { name } = definition
  if (typeof name !== 'string' || !isName(name) || takenNames.has(name)) {
    scope.issues.add('WAYSTONE_DEFINITION_BAD_NAME', placeOf(`${scope.name}.events`, definition.source), {
      message: `event name ${describeValue(name)} is no valid name`,
      hint: `Names of events start with a letter and go on with letters, digits, _ and -; ${[...takenNames].join(', ')} are outcomes of waits.`,
    })
    return undefined
  }
  collectNamed(scope, { kind: 'event', name }, { definition, known: scope.events })
  return name
}

/** Records and schemas of the events that waits take. Order: as met. */
export function buildEvents(scope: BuildScope): {
  readonly records: { readonly [name: string]: EventRecord }
  readonly schemas: Registry['events']
} {
  const records: { [name: string]: EventRecord } = {}
  const schemas = new Map<string, z.ZodType>()
  for (const name of scope.awaited) {
    const met = scope.events.get(name)
    const schema = met === undefined ? undefined : readPayload(scope, name, met)
    if (met === undefined || schema === undefined) continue
    records[name] = {
      payloadSchema: jsonSchemaOf(schema, 'output') ?? {},
      ...(isLostEarly(scope, name, met) && { early: 'lost' as const }),
      place: met.place,
    }
    schemas.set(name, schema)
  }
  checkNested(scope, records)
  return { records, schemas }
}

function isLostEarly(
  scope: BuildScope,
  name: string,
  { definition: { early }, place }: { readonly definition: EventDefinition; readonly place: Place },
): boolean {
  if (early !== undefined && early !== 'kept' && early !== 'lost') {
    scope.issues.add('WAYSTONE_DEFINITION_BAD_VALUE', place, {
      message: `event ${JSON.stringify(name)}: early is ${describeValue(early)}; expected is 'kept' or 'lost'`,
      hint: "Leave it out: an event that comes early is kept for the next wait. With 'lost' it is refused.",
    })
  }
  return early === 'lost'
}

function readPayload(
  scope: BuildScope,
  name: string,
  { definition, place }: { readonly definition: EventDefinition; readonly place: Place },
): z.ZodType | undefined {
  const { payload } = definition
  if (payload === undefined) return z.null()
  const refuse = (message: string): undefined => {
    scope.issues.add('WAYSTONE_DEFINITION_BAD_SCHEMA', place, {
      message: `event ${JSON.stringify(name)} ${message}`,
      hint: 'What an event carries is stored: use strings, numbers, booleans, null, lists and objects of these; z.iso.datetime() for a date.',
    })
  }
  if (!isSchema(payload)) return refuse(`carries ${describeValue(payload)}, not what a zod schema describes`)
  const problems = schemaProblems(payload, { side: 'output', isOpenAllowed: false })
  for (const { path, found } of problems)
    refuse(`carries ${found}${path === '' ? '' : ` at ${path}`}, which does not survive JSON as it is`)
  if (problems.length > 0) return undefined
  return jsonSchemaOf(payload, 'output') === undefined
    ? refuse('has a schema that JSON Schema cannot express')
    : payload
}

/** One name means one event in a whole run: what is sent is parsed before it is known which wait will take it. */
function checkNested(scope: BuildScope, own: { readonly [name: string]: EventRecord }): void {
  const known = new Map(Object.entries(own).map(([name, record]) => [name, { record, workflow: scope.name }]))
  for (const nested of scope.workflows.values()) {
    for (const graph of graphsOf(nested.graph)) {
      for (const [name, record] of Object.entries(graph.events ?? {})) {
        const before = known.get(name)
        if (before === undefined) known.set(name, { record, workflow: graph.name })
        else if (!isAlike(before.record, record)) {
          scope.issues.add('WAYSTONE_DEFINITION_BAD_EVENT', record.place, {
            message: `event ${JSON.stringify(name)} carries one thing in workflow ${JSON.stringify(graph.name)} and another in ${JSON.stringify(before.workflow)}, which run in one run`,
            hint: 'Give the two the same schema, or different names.',
          })
        }
      }
    }
  }
}

function isAlike(one: EventRecord, other: EventRecord): boolean {
  return canonicalJson(one.payloadSchema) === canonicalJson(other.payloadSchema) && one.early === other.early
}
