import {
  decidePermits,
  type Owner,
  type PermitAnswer,
  type PermitChanges,
  type PermitRequest,
  type PermitRow,
  type RunId,
  type WindowUse,
} from '@waystone/core/store'
import type { Database } from './database.ts'

const selectRows = `SELECT ticket, owners.owner, host, pid, started_at, run, step, attempt, claims, expires_at, granted_at, began_at
  FROM permits JOIN owners ON owners.id = permits.owner ORDER BY ticket`

interface PermitRecord {
  readonly ticket: number
  readonly owner: string
  readonly host: string
  readonly pid: number
  readonly started_at: string
  readonly run: string
  readonly step: number
  readonly attempt: number
  readonly claims: string
  readonly expires_at: number
  readonly granted_at: number | null
  readonly began_at: number | null
}

interface UseRecord {
  readonly resource: string
  readonly unit: WindowUse['unit']
  readonly per_ms: number
  readonly at: number
  readonly amount: number
}

/** Permits, the line, and what was used of rates. Every method runs inside a transaction. */
export const permitTables = {
  /** See `Store.permits`. May be run again after a rollback. */
  take(
    database: Database,
    request: PermitRequest,
    insertOwner: (owner: Owner) => void,
  ): PermitAnswer & { isFreed: boolean } {
    const rows = readRows(database)
    const hasRates = [...rows, ...request.asks].some(({ claims }) => claims.some(({ rates }) => rates.length > 0))
    const uses = hasRates ? readUses(database, request.now) : []
    const state = { rows, uses, blocks: readBlocks(database, request.now) }
    const { changes, answer } = decidePermits(state, request, (rows.at(-1)?.ticket ?? 0) + 1)
    if (changes.added.length > 0) insertOwner(request.owner)
    write(database, changes, request)
    return { ...answer, version: readVersion(database), isFreed: changes.isFreed }
  },

  version: readVersion,

  line: readRows,
}

function readRows(database: Database): readonly PermitRow[] {
  const records = database.statement(selectRows).all() as unknown as readonly PermitRecord[]
  return records.map((record) => ({
    ticket: record.ticket,
    runId: record.run as RunId,
    step: record.step,
    attempt: record.attempt,
    claims: JSON.parse(record.claims) as PermitRow['claims'],
    owner: { id: record.owner, host: record.host, pid: record.pid, processStartedAt: record.started_at },
    expiresAt: record.expires_at,
    grantedAt: record.granted_at,
    beganAt: record.began_at,
  }))
}

function readUses(database: Database, now: number): readonly WindowUse[] {
  const records = database
    .statement('SELECT resource, unit, per_ms, at, amount FROM window_uses WHERE at + per_ms > ?')
    .all(now) as unknown as readonly UseRecord[]
  return records.map(({ per_ms: perMs, ...use }) => ({ ...use, perMs }))
}

function readBlocks(database: Database, now: number): ReadonlyMap<string, number> {
  const records = database.statement('SELECT resource, until FROM resource_blocks WHERE until > ?').all(now)
  return new Map(records.map(({ resource, until }) => [String(resource), Number(until)]))
}

function readVersion(database: Database): number {
  return Number(database.statement('SELECT version FROM permit_version').get()?.['version'])
}

function write(database: Database, changes: PermitChanges, { now, expiresAt }: PermitRequest): void {
  for (const ticket of changes.removed) database.statement('DELETE FROM permits WHERE ticket = ?').run(ticket)
  for (const ticket of changes.prolonged)
    database.statement('UPDATE permits SET expires_at = ? WHERE ticket = ?').run(expiresAt, ticket)
  for (const row of changes.added) insertRow(database, row)
  for (const ticket of changes.granted)
    database.statement('UPDATE permits SET granted_at = ? WHERE ticket = ?').run(now, ticket)
  for (const { ticket, at } of changes.began)
    database.statement('UPDATE permits SET began_at = ? WHERE ticket = ?').run(at, ticket)
  if (changes.used.length > 0) {
    database.statement('DELETE FROM window_uses WHERE at + per_ms <= ?').run(now)
    for (const use of changes.used) addUse(database, use)
  }
  for (const { resource, until } of changes.blocked) {
    database
      .statement(
        `INSERT INTO resource_blocks (resource, until) VALUES (?, ?)
         ON CONFLICT (resource) DO UPDATE SET until = max(until, excluded.until)`,
      )
      .run(resource, until)
  }
  if (changes.isFreed) database.statement('UPDATE permit_version SET version = version + 1').run()
}

function insertRow(database: Database, row: PermitRow): void {
  database
    .statement(
      `INSERT INTO permits (ticket, owner, run, step, attempt, claims, expires_at, granted_at)
       VALUES (?, (SELECT id FROM owners WHERE owner = ?), ?, ?, ?, ?, ?, ?)`,
    )
    .run(
      row.ticket,
      row.owner.id,
      row.runId,
      row.step,
      row.attempt,
      JSON.stringify(row.claims),
      row.expiresAt,
      row.grantedAt,
    )
}

function addUse(database: Database, { resource, unit, perMs, at, amount }: WindowUse): void {
  database
    .statement(
      `INSERT INTO window_uses (resource, unit, per_ms, at, amount) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (resource, unit, per_ms, at) DO UPDATE SET amount = amount + excluded.amount`,
    )
    .run(resource, unit, perMs, at, amount)
}
