import type { CompiledWorkflow } from '@waystone/core'
import { changedAfter, withContext } from './plants-shared.ts'

/** What no wait has taken is gone with the next move. */
export function forgettingEarlyEvents(spec: CompiledWorkflow): CompiledWorkflow {
  return changedAfter(spec, (next) => {
    const { received = {}, ...rest } = next.context
    const held = new Set(Object.values(next.context.open).map((open) => open.event))
    const taken = Object.entries(received).filter(([id]) => held.has(id))
    const kept = taken.length === 0 ? {} : { received: Object.freeze(Object.fromEntries(taken)) }
    return withContext(next, { ...rest, ...kept })
  })
}

/** What a wait has used up is there once more, for the next one. */
export function givingTwice(spec: CompiledWorkflow): CompiledWorkflow {
  return changedAfter(spec, (next, { context: { open } }) => {
    const { received = {} } = next.context
    const again = Object.entries(open).flatMap(([step, { event = '' }]) => {
      const message = received[event]
      const isUsed = message !== undefined && next.context.open[step] === undefined && !event.endsWith('/again')
      return isUsed ? [[`${event}/again`, message] as const] : []
    })
    if (again.length === 0) return next
    return withContext(next, {
      ...next.context,
      received: Object.freeze({ ...received, ...Object.fromEntries(again) }),
    })
  })
}

/** Whoever has taken an event can still expire. */
export function expiringAfterTheEvent(spec: CompiledWorkflow): CompiledWorkflow {
  return changedAfter(spec, (next) => {
    const open = Object.entries(next.context.open).map(([index, step]) => {
      const isTaken = step.kind === 'receive' && step.expiresAt === undefined
      return [index, isTaken ? Object.freeze({ ...step, expiresAt: step.since }) : step] as const
    })
    return withContext(next, { ...next.context, open: Object.freeze(Object.fromEntries(open)) })
  })
}
