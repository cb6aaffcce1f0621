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
