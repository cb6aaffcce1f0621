import { raise } from 'xstate'
import { exhaustedTarget, failTarget } from '../graph/graph.ts'
import { mayCompensate } from '../graph/compensations.ts'
import type { Undoing } from '../snapshot/undo.ts'
import { inner } from './machine-edges.ts'
import type { MachineEvent } from './machine-event.ts'
import { stateId, type ContextChange, type Parts, type StateConfig, type TransitionConfig } from './machine-parts.ts'
import { cancelledState, compensatingState, eventNames, transitionNames } from './names.ts'
import { closeAll, withContext } from './steps.ts'
import { endOfStatus } from './undo-route.ts'

const statuses = ['failed', 'exhausted', 'cancelled'] as const satisfies readonly Undoing['status'][]

/** Name of the action that asks whether undoing may begin, or is over. */
export const undoAction = 'raise:undo'

/** Asks in the same transition. */
export function raiseUndo(): ReturnType<typeof raise> {
  return raise(({ event }) => {
    const { at } = event as unknown as MachineEvent
    return { type: eventNames.undo, ...(at !== undefined && { at }) }
  })
}

/** Where the ends of a graph are that has something to undo: before each of them it undoes. Null: it has nothing. */
export function undoTargets(parts: Pick<Parts, 'graph'>): ReadonlyMap<string, string> | null {
  if (!mayCompensate(parts.graph)) return null
  return new Map([
    [failTarget, undoId('failed')],
    [exhaustedTarget, undoId('exhausted')],
    [cancelledState, undoId('cancelled')],
  ])
}

function undoId(status: Undoing['status']): string {
  return `#undo:${status}`
}

/** The state in which a run undoes what it did, with a state for each way in which it then ends. */
export function compensating(parts: Parts): StateConfig {
  const states = Object.fromEntries(statuses.map((status) => [status, undoState(parts, status)]))
  return { id: compensatingState, initial: 'failed', states }
}

function undoState(parts: Parts, status: Undoing['status']): StateConfig {
  const begin = `begin:undo:${status}`
  parts.changes.set(begin, beginUndo(status))
  const { undoNext, undoRetry, undoPerson, undone, undoCancel, undoStop } = transitionNames
  const ended: TransitionConfig = { ...inner(parts, undone), target: stateId(endOfStatus[status]), reenter: true }
  const ends = [inner(parts, undoRetry), inner(parts, undoPerson), inner(parts, undoNext), ended]
  return {
    id: undoId(status).slice(1),
    entry: [begin, undoAction],
    on: {
      [eventNames.done(compensatingState)]: ends,
      [eventNames.undo]: [inner(parts, undoNext), ended],
      [eventNames.cancel]: [inner(parts, undoCancel), andAsk(inner(parts, undoStop))],
      // The time of a run that is ending does not end it.
      [eventNames.duration]: [{ actions: [] }],
    },
  }
}

function andAsk(transition: TransitionConfig): TransitionConfig {
  return { ...transition, actions: [...transition.actions, undoAction] }
}

function beginUndo(status: Undoing['status']): ContextChange {
  return ({ context, event }) => {
    const { at = 0, by = '', reason = '' } = event
    const who = status === 'cancelled' ? { by, reason } : {}
    return withContext(closeAll(context), { undoing: Object.freeze({ status, since: at, ...who }) })
  }
}
