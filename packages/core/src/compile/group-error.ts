import type { NodeRecord } from '../graph/graph.ts'
import type { ErrorRecord } from '../errors/waystone-error.ts'

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
