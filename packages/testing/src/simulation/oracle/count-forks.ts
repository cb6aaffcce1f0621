import type { Checkpoint, RunContext } from '@waystone/core'
import type { Coverage } from '../coverage.ts'

/** Counts what was seen of forks and joins. */
export function countForks(
  { decision, commands, sequence }: Checkpoint,
  {
    before,
    after,
    coverage,
  }: { readonly before: RunContext | null; readonly after: RunContext; readonly coverage: Coverage },
): void {
  if (decision?.to === ':fork') coverage.count('fork taken')
  if (decision?.arrival?.fires === null) coverage.count('branch waited for')
  if ((decision?.starts ?? []).length > 0 && decision?.to !== ':fork') coverage.count('branch begun by others')
  if (decision?.outcome === 'freed') coverage.count('name free once what held it has stopped')
  const waiting = new Set(Object.values(after.forks ?? {}).flatMap((fork) => Object.values(fork.branches)))
  if (waiting.has('ready')) coverage.count('branch waits its turn')
  if (waiting.has('idle')) coverage.count('branch waits for others')
  if (commands.some(({ type }) => type === 'leaveEffect')) coverage.count('loser left to finish')
  const isLeft = before?.forks !== undefined && after.forks === undefined && sequence > 0
  if (isLeft && decision !== null && decision.arrival === undefined && decision.branches === undefined)
    coverage.count('fork left by an edge')
  for (let one = decision ?? undefined; one !== undefined; one = one.next) {
    if (one.branches === undefined) continue
    coverage.count(`join ${one.outcome}`)
    if (one.branches.left.length > 0) coverage.count('branch lost')
    if (one.branches.skipped !== undefined) coverage.count('branch skipped')
    if (one.branches.cancelled !== undefined) coverage.count('branch cancelled')
    if (one.starts !== undefined) coverage.count('place on the way passed')
    if (one.starts !== undefined && one.outcome === 'unsatisfied') coverage.count('place on the way reached by too few')
    if (one.branches.failed.length > 0 && one.outcome === 'done') coverage.count('join in spite of a failed branch')
    if (one.branches.moved !== undefined) coverage.count('lists put in order of branch')
    if (one.next !== undefined) coverage.count('join into a join')
  }
}
