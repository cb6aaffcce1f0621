import type { CompiledWorkflow, HandoffRecord } from '@waystone/core'
import { atEveryLevel, changedAfter, recompiled, withContext, withNodes } from './plants-shared.ts'

/** Compiled with one more handoff in all and per pair, under the author's name and hash. */
export function withOneHandoffMore(spec: CompiledWorkflow): CompiledWorkflow {
  const { handoffs } = spec.graph.limits
  if (handoffs === undefined) return spec
  const { max = Infinity, perPair = Infinity } = handoffs
  const looser = { ...handoffs, max: max + 1, perPair: perPair + 1 }
  return recompiled(spec, ({ limits }) => ({ limits: { ...limits, handoffs: looser } }))
}

/** Compiled with every message of the sender going along, under the author's name and hash. */
export function withWholeSlices(spec: CompiledWorkflow): CompiledWorkflow {
  return withNodes(spec, (node) => {
    if (node.kind !== 'agent' || node.handoffs === undefined) return node
    const whole = Object.entries(node.handoffs).map(([name, handoff]): readonly [string, HandoffRecord] => [
      name,
      handoff.slice === 'summary' ? handoff : { ...handoff, slice: 'all' },
    ])
    return { ...node, handoffs: Object.fromEntries(whole) }
  })
}

/** Chains that go on where a new one is to begin. */
export function keepingChains(spec: CompiledWorkflow): CompiledWorkflow {
  return atEveryLevel(spec, (one) =>
    changedAfter(one, (next, { context: { handoffs } }) => {
      const isBegunAnew = handoffs !== undefined && (next.context.handoffs?.made.length ?? 0) < handoffs.made.length
      return isBegunAnew ? withContext(next, { ...next.context, handoffs }) : next
    }),
  )
}
