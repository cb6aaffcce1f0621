import type { Lease, Owner, RunId, RunRow, RunSummary, Usage } from '@waystone/core/store'

/** Columns that {@link toRunRow} reads, from {@link runTables}. */
export const runColumns = `runs.id, run, workflow, version, graph_hash, behaviour_hash, key, tags, origin, created_at, fence,
  owners.owner, host, pid, started_at, lease_until, sequence, head, hash, status, due_at, summary, updated_at`

/** What {@link runColumns} come from. */
export const runTables = `runs JOIN graphs ON graphs.id = runs.graph LEFT JOIN owners ON owners.id = runs.owner`

/** A row of {@link runColumns}, as node:sqlite gives it. */
export interface RunRecord {
  readonly id: number
  readonly run: string
  readonly workflow: string
  readonly version: number
  readonly graph_hash: string
  readonly behaviour_hash: string
  readonly key: string | null
  readonly tags: string | null
  readonly origin: string | null
  readonly created_at: number
  readonly fence: number
  readonly owner: string | null
  readonly host: string | null
  readonly pid: number | null
  readonly started_at: string | null
  readonly lease_until: number | null
  readonly sequence: number
  readonly head: number
  readonly hash: Uint8Array
  readonly status: string
  readonly due_at: number | null
  readonly summary: string
  readonly updated_at: number
}

const usageNames = [
  'modelCalls',
  'toolCalls',
  'inputTokens',
  'outputTokens',
  'cachedTokens',
  'reasoningTokens',
  'costUsd',
  'estimatedCalls',
] as const satisfies readonly (keyof Usage)[]

/** What of a summary no query asks for, as a short list: steps, nodes, requests, error code, usage (empty: none). */
type SummaryText = readonly [
  steps: number,
  nodes: readonly string[],
  requests: number,
  error: string | null,
  usage: readonly number[],
]

/** Writes the part of a summary that has no column. */
export function summaryText({ steps, nodes, requests, errorCode, usage }: RunSummary): string {
  const isUsed = usageNames.some((name) => usage[name] !== 0)
  const text: SummaryText = [steps, nodes, requests, errorCode, isUsed ? usageNames.map((name) => usage[name]) : []]
  return JSON.stringify(text)
}

/** A row as the port shows it. */
export function toRunRow(record: RunRecord): RunRow {
  const runId = record.run as RunId
  // Written by summaryText in the same transaction as the checkpoint.
  const [steps, nodes, requests, errorCode, used] = JSON.parse(record.summary) as SummaryText
  const usage = Object.fromEntries(usageNames.map((name, index) => [name, used[index] ?? 0])) as unknown as Usage
  return {
    runId,
    workflow: record.workflow,
    workflowVersion: record.version,
    graphHash: record.graph_hash,
    behaviourHash: record.behaviour_hash,
    key: record.key,
    tags: record.tags === null ? {} : (JSON.parse(record.tags) as RunRow['tags']),
    forkedFrom: record.origin === null ? null : (JSON.parse(record.origin) as RunRow['forkedFrom']),
    sequence: record.sequence,
    createdAt: record.created_at,
    updatedAt: record.updated_at,
    lease: leaseOf(record),
    status: record.status as RunRow['status'],
    nodes,
    usage,
    steps,
    nextDueAt: record.due_at,
    requests,
    errorCode,
  }
}

/** Who holds the run; null: nobody. */
export function leaseOf(record: RunRecord): Lease | null {
  const { owner: id, host, pid, started_at: processStartedAt, lease_until: expiresAt } = record
  if (id === null || host === null || pid === null || processStartedAt === null || expiresAt === null) return null
  const owner: Owner = { id, host, pid, processStartedAt }
  return { runId: record.run as RunId, fence: record.fence, owner, expiresAt }
}

/** A hash as the 32 bytes it stands for. */
export function hashBytes(hash: string): Uint8Array {
  return Buffer.from(hash, 'base64url')
}

/** A hash as it is written in texts. */
export function hashText(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url')
}
