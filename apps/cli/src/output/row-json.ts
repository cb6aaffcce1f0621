import type { RunRow } from '@waystone/core/store'

/** The stable form of a run's row for `--json`. Times are UTC ISO-8601. */
export function rowJson(row: RunRow): object {
  const { lease } = row
  return {
    runId: row.runId,
    workflow: row.workflow,
    version: row.workflowVersion,
    status: row.status,
    nodes: row.nodes,
    sequence: row.sequence,
    steps: row.steps,
    usage: row.usage,
    requests: row.requests,
    errorCode: row.errorCode,
    key: row.key,
    tags: row.tags,
    forkedFrom: row.forkedFrom,
    graphHash: row.graphHash,
    createdAt: iso(row.createdAt),
    updatedAt: iso(row.updatedAt),
    nextDueAt: row.nextDueAt === null ? null : iso(row.nextDueAt),
    owner: lease === null ? null : { host: lease.owner.host, pid: lease.owner.pid, expiresAt: iso(lease.expiresAt) },
  }
}

/** Ms since the epoch as UTC ISO-8601. */
export function iso(at: number): string {
  return new Date(at).toISOString()
}
