import type { CompiledWorkflow, RunContext } from '@waystone/core'
import { changedAfter, movedWith, withContext } from './plants-shared.ts'

/** Undoes what was done last first, and then from the beginning on. */
export function undoingForwards(spec: CompiledWorkflow): CompiledWorkflow {
  return changedAfter(spec, (next, before) => {
    const { undo = [], undoing } = next.context
    if (undoing?.left === undefined || before.context.undoing?.left !== undefined) return next
    const wrong = Object.freeze([...undo.slice(0, undoing.left).toReversed(), ...undo.slice(undoing.left)])
    return withContext(next, { ...next.context, undo: wrong })
  })
}

/** Takes what was done for begun when it ended: as if nothing could have been written meanwhile. */
export function undoingWhatCameLater(spec: CompiledWorkflow): CompiledWorkflow {
  return movedWith(spec, (move) => (snapshot, event) => {
    const { undo } = snapshot.context
    if (undo === undefined) return move(snapshot, event)
    const wrong = undo.map((one) => Object.freeze({ ...one, begunAfter: one.sequence - 1 }))
    return move(withContext(snapshot, { ...snapshot.context, undo: Object.freeze(wrong) }), event)
  })
}

/** Forgets what a hold has kept from beginning: whoever drives the run next takes it for begun. */
export function forgettingWithheld(spec: CompiledWorkflow): CompiledWorkflow {
  return movedWith(spec, (move) => (snapshot, event) => {
    const open: { [index: string]: RunContext['open'][string] } = {}
    for (const [index, step] of Object.entries(snapshot.context.open)) {
      const { isWithheld: _, ...rest } = step
      open[index] = Object.freeze(rest)
    }
    return move(withContext(snapshot, { ...snapshot.context, open: Object.freeze(open) }), event)
  })
}

/** Undoes at once, as if nothing that was cancelled could still end. */
export function undoingAtOnce(spec: CompiledWorkflow): CompiledWorkflow {
  return movedWith(spec, (move) => (snapshot, event) => {
    const next = move(snapshot, event)
    const { undoing, closing, undo = [] } = next.context
    if (undoing === undefined || undoing.left !== undefined || undo.length === 0) return next
    const quiet = { value: next.value, context: { ...next.context, closing: {} } }
    const begun = move(quiet, { type: 'waystone.undo', ...(event.at !== undefined && { at: event.at }) })
    return withContext(begun, { ...begun.context, closing })
  })
}

/** Forgets what was done wherever an operator sends a run elsewhere. */
export function forgettingOnRedirect(spec: CompiledWorkflow): CompiledWorkflow {
  return movedWith(spec, (move) => (snapshot, event) => {
    const next = move(snapshot, event)
    if (!event.type.startsWith('waystone.redirect.')) return next
    const { undo: _, ...rest } = next.context
    return withContext(next, rest)
  })
}
