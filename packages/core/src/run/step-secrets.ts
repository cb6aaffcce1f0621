import { namesOfPath } from '../base/node-path.ts'
import { own } from '../base/own.ts'
import type { CompiledWorkflow } from '../compile/compiled-workflow.ts'
import type { Graph } from '../graph/graph.ts'
import type { OpenStep } from '../snapshot/snapshot.ts'
import type { UndoEntry } from '../snapshot/undo.ts'
import type { EffectJob } from './effect-job.ts'

const none: readonly string[] = Object.freeze([])

/** Names of the secrets that a step may resolve: those of the tool it runs, or of the tool whose own code undoes it. */
export function secretsOfStep(
  { graph }: CompiledWorkflow,
  record: EffectJob['record'],
  { tool: called, undoes }: OpenStep,
): readonly string[] {
  const run = called ?? (record.kind === 'tool' ? record.tool : undefined)
  const tool = run ?? (undoes === undefined ? undefined : toolUndoingItself(graph, undoes))
  return tool === undefined ? none : (graph.tools[tool]?.secrets ?? none)
}

/** Undefined: the node says how its work is undone, and nodes have no secrets. */
function toolUndoingItself(graph: Graph, { node: path, tool }: UndoEntry): string | undefined {
  const node = own(graph.nodes, namesOfPath(path).at(-1) ?? '')
  if (node === undefined || ('compensate' in node && node.compensate !== undefined)) return undefined
  return tool ?? (node.kind === 'tool' ? node.tool : undefined)
}
