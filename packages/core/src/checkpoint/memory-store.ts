import type { RunId } from '../base/ids.ts'
import { storeError } from '../errors/store-error.ts'
import type { EngineEvent } from '../snapshot/event.ts'
import type {
  Acquisition,
  Blob,
  Commit,
  Deletion,
  EffectMark,
  Lease,
  LoadedRun,
  NewCheckpoint,
  NewRun,
  RunFilter,
  RunPage,
  RunRow,
  Store,
  StoredCheckpoint,
  StoredRule,
} from './store.ts'
import { MemoryPermits } from './memory-permits.ts'
import type { PermitAnswer, PermitRequest, PermitRow } from './permit.ts'
import type { RefusedEvent } from './refused-event.ts'
import { checkpointsOf, isClaimable, keptFrom, matchesFilter, pageLimit } from './store-rules.ts'

const noBlobs: readonly Blob[] = Object.freeze([])

interface MemoryRun {
  /** From 1, in the order of creation. */
  readonly index: number
  row: RunRow
  fence: number
  readonly checkpoints: StoredCheckpoint[]
  readonly marks: EffectMark[]
  /** Every event ever delivered; null once consumed. Insertion order is delivery order. */
  readonly inbox: Map<string, string | null>
  /** What became of those that could not be used, by id. */
  readonly refused: Map<string, RefusedEvent>
}

/**
 * A store that keeps everything in this process's memory, for tests and trials. Whoever holds the instance shares it, so several
 * runtimes can drive the runs of one.
 *
 * Every method does its work before it returns, so calls take effect in the order they are made.
 */
export function createMemoryStore(): Store {
  return new MemoryStore()
}

class MemoryStore implements Store {
  readonly name = 'memory'
  readonly durability = 'memory'
  readonly #runs = new Map<string, MemoryRun>()
  /** Order: as created. */
  #order: MemoryRun[] = []
  /** Order: by position. */
  #log: StoredCheckpoint[] = []
  #created = 0
  #position = 0
  readonly #blobs = new Map<string, { readonly text: string; readonly users: Set<string> }>()
  readonly #graphs = new Map<string, string>()
  /** Run ids by workflow and idempotency key. */
  readonly #keys = new Map<string, RunId>()
  /** By id. Order: as stored. */
  readonly #rules = new Map<string, StoredRule>()
  readonly #permits = new MemoryPermits()
  readonly #watchers = new Set<() => void>()
  #isNotifying = false
  #isClosed = false

  async create(run: NewRun): ReturnType<Store['create']> {
    this.#checkOpen()
    const key = run.key === null ? null : JSON.stringify([run.workflow, run.key])
    const existing = key === null ? undefined : this.#keys.get(key)
    if (existing !== undefined) return { type: 'exists', runId: existing }
    const { runId, owner, leaseMs, checkpoint, blobs, summary, at, graph, ...rest } = run
    if (this.#runs.has(runId)) {
      throw storeError('WAYSTONE_STORE_RUN_EXISTS', `run ${runId} is already stored`, { runId })
    }
    const lease: Lease = { runId, fence: 1, owner, expiresAt: at + leaseMs }
    const row: RunRow = { runId, ...rest, ...summary, sequence: 0, createdAt: at, updatedAt: at, lease }
    const created: MemoryRun = {
      index: (this.#created += 1),
      row,
      fence: 1,
      checkpoints: [],
      marks: [],
      inbox: new Map(),
      refused: new Map(),
    }
    this.#runs.set(runId, created)
    this.#order.push(created)
    if (key !== null) this.#keys.set(key, runId)
    this.#graphs.set(graphKey(run.graphHash, run.behaviourHash), graph)
    this.#append(created, checkpoint, blobs)
    return { type: 'created', lease }
  }

  async commit(commit: Commit): Promise<void> {
    const { fence, checkpoint, blobs, summary, consumed, rule, at } = commit
    const run = this.#fenced(checkpoint.runId, fence)
    const { sequence } = checkpoint
    const [first, ...others] = checkpointsOf(commit)
    if (first.sequence !== run.row.sequence + 1) throw conflictOfSequence(run.row, first.sequence)
    run.row = { ...run.row, ...summary, sequence, updatedAt: at }
    consume(run, consumed)
    if (rule !== undefined) this.#rules.set(rule.id, { workflow: run.row.workflow, rule, revoked: null })
    this.#append(run, first, blobs)
    for (const one of others) this.#append(run, one, noBlobs)
  }

  async markStarted({
    runId,
    fence,
    ...mark
  }: EffectMark & { readonly runId: RunId; readonly fence: number }): Promise<void> {
    const run = this.#fenced(runId, fence)
    if (run.marks.some(({ step, attempt }) => step === mark.step && attempt === mark.attempt)) return
    run.marks.push(mark)
  }

  async acquire({ runId, owner, leaseMs, now, dead }: Parameters<Store['acquire']>[0]): Promise<Acquisition> {
    this.#checkOpen()
    const run = this.#runs.get(runId)
    if (run === undefined) return { type: 'missing' }
    const { lease } = run.row
    const isOwn = lease?.owner.id === owner.id
    const isFree = lease === null || lease.expiresAt <= now || lease.owner.id === dead
    if (lease !== null && !isFree && !isOwn) return { type: 'held', lease }
    if (!isOwn) run.fence += 1
    const taken: Lease = { runId, fence: run.fence, owner, expiresAt: now + leaseMs }
    run.row = { ...run.row, lease: taken }
    this.#changed()
    return { type: 'acquired', lease: taken }
  }

  async renew(leases: readonly Lease[], expiresAt: number): Promise<readonly RunId[]> {
    this.#checkOpen()
    return leases.flatMap((lease) => {
      const run = this.#holding(lease)
      if (run === undefined) return [lease.runId]
      run.row = { ...run.row, lease: { ...lease, expiresAt } }
      return []
    })
  }

  async release(lease: Lease): Promise<void> {
    this.#checkOpen()
    const run = this.#holding(lease)
    if (run === undefined) return
    run.row = { ...run.row, lease: null }
    this.#changed()
  }

  async deliver(runId: RunId, event: EngineEvent): Promise<'delivered' | 'duplicate'> {
    const { inbox } = this.#known(runId)
    if (inbox.has(event.id)) return 'duplicate'
    inbox.set(event.id, JSON.stringify(event))
    this.#changed()
    return 'delivered'
  }

  async inbox(runIds: readonly RunId[]): Promise<ReadonlyMap<RunId, readonly EngineEvent[]>> {
    this.#checkOpen()
    const found = new Map<RunId, readonly EngineEvent[]>()
    for (const runId of runIds) {
      const events = openInbox(this.#runs.get(runId))
      if (events.length > 0) found.set(runId, events)
    }
    return found
  }

  async discard(runId: RunId, fence: number, refused: readonly RefusedEvent[]): Promise<void> {
    const run = this.#fenced(runId, fence)
    for (const one of refused) if (typeof run.inbox.get(one.id) === 'string') run.refused.set(one.id, one)
    consume(
      run,
      refused.map(({ id }) => id),
    )
    this.#changed()
  }

  async refused(runId: RunId): Promise<readonly RefusedEvent[]> {
    this.#checkOpen()
    const run = this.#runs.get(runId)
    if (run === undefined) return []
    return [...run.inbox.keys()].flatMap((id) => run.refused.get(id) ?? [])
  }

  async permits(request: PermitRequest): Promise<PermitAnswer> {
    this.#checkOpen()
    const before = this.#permits.version
    const answer = this.#permits.take(request)
    if (answer.version !== before) this.#changed()
    return answer
  }

  async permitVersion(): Promise<number> {
    this.#checkOpen()
    return this.#permits.version
  }

  async line(): Promise<readonly PermitRow[]> {
    this.#checkOpen()
    return this.#permits.rows
  }

  async deleteRun({ runId, ...request }: Parameters<Store['deleteRun']>[0]): Promise<Deletion> {
    this.#checkOpen()
    const run = this.#runs.get(runId)
    if (run === undefined) return { type: 'missing' }
    const kept = keptFrom(run.row, request)
    if (kept !== undefined) return kept
    const { workflow, key } = run.row
    this.#runs.delete(runId)
    if (key !== null) this.#keys.delete(JSON.stringify([workflow, key]))
    this.#order = this.#order.filter((one) => one !== run)
    this.#log = this.#log.filter((stored) => stored.runId !== runId)
    let blobs = 0
    for (const [hash, { users }] of this.#blobs) {
      if (!users.delete(runId) || users.size > 0) continue
      this.#blobs.delete(hash)
      blobs += 1
    }
    this.#changed()
    return { type: 'deleted', checkpoints: run.checkpoints.length, blobs }
  }

  async rules(workflow?: string): Promise<readonly StoredRule[]> {
    this.#checkOpen()
    return [...this.#rules.values()].filter((stored) => workflow === undefined || stored.workflow === workflow)
  }

  async revokeRule({ id, ...revoked }: Parameters<Store['revokeRule']>[0]): Promise<StoredRule | undefined> {
    this.#checkOpen()
    const stored = this.#rules.get(id)
    if (stored === undefined || stored.revoked !== null) return stored
    const taken: StoredRule = { ...stored, revoked }
    this.#rules.set(id, taken)
    this.#changed()
    return taken
  }

  async claimable(now: number, limit: number): Promise<readonly RunRow[]> {
    this.#checkOpen()
    const found: RunRow[] = []
    for (const run of this.#order) {
      if (found.length >= limit) break
      if (isClaimable(run.row, now, openInbox(run).length > 0)) found.push(run.row)
    }
    return found
  }

  async row(runId: RunId): Promise<RunRow | undefined> {
    this.#checkOpen()
    return this.#runs.get(runId)?.row
  }

  async list(filter: RunFilter): Promise<RunPage> {
    this.#checkOpen()
    const limit = pageLimit(filter.limit)
    const before = filter.after === undefined ? Infinity : Number(filter.after)
    const rows: RunRow[] = []
    let last = 0
    for (const run of this.#order.toReversed()) {
      if (run.index >= before || !matchesFilter(run.row, filter)) continue
      if (rows.length === limit) return { rows, next: String(last) }
      rows.push(run.row)
      last = run.index
    }
    return { rows, next: null }
  }

  async load(runId: RunId): Promise<LoadedRun | undefined> {
    this.#checkOpen()
    const run = this.#runs.get(runId)
    if (run === undefined) return undefined
    const start = Math.max(
      0,
      run.checkpoints.findLastIndex(({ keyframe }) => keyframe !== null),
    )
    return { row: run.row, checkpoints: run.checkpoints.slice(start), marks: [...run.marks], inbox: openInbox(run) }
  }

  async checkpoints(runId: RunId, from: number, to: number): Promise<readonly StoredCheckpoint[]> {
    this.#checkOpen()
    return this.#runs.get(runId)?.checkpoints.slice(Math.max(0, from), to + 1) ?? []
  }

  async keyframe(runId: RunId, sequence: number): Promise<StoredCheckpoint | undefined> {
    this.#checkOpen()
    const upTo = this.#runs.get(runId)?.checkpoints.slice(0, sequence + 1)
    return upTo?.findLast(({ keyframe }) => keyframe !== null) ?? upTo?.[0]
  }

  async after(position: number, limit: number): Promise<readonly StoredCheckpoint[]> {
    this.#checkOpen()
    const from = this.#log.findIndex((stored) => stored.position > position)
    return from < 0 ? [] : this.#log.slice(from, from + pageLimit(limit))
  }

  async blob(hash: string): Promise<string | undefined> {
    this.#checkOpen()
    return this.#blobs.get(hash)?.text
  }

  async graph(graphHash: string, behaviourHash: string): Promise<string | undefined> {
    this.#checkOpen()
    return this.#graphs.get(graphKey(graphHash, behaviourHash))
  }

  watch(callback: () => void): () => void {
    this.#watchers.add(callback)
    return () => this.#watchers.delete(callback)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#watchers.clear()
  }

  #checkOpen(): void {
    if (this.#isClosed) throw storeError('WAYSTONE_STORE_CLOSED', 'the memory store has been closed')
  }

  #known(runId: RunId): MemoryRun {
    this.#checkOpen()
    const run = this.#runs.get(runId)
    if (run === undefined) throw storeError('WAYSTONE_STORE_RUN_UNKNOWN', `no run ${runId} is stored here`, { runId })
    return run
  }

  #fenced(runId: RunId, fence: number): MemoryRun {
    const run = this.#known(runId)
    if (run.fence === fence) return run
    throw storeError(
      'WAYSTONE_STORE_CONFLICT',
      `run ${runId} is written under fence ${run.fence} by now, not ${fence}: another owner has taken it`,
      { runId, fence: run.fence },
    )
  }

  #holding(lease: Lease): MemoryRun | undefined {
    const run = this.#runs.get(lease.runId)
    const held = run?.row.lease
    return held?.fence === lease.fence && held.owner.id === lease.owner.id ? run : undefined
  }

  #append(run: MemoryRun, checkpoint: NewCheckpoint, blobs: readonly Blob[]): void {
    const stored: StoredCheckpoint = { ...checkpoint, position: (this.#position += 1) }
    run.checkpoints.push(stored)
    this.#log.push(stored)
    for (const { hash, text } of blobs) {
      const known = this.#blobs.get(hash) ?? { text, users: new Set() }
      known.users.add(run.row.runId)
      this.#blobs.set(hash, known)
    }
    this.#changed()
  }

  /** Tells the watchers once, after the current turn's changes. */
  #changed(): void {
    if (this.#isNotifying || this.#watchers.size === 0) return
    this.#isNotifying = true
    queueMicrotask(() => {
      this.#isNotifying = false
      for (const watcher of this.#watchers) watcher()
    })
  }
}

function graphKey(graphHash: string, behaviourHash: string): string {
  return `${graphHash} ${behaviourHash}`
}

function openInbox(run: MemoryRun | undefined): readonly EngineEvent[] {
  if (run === undefined) return []
  const texts = [...run.inbox.values()].filter((text) => text !== null)
  return texts.map((text) => JSON.parse(text) as EngineEvent)
}

function consume(run: MemoryRun, eventIds: readonly string[]): void {
  for (const id of eventIds) if (run.inbox.has(id)) run.inbox.set(id, null)
}

function conflictOfSequence({ runId, sequence }: RunRow, wanted: number): Error {
  return storeError(
    'WAYSTONE_STORE_CONFLICT',
    `run ${runId} is at sequence ${sequence}; the next is ${sequence + 1}, not ${wanted}`,
    { runId, sequence },
  )
}
