import type { CompiledWorkflow } from '../compile/compiled-workflow.ts'
import { takenIds } from '../compile/received.ts'
import type { RunContext } from '../snapshot/snapshot.ts'
import { openIn } from '../snapshot/tree.ts'
import { openStepOf } from './open-step.ts'
import type { OpenWait, UnreadEvent } from './runtime.ts'

/** The waits that are open. Order: by step. */
export function waitsOf(compiled: CompiledWorkflow, context: RunContext): readonly OpenWait[] {
  return Object.entries(openIn(context)).flatMap(([index, { kind, awaits, since, expiresAt }]): readonly OpenWait[] => {
    const step = Number(index)
    const found = kind === 'wait' ? openStepOf(compiled, context, step) : undefined
    if (found === undefined) return []
    const key = awaits?.key ?? null
    return [{ step, node: found.path, events: awaits?.events ?? [], key, since, expiresAt: expiresAt ?? null }]
  })
}

/** Events that came and that no wait has taken. Order: as they came. */
export function unreadOf(context: RunContext): readonly UnreadEvent[] {
  const taken = takenIds(context)
  return Object.entries(context.received ?? {}).flatMap(([id, { event, key }]): readonly UnreadEvent[] =>
    taken.has(id) ? [] : [{ id, event, key }],
  )
}
