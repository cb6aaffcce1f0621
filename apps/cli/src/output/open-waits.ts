import type { OpenWait, RunContext } from '@waystone/core'

/** The waits that are open in a stored run, those of nested workflows and of items by their paths. Order: by step. */
export function openWaits(context: RunContext): readonly OpenWait[] {
  return waitsIn(context, '').toSorted((left, right) => left.step - right.step)
}

function waitsIn({ open, children }: RunContext, around: string): readonly OpenWait[] {
  return Object.entries(open).flatMap(([index, { kind, node, awaits, since, expiresAt = null }]) => {
    const inside = children?.[index]
    if (inside !== undefined) return waitsIn(inside.context, `${around}${node}/`)
    if (kind !== 'wait') return []
    const { events = [], key = null } = awaits ?? {}
    return [{ step: Number(index), node: `${around}${node}`, events, key, since, expiresAt }]
  })
}
