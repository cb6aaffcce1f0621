import { z } from 'zod'
import type { Graph, GraphHashes } from '../graph/graph.ts'
import { hashGraph } from '../graph/hash.ts'
import { nestedIn } from '../graph/nested-graphs.ts'
import type { NodeFunctions, Registry } from '../graph/registry.ts'
import { compileGraph } from './compile.ts'
import type { CompiledWorkflow } from './compiled-workflow.ts'

/**
 * Compiles a stored graph without its author's functions: what runs none of them can be planned, and the graph looked at. A guard or reducer
 * that is asked for all the same fails, as one does that gives nothing.
 *
 * @param onAsked - called when one is: what is planned then is not what the author's functions would have led to
 */
export function compileStored(
  graph: Graph,
  hashes: GraphHashes,
  onAsked: () => void = () => undefined,
): CompiledWorkflow {
  const compiled = compileGraph({ graph, hashes, registry: noFunctions(graph, onAsked) })
  return Object.freeze(
    Object.create(compiled, { isWithoutFunctions: { value: true, enumerable: true } }) as CompiledWorkflow,
  )
}

function noFunctions(graph: Graph, onAsked: () => void): Registry {
  const none = new Map<string, never>()
  const reduced = Object.keys(graph.state).filter((key) => graph.state[key]?.merge.rule === 'reducer')
  const nodes = new Map<string, NodeFunctions>()
  for (const node of Object.values(graph.nodes)) {
    const nested = nestedIn(graph, node)
    if (nested === undefined) continue
    const held = { graph: nested, hashes: hashGraph(nested), registry: noFunctions(nested, onAsked) }
    // What a nested workflow begins with, and what a map makes of its items, is not asked for.
    nodes.set(node.id, { kind: 'workflow', input: null, apply: null, nested: held })
  }
  return {
    guards: new Map(Object.keys(graph.guards).map((name) => [name, onAsked])),
    reducers: new Map(reduced.map((key) => [key, onAsked])),
    stateSchemas: none,
    patchSchemas: none,
    input: z.json(),
    tools: none,
    events: none,
    nodes,
  }
}
