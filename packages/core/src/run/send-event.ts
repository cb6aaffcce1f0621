import { takeJson, type Json } from '../base/json.ts'
import { own } from '../base/own.ts'
import { eventGroup } from '../checkpoint/private-events.ts'
import type { CompiledWorkflow } from '../compile/compiled-workflow.ts'
import { eventRefusal, overRefusal } from '../compile/waits.ts'
import { inputError } from '../errors/input-error.ts'
import { describeValue } from '../graph/issues.ts'
import { graphsOf } from '../graph/nested-graphs.ts'
import type { EngineEvent, OutsideEvent } from '../snapshot/event.ts'
import type { RunContext } from '../snapshot/snapshot.ts'
import type { EventStamp } from './decision-event.ts'
import { issueLines, issuePlaces } from './issues.ts'
import { knownOptions } from './known-options.ts'
import type { Acceptance, SendOptions } from './runtime.ts'

const code = 'WAYSTONE_INPUT_EVENT'

/** What may be given with an event. */
export const sendOptions = knownOptions<SendOptions>('a sent event was given', code, {
  id: true,
  key: true,
  by: true,
  through: true,
  isRecordedOnly: true,
})

/** What somebody sends: the event's name, what it carries, and its options. */
export interface Sent extends SendOptions {
  readonly event: string
  readonly payload: unknown
}

/** What a sent event comes to before it is handed over. */
export type SentEvent =
  | { readonly type: 'event'; readonly event: Extract<EngineEvent, { readonly type: 'event.received' }> }
  /** `late`: the event as it would have been, when only the end of the run is against it. */
  | (Extract<Acceptance, { readonly type: 'refused' }> & {
      readonly late?: Extract<EngineEvent, { readonly type: 'event.received' }>
    })

/**
 * Turns what is sent into an event, parsed by the event's schema; refused when the run has ended or none of its waits could ever take it.
 *
 * @throws {InputError} WAYSTONE_INPUT_EVENT
 */
export function sentEvent(
  { compiled, context }: { readonly compiled: CompiledWorkflow; readonly context: RunContext },
  sent: Sent,
  stamp: EventStamp,
): SentEvent {
  const { event, key = null } = sent
  const id = textOf('id', sent.id ?? stamp.id)
  if (key !== null) textOf('key', key)
  const refusal = eventRefusal(compiled, { event, key })
  if (refusal !== undefined) return { type: 'refused', ...refusal }
  const given = takeJson(sent.payload ?? null, `what event ${event} carries`)
  // Without its schema it is parsed by whoever takes it.
  const payload = compiled.isWithoutFunctions === true ? given : parsePayload(compiled, event, given)
  const { by } = sent
  const whose = by === undefined ? {} : { by: textOf('by', by), through: textOf('through', sent.through ?? 'api') }
  const message: OutsideEvent = Object.freeze({ message: Object.freeze({ event, key, payload }), ...whose })
  const outside = Object.freeze({
    id: sentId(id),
    at: stamp.at,
    type: 'event.received' as const,
    from: 'caller' as const,
    payload: message,
  })
  const over = overRefusal(context)
  return over === undefined ? { type: 'event', event: outside } : { type: 'refused', ...over, late: outside }
}

/** The id of an event that was sent with an id. */
function sentId(id: string): string {
  return `sent/${id}`
}

function textOf(option: 'id' | 'key' | 'by' | 'through', value: unknown): string {
  if (typeof value === 'string' && value !== '' && value.length <= longestText) return value
  const found =
    typeof value === 'string' && value !== '' ? `a text of ${value.length} characters` : describeValue(value)
  throw inputError(code, `${option} of an event is ${found}; allowed is a text of 1 to ${longestText} characters`)
}

const longestText = 200

function parsePayload(compiled: CompiledWorkflow, event: string, payload: Json): Json {
  const problems: string[] = []
  const parsed = payloadOf(compiled, event, { payload, problems })
  if (parsed !== undefined) return parsed
  const lines = problems.map((line) => `  ${line}`).join('\n')
  throw inputError(code, `event ${JSON.stringify(event)} carries what its schema does not allow:\n${lines}`, {
    problems,
  })
}

/** An event as its schema reads it, with what that fills in; as it is, where it does not fit. */
export function asParsed(compiled: CompiledWorkflow, given: OutsideEvent): OutsideEvent {
  const { event, payload } = given.message
  const parsed = payloadOf(compiled, event, { payload, problems: [] })
  return parsed === undefined ? given : { ...given, message: { ...given.message, payload: parsed } }
}

/** What an event of the inbox has against it, when another process put it there; undefined: nothing. */
export function payloadProblem(
  compiled: CompiledWorkflow,
  { message: { event, payload } }: OutsideEvent,
): string | undefined {
  const schema = schemaOf(compiled, event)
  if (schema === undefined) return undefined
  const problems: string[] = []
  if (payloadOf(compiled, event, { payload, problems }) !== undefined) return undefined
  const refused = `event ${JSON.stringify(event)} carries what its schema does not allow`
  const group = eventGroup(compiled.graph, event)
  if (group === undefined) return `${refused}: ${problems.join('; ')}`
  // A schema's messages may quote what it was given.
  const { error } = schema.safeParse(payload)
  const names = declaredNames(compiled, event)
  const places = error === undefined ? [] : issuePlaces(error, (name) => names.has(name))
  return `${refused}${places.length === 0 ? '' : ` at ${places.join(', ')}`}; more is private to group ${group}`
}

/** The names that an event's schema has for parts of a payload; keys of records are none, they are values. */
function declaredNames({ graph }: CompiledWorkflow, event: string): ReadonlySet<string> {
  const schemas = graphsOf(graph).flatMap(({ events }) => own(events ?? {}, event)?.payloadSchema ?? [])
  return new Set(schemas.flatMap((schema) => propertyNames(schema)))
}

/** Of all objects in a JSON schema, however deep. */
function propertyNames(schema: Json): readonly string[] {
  if (typeof schema !== 'object' || schema === null) return []
  const inside = Object.values(schema).flatMap((part) => propertyNames(part))
  if (Array.isArray(schema)) return inside
  const properties: unknown = 'properties' in schema ? schema['properties'] : null
  const isNaming = typeof properties === 'object' && properties !== null
  return isNaming ? [...Object.keys(properties), ...inside] : inside
}

function payloadOf(
  compiled: CompiledWorkflow,
  event: string,
  { payload, problems }: { readonly payload: Json; readonly problems: string[] },
): Json | undefined {
  const parsed = schemaOf(compiled, event)?.safeParse(payload)
  if (parsed?.success === true) return takeJson(parsed.data, `what event ${event} carries`)
  problems.push(...(parsed === undefined ? ['no schema is known'] : issueLines(parsed.error)))
  return undefined
}

/** One name means one event in a whole run. */
function schemaOf(
  compiled: CompiledWorkflow,
  event: string,
): ReturnType<CompiledWorkflow['registry']['events']['get']> {
  const own = compiled.registry.events.get(event)
  if (own !== undefined) return own
  for (const nested of compiled.nested.values()) {
    const found = schemaOf(nested, event)
    if (found !== undefined) return found
  }
  return undefined
}
