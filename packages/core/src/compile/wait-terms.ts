import type { WaitRecord } from '../graph/graph.ts'
import type { AwaitedEvents } from '../snapshot/received-event.ts'
import type { OpenStep } from '../snapshot/snapshot.ts'

/** What a wait's own functions, or its state keys, said as it began. */
export interface WaitWords {
  readonly key?: string
  /** Ms since the epoch. */
  readonly until?: number
}

/** What an open wait takes and how long it waits. @param at - now, ms since the epoch */
export function waitTerms(
  { events, delayMs, expiresInMs }: WaitRecord,
  at: number,
  { key, until }: WaitWords = {},
): Pick<OpenStep, 'awaits' | 'expiresAt'> {
  const awaits: AwaitedEvents = Object.freeze({ events, ...(key !== undefined && { key }) })
  const lasts = delayMs ?? expiresInMs
  const expiresAt = until ?? (lasts === null ? undefined : at + lasts)
  return {
    ...(events.length > 0 && { awaits }),
    ...(expiresAt !== undefined && { expiresAt }),
  }
}
