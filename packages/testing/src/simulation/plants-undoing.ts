import type { CompiledWorkflow } from '@waystone/core'

/** Undoes what was done last first, and then from the beginning on. */
export function undoingForwards(spec: CompiledWorkflow): CompiledWorkflow {
  return {
    ...spec,
    runner: {
      begin: (input) => spec.runner.begin(input),
      move: (snapshot, event) => {
        const next = spec.runner.move(snapshot, event)
        const { undo = [], undoing } = next.context
        if (undoing?.left === undefined || snapshot.context.undoing?.left !== undefined) return next
        const wrong = Object.freeze([...undo.slice(0, undoing.left).toReversed(), ...undo.slice(undoing.left)])
        return Object.freeze({ value: next.value, context: Object.freeze({ ...next.context, undo: wrong }) })
      },
    },
  }
}

/** Undoes at once, as if nothing that was cancelled could still end. */
export function undoingAtOnce(spec: CompiledWorkflow): CompiledWorkflow {
  return {
    ...spec,
    runner: {
      begin: (input) => spec.runner.begin(input),
      move: (snapshot, event) => {
        const next = spec.runner.move(snapshot, event)
        const { undoing, closing, undo = [] } = next.context
        if (undoing === undefined || undoing.left !== undefined || undo.length === 0) return next
        const quiet = { value: next.value, context: { ...next.context, closing: {} } }
        const begun = spec.runner.move(quiet, {
          type: 'waystone.undo',
          ...(event.at !== undefined && { at: event.at }),
        })
        return Object.freeze({ value: begun.value, context: Object.freeze({ ...begun.context, closing }) })
      },
    },
  }
}
