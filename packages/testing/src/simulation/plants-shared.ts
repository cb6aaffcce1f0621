import { compileGraph, type CompiledWorkflow, type Graph, type NodeRecord, type Snapshot } from '@waystone/core'

/** How a workflow moves. */
export type Mover = CompiledWorkflow['runner']['move']

/** A workflow whose runs move another way, under the author's name and hash. @param moveBy - gets the way it moved before */
export function movedWith(spec: CompiledWorkflow, moveBy: (move: Mover) => Mover): CompiledWorkflow {
  const move = moveBy((snapshot, event) => spec.runner.move(snapshot, event))
  return { ...spec, runner: { begin: (input) => spec.runner.begin(input), move, inner: new Set() } }
}

/** A workflow whose runs are changed after each move, under the author's name and hash. */
export function changedAfter(
  spec: CompiledWorkflow,
  change: (next: Snapshot, before: Snapshot) => Snapshot,
): CompiledWorkflow {
  return movedWith(spec, (move) => (snapshot, event) => change(move(snapshot, event), snapshot))
}

/** A snapshot with another context, frozen as the engine's are. */
export function withContext({ value }: Snapshot, context: Snapshot['context']): Snapshot {
  return Object.freeze({ value, context: Object.freeze(context) })
}

/** Compiled from another graph, under the author's name and hash. */
export function recompiled(
  { graph, registry, hashes }: CompiledWorkflow,
  change: (graph: Graph) => Partial<Graph>,
): CompiledWorkflow {
  return compileGraph({ graph: { ...graph, ...change(graph) }, registry, hashes })
}

/** Compiled from other nodes, under the author's name and hash. */
export function withNodes(spec: CompiledWorkflow, change: (node: NodeRecord) => NodeRecord): CompiledWorkflow {
  return recompiled(spec, ({ nodes }) => ({
    nodes: Object.fromEntries(Object.entries(nodes).map(([id, node]) => [id, change(node)])),
  }))
}

/** Changed, and all that is nested in it too. */
export function atEveryLevel(
  spec: CompiledWorkflow,
  change: (spec: CompiledWorkflow) => CompiledWorkflow,
): CompiledWorkflow {
  const nested = [...spec.nested].map(([node, inside]): readonly [string, CompiledWorkflow] => [
    node,
    atEveryLevel(inside, change),
  ])
  return { ...change(spec), nested: new Map(nested) }
}
