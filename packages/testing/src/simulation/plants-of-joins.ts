import { compileGraph, type CompiledWorkflow } from '@waystone/core'

/** Compiled with branches that share no name any more: they do not take turns. */
export function withoutTurns({ graph, registry, hashes }: CompiledWorkflow): CompiledWorkflow {
  const nodes: { [id: string]: CompiledWorkflow['graph']['nodes'][string] } = {}
  for (const [id, node] of Object.entries(graph.nodes)) {
    const own = { ...node }
    Reflect.deleteProperty(own, 'exclusive')
    nodes[id] = own
  }
  return compileGraph({ graph: { ...graph, nodes }, registry, hashes })
}
