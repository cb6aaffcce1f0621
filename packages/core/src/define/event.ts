import type { z } from 'zod'
import type { SourceLine } from './source-line.ts'

/** Marks an event of `w.event`. */
const eventMarker: unique symbol = Symbol.for('waystone.event')

/** An event as its author wrote it; nothing in it has been checked. */
export interface EventDefinition {
  readonly name: unknown
  /** Schema of what it carries; undefined: it carries nothing. */
  readonly payload: unknown
  /** What becomes of it when it comes early; undefined: it is kept. */
  readonly early: unknown
  /** The state object given to `defineState`. */
  readonly state: object
  readonly source: SourceLine | undefined
}

/**
 * A typed event of a workflow: waits take it from outside, edges emit it to the nodes that are `on` it.
 *
 * Shape: `Input` is what a sender gives, `Payload` what it is after parsing; both null for an event that carries nothing.
 */
export interface NamedEvent<Name extends string = string, Input = unknown, Payload = unknown> {
  readonly name: Name
  readonly [eventMarker]: EventDefinition
  readonly '~input': Input
  readonly '~payload': Payload
}

/** An event that carries nothing: the only kind that edges emit, since what nodes tell each other is the state. */
export type Signal = NamedEvent<string, null, null>

/** What a sender of an event gives. */
export type EventInput<Schema extends z.core.$ZodType> = [Schema] extends [z.core.$ZodNever] ? null : z.input<Schema>

/** What an event carries. */
export type EventPayload<Schema extends z.core.$ZodType> = [Schema] extends [z.core.$ZodNever] ? null : z.output<Schema>

/** Options of an event. */
export interface EventOptions {
  /** When no wait for it is open as it comes. `kept` (default): the next wait that opens takes it. `lost`: it is refused, and the sender told so. */
  readonly early?: 'kept' | 'lost'
}

/** Makes an event out of what was written. */
export function makeEvent(definition: EventDefinition): unknown {
  return Object.freeze({ name: definition.name, [eventMarker]: Object.freeze(definition) })
}

/** The definition of an event, also of one that another copy of the package made; undefined: it is none. */
export function eventDefinitionOf(value: unknown): EventDefinition | undefined {
  return typeof value === 'object' && value !== null && eventMarker in value
    ? (value[eventMarker] as EventDefinition)
    : undefined
}
