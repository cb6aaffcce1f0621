import type { CompiledWorkflow, MapRecord, Snapshot } from '@waystone/core'
import { changedAfter, movedWith, recompiled, withContext, withNodes } from './plants-shared.ts'

type Context = Snapshot['context']

/** Compiled with maps that are content with one item, under the author's name and hash. */
export function withHasteInMaps(spec: CompiledWorkflow): CompiledWorkflow {
  return withMaps(spec, (map) => ({ ...map, done: 1 }))
}

/** Compiled with maps that run one item more at a time. */
export function withOneItemMore(spec: CompiledWorkflow): CompiledWorkflow {
  return withMaps(spec, (map) => ({ ...map, concurrency: map.concurrency + 1 }))
}

function withMaps(spec: CompiledWorkflow, change: (map: MapRecord) => MapRecord): CompiledWorkflow {
  return withNodes(spec, (node) => (node.kind === 'map' ? change(node) : node))
}

/** Items that still run when their map is over go on as if it were not. */
export function withHeedlessItems(spec: CompiledWorkflow): CompiledWorkflow {
  return changedAfter(spec, (next, { context: { children = {}, maps = {}, open } }) => {
    const over = new Set(
      Object.keys(next.context.maps ?? {}).filter(
        (node) => next.context.maps?.[node]?.over !== undefined && maps[node]?.over === undefined,
      ),
    )
    const held = Object.entries(open).filter(([index, { node }]) => over.has(node) && children[index] !== undefined)
    return held.length === 0 ? next : goingOn(next, held, children)
  })
}

/** What is nested in a run that is cancelled goes on as if it were not. */
export function withHeedlessChildren(spec: CompiledWorkflow): CompiledWorkflow {
  return changedAfter(spec, (next, { context: { children = {}, open } }) => {
    const held = Object.entries(open).filter(([index]) => children[index] !== undefined)
    return next.context.ending?.status !== 'cancelled' || held.length === 0 ? next : goingOn(next, held, children)
  })
}

/** What steps held goes on, as if it had only been cancelled. */
function goingOn(
  next: Snapshot,
  held: readonly (readonly [string, Context['open'][string]])[],
  children: NonNullable<Context['children']>,
): Snapshot {
  const kept = Object.fromEntries(
    held.flatMap(([index]) => {
      const child = children[index]
      return child === undefined ? [] : [[index, child] as const]
    }),
  )
  const closing = { ...next.context.closing, ...Object.fromEntries(held) }
  return withContext(next, { ...next.context, children: { ...next.context.children, ...kept }, closing })
}

/** Nested workflows know their own limits and no others. */
export function withFreeChildren(spec: CompiledWorkflow): CompiledWorkflow {
  const nested = [...spec.nested].map(([node, inside]): [string, CompiledWorkflow] => [
    node,
    movedWith(withFreeChildren(inside), (move) => ({ value, context }, event) => {
      const { above: _, ...rest } = context
      return move({ value, context: Object.freeze(rest) }, event)
    }),
  ])
  return { ...spec, nested: new Map(nested) }
}

/** Whoever says no to an item of a map says yes, under the author's name and hash. */
export function withoutRejectedItems(spec: CompiledWorkflow): CompiledWorkflow {
  const nested = [...spec.nested].map(([node, inside]): [string, CompiledWorkflow] => [
    node,
    inside.graph.name.endsWith(':asked')
      ? recompiled(inside, ({ edges }) => ({
          edges: edges.map((edge) => (edge.from === 'ask' ? { ...edge, to: 'call' } : edge)),
        }))
      : inside,
  ])
  return { ...spec, nested: new Map(nested) }
}
