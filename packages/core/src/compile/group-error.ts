import { namesOfPath } from '../base/node-path.ts'
import type { Graph, NodeRecord } from '../graph/graph.ts'
import { nodeAt } from '../graph/nested-graphs.ts'
import type { ErrorRecord } from '../errors/waystone-error.ts'
import type { DegradedMark, RunContext } from '../snapshot/snapshot.ts'
import type { FailedUndo } from '../snapshot/undo.ts'
import { withContext } from './with-context.ts'

/**
 * A failure as it is known outside of the group of its node: its code and its name. What it said may hold what is private to the group, and
 * stays with the step that failed.
 */
export function errorOutside(
  { id, group }: Pick<NodeRecord, 'id' | 'group'>,
  error: ErrorRecord | undefined,
): ErrorRecord | undefined {
  if (group === undefined || error === undefined) return error
  const { message: _, details: __, ...rest } = error
  return Object.freeze({ ...rest, message: `node ${id} of group ${group} failed; its own checkpoint says how` })
}

/** The same of what could not be undone. @param path - of the node, below this workflow: whatever holds it may be in a group */
export function undoErrorOutside(graph: Graph, path: string, error: ErrorRecord | undefined): ErrorRecord | undefined {
  const names = namesOfPath(path)
  const paths = names.map((_, index) => names.slice(0, index + 1).join('/'))
  const holder = paths.map((one) => nodeAt(graph, one)?.node).find((node) => node?.group !== undefined)
  return holder === undefined ? error : errorOutside(holder, error)
}

/** What a nested workflow tells the one around it, where the node that holds it is in a group: how it was degraded, and what could not be undone. */
export function outsideOf(holder: NodeRecord | undefined, child: RunContext): RunContext {
  const { undone, degraded } = child
  if (holder?.group === undefined || (undone?.failed === undefined && degraded === undefined)) return child
  const failed = undone?.failed?.map((one): FailedUndo => {
    const error = errorOutside(holder, one.error)
    return error === undefined ? one : Object.freeze({ ...one, error })
  })
  const marks = Object.entries(degraded ?? {}).map(([place, mark]): readonly [string, DegradedMark] =>
    mark.by === 'otherwise'
      ? [place, Object.freeze({ ...mark, why: `a call of ${mark.node} in group ${holder.group} was not answered` })]
      : [place, mark],
  )
  return withContext(child, {
    ...(undone !== undefined && failed !== undefined && { undone: Object.freeze({ ...undone, failed }) }),
    ...(degraded !== undefined && { degraded: Object.freeze(Object.fromEntries(marks)) }),
  })
}
