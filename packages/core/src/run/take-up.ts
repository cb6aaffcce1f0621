import type { RunId } from '../base/ids.ts'
import { toJson } from '../base/json.ts'
import type { LoadedRun } from '../checkpoint/store.ts'
import { timersOf } from '../compile/commands.ts'
import type { CompiledWorkflow } from '../compile/compiled-workflow.ts'
import type { EngineEvent } from '../snapshot/event.ts'
import type { RunContext } from '../snapshot/snapshot.ts'
import type { Entry } from './drive.ts'
import type { ExecutorPorts } from './effect-job.ts'
import { lostEffects } from './lost-effects.ts'
import { timerEvent } from './timers.ts'

/** A run that was just loaded. */
export interface TakenRun {
  readonly compiled: CompiledWorkflow
  readonly context: RunContext
  readonly loaded: Pick<LoadedRun, 'marks' | 'inbox'> & { readonly row: { readonly runId: RunId } }
  /** Ms since the epoch. */
  readonly now: number
  readonly ports: ExecutorPorts
}

/**
 * What happened to a run while nobody drove it: ends of effects that were lost, then timers and deliveries in the order of
 * their moments, so that a decision made in time beats the expiry that nobody was there to see.
 */
export function missedEntries({ compiled, context, loaded, now, ports }: TakenRun): readonly Entry[] {
  const lost = lostEffects(compiled, { runId: loaded.row.runId, context, now, ports }, loaded.marks)
  const delivered = loaded.inbox.map((event) => ({ at: event.at, entry: deliveredEntry(event) }))
  const due = dueTimers(compiled, context, now).map(({ timer, at }) => ({
    at,
    entry: { event: timerEvent(timer, now) },
  }))
  const inOrder = [...delivered, ...due].toSorted((left, right) => left.at - right.at)
  return [...lost.map((event) => ({ event })), ...inOrder.map(({ entry }) => entry)]
}

/** An event of the store's inbox. */
export function deliveredEntry(event: EngineEvent): Entry {
  toJson(event, 'delivered event')
  return { event, isDelivered: true }
}

interface DueTimer {
  readonly timer: string
  readonly at: number
}

function dueTimers(compiled: CompiledWorkflow, context: RunContext, now: number): readonly DueTimer[] {
  return timersOf(compiled, context).filter(({ at }) => at <= now)
}
