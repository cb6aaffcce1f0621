import type { Graph } from '../graph/graph.ts'
import { graphsOf } from '../graph/nested-graphs.ts'
import { callApprovalOf } from '../graph/tool-use.ts'
import type { RunContext } from '../snapshot/snapshot.ts'
import type { Place } from './place.ts'
import { withContext } from './with-context.ts'

/** The context with the moment at which an operator set keys anew: in a run where a yes to a call may be remembered. @param at - ms since the epoch */
export function notePatched(
  graph: Graph,
  context: RunContext,
  { keys, at }: { readonly keys: readonly string[]; readonly at: number },
): RunContext {
  if (keys.length === 0 || !mayRemember(graph)) return context
  const now = Object.fromEntries(keys.map((key) => [key, at]))
  return withContext(context, { patched: Object.freeze({ ...context.patched, ...now }) })
}

function mayRemember(root: Graph): boolean {
  return graphsOf(root).some((graph) =>
    Object.values(graph.nodes).some(
      (node) => node.kind === 'agent' && node.tools.some((tool) => callApprovalOf(graph, node, tool) !== null),
    ),
  )
}

/**
 * When an operator last patched what a node shows to persons; undefined: nobody has. What is nested works on what it was begun with: on what the
 * node that holds it had read.
 */
export function patchedAt({ compiled, snapshot, around }: Place, node: string): number | undefined {
  const [run] = around
  const { patched } = (run?.snapshot ?? snapshot).context
  if (patched === undefined) return undefined
  const shownBy = run === undefined ? node : run.snapshot.context.open[run.step]?.node
  const { nodes } = (run?.compiled ?? compiled).graph
  const reads = shownBy === undefined ? [] : (nodes[shownBy]?.reads ?? [])
  const times = reads.flatMap((key) => patched[key] ?? [])
  return times.length === 0 ? undefined : Math.max(...times)
}
