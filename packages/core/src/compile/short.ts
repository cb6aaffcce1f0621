import type { RunContext, Short } from '../snapshot/snapshot.ts'
import { withContext } from './with-context.ts'

const nobody: Short = Object.freeze({ nodes: Object.freeze([]), inside: Object.freeze([]) })

/** Says of a map or an agent whether what it is to begin waits for others to give back what they have set aside. @param hasBegun - some of it just did: whoever has waited longer comes first then */
export function withShort(
  context: RunContext,
  node: string,
  { isShort, hasBegun }: { readonly isShort: boolean; readonly hasBegun: boolean },
): RunContext {
  const { nodes, inside } = context.short ?? nobody
  const isKnown = nodes.includes(node)
  if (isKnown ? isShort && !hasBegun : !isShort) return context
  const others = isKnown ? nodes.filter((name) => name !== node) : nodes
  return shortOf(context, { nodes: isShort ? [...others, node] : others, inside })
}

/** Says of a step that holds a nested workflow whether something in that waits so. */
export function withShortInside(context: RunContext, step: number, isShort: boolean): RunContext {
  const { nodes, inside } = context.short ?? nobody
  if (inside.includes(step) === isShort) return context
  return shortOf(context, { nodes, inside: isShort ? [...inside, step] : inside.filter((index) => index !== step) })
}

/** Nothing of these waits any more: they are over. */
export function withoutShort(
  context: RunContext,
  isOver: { readonly node: (node: string) => boolean; readonly step: (step: number) => boolean },
): RunContext {
  if (context.short === undefined) return context
  const nodes = context.short.nodes.filter((node) => !isOver.node(node))
  const inside = context.short.inside.filter((step) => !isOver.step(step))
  const isSame = nodes.length === context.short.nodes.length && inside.length === context.short.inside.length
  return isSame ? context : shortOf(context, { nodes, inside })
}

function shortOf(context: RunContext, { nodes, inside }: Short): RunContext {
  if (nodes.length + inside.length > 0)
    return withContext(context, {
      short: Object.freeze({ nodes: Object.freeze(nodes), inside: Object.freeze(inside) }),
    })
  const { short: _, ...rest } = context
  return Object.freeze(rest)
}
