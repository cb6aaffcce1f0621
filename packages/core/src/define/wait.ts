import type { Duration } from './duration.ts'
import type { NamedEvent } from './event.ts'
import type { Node } from './node.ts'
import type { ApplyRule, NodeOptions } from './node-options.ts'

/** What every wait may declare. */
export interface WaitOptions<
  For,
  Reads extends string,
  Writes extends string,
  Heard extends string,
  Expires extends Duration,
> extends NodeOptions<Reads, Heard> {
  /** An event from outside, or several of which the first decides. */
  readonly for?: For
  /** State keys that what comes may write; default none. */
  readonly writes?: readonly Writes[]
  /** Of a wait for events: time until outcome `expired`; default never. */
  readonly expiresIn?: Expires
}

/** What a wait is told by: the key of its events, or the time that it waits for. */
export interface WaitTerms<Key, Delay, View> {
  /** Only an event that was sent with this key is taken: the value of a state key, or what a function gives as the wait begins. Default: any. */
  readonly key?: Key | ((given: View) => string | number)
  /** It waits for time to pass, from when it begins. */
  readonly delay?: Delay
  /** It waits for a moment, ms since the epoch or UTC ISO-8601: the value of a state key, or what a function gives as the wait begins. One that is over is no wait. */
  readonly until?: Key | ((given: View) => string | number)
}

/** A wait is for events, for time to pass, or for a moment; time brings nothing and does not expire. */
export type AwaitsOneThing<For, Delay> = [For] extends [never]
  ? { readonly key?: never; readonly expiresIn?: never; readonly writes?: never } & ([Delay] extends [never]
      ? ForOrDelayOrUntilIsMissing
      : { readonly until?: never })
  : { readonly delay?: never; readonly until?: never }

/** A wait with neither `for` nor `delay` is one for a moment: `until`. */
export interface ForOrDelayOrUntilIsMissing {
  readonly until: unknown
}

/** What `apply` of a wait is given: what the event carries; of several events also which came. */
export type ReceivedOf<For> = [For] extends [never]
  ? never
  : For extends readonly NamedEvent[]
    ? {
        [Index in keyof For]: For[Index] extends NamedEvent<infer Name, unknown, infer Payload>
          ? { readonly event: Name; readonly payload: Payload }
          : never
      }[number]
    : PayloadOf<For>

/** What the events of a wait carry. */
export type PayloadOf<For> = For extends readonly NamedEvent[]
  ? For[number]['~payload']
  : For extends NamedEvent
    ? For['~payload']
    : never

/** Outcomes of a wait that must be routed. */
export type WaitOutcome<For, Expires extends Duration> =
  | ([Expires] extends [never] ? never : 'expired')
  | ([For] extends [never] ? 'done' : For extends readonly NamedEvent[] ? For[number]['name'] : 'received')

/** How what comes becomes a patch; needed by a wait that writes, unless the event carries the keys as they are. */
export type ReceiveMapping<Received, Payload, Writes, Result, View> = {
  readonly apply?: (received: Received, given: View) => Result
} & ([keyof Writes] extends [never] ? unknown : ApplyRule<Payload, Writes>)

/** A wait in a workflow. */
export interface WaitNode<Outcome extends string, Reads extends string, Values> extends Node<
  Outcome,
  'failed',
  Reads,
  Values
> {
  readonly '~wait': true
}
