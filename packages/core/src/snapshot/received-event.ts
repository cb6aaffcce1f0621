import type { Json } from '../base/json.ts'

/** An event from outside, as its sender gave it; what it carries was parsed by its schema. */
export interface EventMessage {
  /** Key of the graph's events, or of a nested workflow's. */
  readonly event: string
  /** What it is about, for waits that have a key; null: nothing in particular. */
  readonly key: string | null
  readonly payload: Json
}

/** What an open wait takes. */
export interface AwaitedEvents {
  readonly events: readonly string[]
  /** Only with this key; absent: with any. */
  readonly key?: string
}

/** Whether a wait takes an event. */
export function isAwaited({ events, key }: AwaitedEvents, message: EventMessage): boolean {
  return events.includes(message.event) && (key === undefined || key === message.key)
}
