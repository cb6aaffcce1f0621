import { compileGraph, type CompiledWorkflow } from '@waystone/core'

/** Compiled with nodes outside of groups that read everything, under the author's name and hash. */
export function readingPrivateKeys({ graph, registry, hashes }: CompiledWorkflow): CompiledWorkflow {
  const keys = Object.values(graph.groups ?? {}).flatMap((group) => group.keys)
  const nodes = Object.fromEntries(
    Object.entries(graph.nodes).map(([id, node]) => [
      id,
      node.group === undefined ? { ...node, reads: [...node.reads, ...keys] } : node,
    ]),
  )
  return compileGraph({ graph: { ...graph, nodes }, registry, hashes })
}

/** Compiled with one transition more before a run counts as stalled. */
export function withPatience({ graph, registry, hashes }: CompiledWorkflow): CompiledWorkflow {
  const { stall } = graph.limits
  if (stall === undefined) return compileGraph({ graph, registry, hashes })
  const limits = { ...graph.limits, stall: { ...stall, transitions: stall.transitions + 1 } }
  return compileGraph({ graph: { ...graph, limits }, registry, hashes })
}
