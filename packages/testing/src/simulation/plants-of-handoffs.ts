import { compileGraph, type CompiledWorkflow, type HandoffRecord } from '@waystone/core'

/** Compiled with one more handoff in all and per pair, under the author's name and hash. */
export function withOneHandoffMore(spec: CompiledWorkflow): CompiledWorkflow {
  const { graph, registry, hashes } = spec
  const { handoffs } = graph.limits
  if (handoffs === undefined) return spec
  const { max = Infinity, perPair = Infinity } = handoffs
  const looser = { ...handoffs, max: max + 1, perPair: perPair + 1 }
  return compileGraph({ graph: { ...graph, limits: { ...graph.limits, handoffs: looser } }, registry, hashes })
}

/** Compiled with every message of the sender going along, under the author's name and hash. */
export function withWholeSlices(spec: CompiledWorkflow): CompiledWorkflow {
  const { graph, registry, hashes } = spec
  const nodes = Object.fromEntries(
    Object.entries(graph.nodes).map(([id, node]): readonly [string, typeof node] => {
      if (node.kind !== 'agent' || node.handoffs === undefined) return [id, node]
      const whole = Object.entries(node.handoffs).map(([name, handoff]): readonly [string, HandoffRecord] => [
        name,
        handoff.slice === 'summary' ? handoff : { ...handoff, slice: 'all' },
      ])
      return [id, { ...node, handoffs: Object.fromEntries(whole) }]
    }),
  )
  return compileGraph({ graph: { ...graph, nodes }, registry, hashes })
}
