import type { Checkpoint } from '../snapshot/checkpoint.ts'
import { openIn } from '../snapshot/tree.ts'
import type { History } from './history.ts'

/** An event that came from outside. */
export interface AuditEvent {
  readonly sequence: number
  readonly at: number
  /** `sent/` and the id it was sent with. */
  readonly id: string
  readonly event: string
  /** What it is about; null: nothing in particular. */
  readonly key: string | null
  /** Who sent it, through what; absent: they did not say. */
  readonly by?: string
  readonly through?: string
  /** The wait that took it, by path, and the checkpoint in which that ended; null: none did. */
  readonly taken: { readonly node: string; readonly sequence: number } | null
}

/** What came from outside, and which wait took it. Order: as received. */
export function eventsIn(history: History): readonly AuditEvent[] {
  const came = history.checkpoints.flatMap(({ sequence, event }): readonly AuditEvent[] => {
    if (event.type !== 'event.received') return []
    const { message, ...whose } = event.payload
    return [{ sequence, at: event.at, id: event.id, event: message.event, key: message.key, ...whose, taken: null }]
  })
  if (came.length === 0) return came
  const takers = new Map(history.checkpoints.flatMap((checkpoint) => takenIn(checkpoint, history)))
  return came.map((one) => ({ ...one, taken: takers.get(one.id) ?? null }))
}

/** The event that a wait which ends has taken. */
function takenIn(
  { sequence, step }: Checkpoint,
  history: History,
): readonly (readonly [id: string, taken: NonNullable<AuditEvent['taken']>])[] {
  const id = takenEvent({ sequence, step }, history)
  return id === undefined || step === null ? [] : [[id, { node: step.node, sequence }]]
}

/** The id of the event that a wait which ends at a checkpoint has taken; undefined: none ends there. */
export function takenEvent(
  { sequence, step }: Pick<Checkpoint, 'sequence' | 'step'>,
  history: History,
): string | undefined {
  if (step?.kind !== 'receive') return undefined
  return openIn(history.at(sequence - 1).snapshot.context)[step.index]?.event
}
