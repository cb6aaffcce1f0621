import type { EngineEvent } from '../snapshot/event.ts'

/** An event that was delivered to a run and that no checkpoint could use: the run did not move. */
export interface RefusedEvent {
  readonly id: string
  readonly type: EngineEvent['type']
  /** Who brought it; null: they did not say. */
  readonly by: string | null
  /** When it was delivered, ms since the epoch. */
  readonly deliveredAt: number
  /** When it was refused, ms since the epoch. */
  readonly at: number
  /** Reason code, as of a move that is refused on the spot. */
  readonly reason: string
  /** For people: what was wrong, and what would have been allowed. Names keys and nodes, holds no values. */
  readonly message: string
}

/** What is kept of an event that is refused. @param refusal - `at`: ms since the epoch */
export function refusedEvent(
  event: EngineEvent,
  { at, reason, message }: Pick<RefusedEvent, 'at' | 'reason' | 'message'>,
): RefusedEvent {
  const { id, type, payload } = event
  // An event of another process may be of another version, with a payload of any shape.
  const by: unknown = typeof payload === 'object' && payload !== null && 'by' in payload ? payload.by : null
  return Object.freeze({ id, type, by: typeof by === 'string' ? by : null, deliveredAt: event.at, at, reason, message })
}
