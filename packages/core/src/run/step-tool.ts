import { namesOfPath } from '../base/node-path.ts'
import { own } from '../base/own.ts'
import type { Graph, NodeRecord } from '../graph/graph.ts'
import type { OpenStep } from '../snapshot/snapshot.ts'
import type { UndoEntry } from '../snapshot/undo.ts'

/** The tool whose code a step runs: that of its node, of an agent's call, of a map's item, or the one that a compensation calls or is the code of. */
export function toolOfStep(
  graph: Graph,
  record: NodeRecord,
  { tool: called, undoes }: Pick<OpenStep, 'tool' | 'undoes'>,
): string | undefined {
  const run = called ?? (record.kind === 'tool' ? record.tool : undefined)
  return run ?? (undoes === undefined ? undefined : toolUndoingItself(graph, undoes))
}

/** Undefined: the node says how its work is undone, and nodes have no secrets. */
function toolUndoingItself(graph: Graph, { node: path, tool }: UndoEntry): string | undefined {
  const node = own(graph.nodes, namesOfPath(path).at(-1) ?? '')
  if (node === undefined || ('compensate' in node && node.compensate !== undefined)) return undefined
  return tool ?? (node.kind === 'tool' ? node.tool : undefined)
}
