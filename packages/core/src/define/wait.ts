import type { Duration } from './duration.ts'
import type { NamedEvent } from './event.ts'
import type { Node } from './node.ts'
import type { ApplyRule, NodeOptions } from './node-options.ts'

/** State keys that hold a text or a number: what an event's key, or a time, may be read from. */
export type WordKey<Values> = {
  [Key in keyof Values & string]-?: NonNullable<Values[Key]> extends string | number ? Key : never
}[keyof Values & string]

/** What a wait makes its key, or its time, of: a state key, or a function of what the node reads. */
export type WordSource<Key, View> = Key | ((given: View) => string | number)

/** A wait for an event from outside. */
export interface EventWaitOptions<
  Reads extends string,
  Writes extends string,
  Heard extends string,
  Expires extends Duration,
> extends NodeOptions<Reads, Heard> {
  /** State keys that what comes may write; default none. */
  readonly writes?: readonly Writes[]
  /** Time until outcome `expired`; default never. */
  readonly expiresIn?: Expires
}

/** Whose events a wait takes. */
export interface KeyOptions<Key, View> {
  /** Only an event that was sent with this key is taken: the value of a state key, or what a function gives as the wait begins. Default: any. */
  readonly key?: WordSource<Key, View>
}

/** A wait for time to pass: so long, or until a moment. */
export interface DelayOptions<Reads extends string, Heard extends string> extends NodeOptions<Reads, Heard> {
  /** From when the wait begins. */
  readonly delay: Duration
  readonly until?: never
}

/** A wait for a moment. */
export interface UntilOptions<Reads extends string, Heard extends string, Key, View> extends NodeOptions<Reads, Heard> {
  /** A moment, ms since the epoch or UTC ISO-8601: the value of a state key, or what a function gives as the wait begins. One that is over is no wait. */
  readonly until: WordSource<Key, View>
  readonly delay?: never
}

/** What `apply` of a wait for several events is given: which came, and what it carries. */
export type ReceivedOf<Events extends readonly NamedEvent[]> = {
  [Index in keyof Events]: Events[Index] extends NamedEvent<infer Name, unknown, infer Payload>
    ? { readonly event: Name; readonly payload: Payload }
    : never
}[number]

/** What the events of a wait carry. */
export type PayloadOf<Events extends readonly NamedEvent[]> = Events[number]['~payload']

/** How what comes becomes a patch; needed by a wait that writes, unless the event carries the keys as they are. */
export type ReceiveMapping<Received, Payload, Writes, Result, View> = {
  readonly apply?: (received: Received, given: View) => Result
} & ([keyof Writes] extends [never] ? unknown : ApplyRule<Payload, Writes>)

/** Outcome of a wait that may expire. */
export type Expiry<Expires extends Duration> = [Expires] extends [never] ? never : 'expired'

/** A wait in a workflow. */
export interface WaitNode<Outcome extends string, Reads extends string, Values> extends Node<
  Outcome,
  'failed',
  Reads,
  Values
> {
  readonly '~wait': true
}
