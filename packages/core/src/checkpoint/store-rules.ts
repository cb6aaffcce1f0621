import type { RunStatus } from '../snapshot/snapshot.ts'
import type { Commit, Deletion, NewCheckpoint, RunFilter, RunRow, Store } from './store.ts'

const endedStatuses: ReadonlySet<RunStatus> = new Set(['completed', 'failed', 'cancelled', 'exhausted'])

/** True for a run that can never move again. */
export function hasEnded(status: RunStatus): boolean {
  return endedStatuses.has(status)
}

/** The checkpoints of a commit. Order: by sequence; at least one. */
export function checkpointsOf({
  earlier,
  checkpoint,
}: Pick<Commit, 'earlier' | 'checkpoint'>): readonly [NewCheckpoint, ...NewCheckpoint[]] {
  const [first, ...others] = earlier ?? []
  return first === undefined ? [checkpoint] : [first, ...others, checkpoint]
}

/** The rule of {@link Store.claimable} for one run. @param hasInbox - something is delivered and not consumed */
export function isClaimable(row: RunRow, now: number, hasInbox: boolean): boolean {
  if (row.lease !== null && row.lease.expiresAt > now) return false
  if (row.nextDueAt !== null && row.nextDueAt <= now) return true
  return row.status === 'running' || (hasInbox && !hasEnded(row.status))
}

/** The rule of {@link Store.deleteRun}: why a run may not be deleted now; undefined: it may. */
export function keptFrom(
  row: Pick<RunRow, 'lease' | 'status'>,
  { now, dead, isForced = false }: Omit<Parameters<Store['deleteRun']>[0], 'runId'>,
): Extract<Deletion, { type: 'owned' | 'not-ended' }> | undefined {
  if (isForced) return undefined
  const { lease, status } = row
  if (lease !== null && lease.expiresAt > now && lease.owner.id !== dead) return { type: 'owned', lease }
  return hasEnded(status) ? undefined : { type: 'not-ended', status }
}

/** The rule of {@link Store.list} for one run. */
export function matchesFilter(row: RunRow, { workflow, key, status, tag, since }: RunFilter): boolean {
  if (workflow !== undefined && row.workflow !== workflow) return false
  if (key !== undefined && row.key !== key) return false
  if (status !== undefined && !status.includes(row.status)) return false
  if (since !== undefined && row.createdAt < since) return false
  return tag === undefined || (Object.hasOwn(row.tags, tag.name) && row.tags[tag.name] === tag.value)
}

/** A number of rows within what a store gives at once: 1 to 1,000; default 100. */
export function pageLimit(limit = 100): number {
  return Math.min(1000, Math.max(1, Math.floor(limit)))
}
