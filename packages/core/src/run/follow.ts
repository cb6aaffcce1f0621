import type { RunId } from '../base/ids.ts'
import { readCheckpoints } from '../checkpoint/load.ts'
import type { RunRow, StoredCheckpoint } from '../checkpoint/store.ts'
import { storeError } from '../errors/store-error.ts'
import type { Checkpoint } from '../snapshot/checkpoint.ts'
import type { RunStatus } from '../snapshot/snapshot.ts'
import { CallOffs, mayBeCalledOff, type CalledOffBy } from './called-off.ts'
import { formatCursor, parseCursor } from './cursor.ts'
import type { Token } from './drive-host.ts'
import type { Engine } from './engine.ts'
import { factsOf, type FactSource } from './facts.ts'
import { watchNews } from './next-news.ts'
import type { RunEvent } from './run-event.ts'

/** Checkpoints read at a time. */
const pageLength = 100

/** Runs of which something is remembered between two checkpoints. */
const maxRemembered = 10_000

/** Where to begin, and what to show. */
export interface FollowOptions {
  readonly cursor?: string
  readonly tokens?: boolean
  readonly signal?: AbortSignal
}

/**
 * The facts of one run from a cursor on, read from the store and nowhere else, so that none is missed and none is told before
 * it is stored. Ends when the run has ended and nothing of it is under way, or when it is deleted.
 *
 * @throws {StoreError} WAYSTONE_STORE_RUN_UNKNOWN
 */
export async function* followRun(
  engine: Engine,
  runId: RunId,
  options: FollowOptions,
): AsyncGenerator<RunEvent, void, undefined> {
  const { store } = engine
  const row = await rowOf(engine, runId)
  const from = parseCursor(options.cursor)
  let { sequence } = from
  let seen = from.index
  let statusBefore = await statusBeforeOf(engine, row, sequence)
  const ends = new CalledOffEnds(engine, row, sequence)
  let cursor = options.cursor ?? formatCursor(from)
  const news = watchNews(engine, runId, options.signal)
  const tokens = options.tokens === true ? listenToTokens(engine, runId, () => news.wake()) : undefined
  try {
    while (options.signal?.aborted !== true) {
      const stored = await store.checkpoints(runId, sequence, sequence + pageLength - 1)
      for (const one of await readCheckpoints(store, stored, row.graphHash)) {
        const calledOff = await ends.of(one.checkpoint)
        const source = { workflow: row.workflow, statusBefore, ...(calledOff !== undefined && { calledOff }) }
        for (const event of eventsOf(one, source, seen)) {
          yield event
          cursor = event.cursor
        }
        if (isLast(one.checkpoint)) return
        sequence += 1
        seen = -1
        statusBefore = one.checkpoint.status
      }
      for (const token of tokens?.take() ?? []) yield tokenEvent(token, cursor, engine.clock.now())
      if (stored.length < pageLength) {
        if (engine.isClosed || (await isDeleted(engine, runId))) return
        await news.next()
      }
    }
  } finally {
    news.stop()
    tokens?.stop()
  }
}

/** The facts of all runs in the store from a cursor on. Order: as committed. Ends when the runtime is closed or the signal aborts. */
export async function* followAll(engine: Engine, options: FollowOptions): AsyncGenerator<RunEvent, void, undefined> {
  const { store } = engine
  const from = parseCursor(options.cursor)
  // The checkpoint of the cursor is read again: some of its facts may not have been shown.
  let position = Math.max(0, from.position - 1)
  let seen = from.index
  const rows = new Map<RunId, RunRow>()
  const statuses = new Map<RunId, { readonly sequence: number; readonly status: RunStatus }>()
  const ends = new Map<RunId, CalledOffEnds>()
  const news = watchNews(engine, null, options.signal)
  try {
    while (options.signal?.aborted !== true) {
      const stored = await store.after(position, pageLength)
      for (const one of stored) {
        const row = rows.get(one.runId) ?? (await store.row(one.runId))
        // Deleted since: nothing of it is told any more.
        if (row === undefined) {
          position = one.position
          seen = -1
          continue
        }
        if (rows.size > maxRemembered) rows.clear()
        rows.set(one.runId, row)
        const [read] = await readCheckpoints(store, [one], row.graphHash)
        const last = statuses.get(one.runId)
        const statusBefore =
          last?.sequence === one.sequence - 1 ? last.status : await statusBeforeOf(engine, row, one.sequence)
        if (read !== undefined) {
          if (statuses.size > maxRemembered) statuses.clear()
          statuses.set(one.runId, { sequence: one.sequence, status: read.checkpoint.status })
          if (ends.size > maxRemembered) ends.clear()
          const ended = ends.get(one.runId) ?? new CalledOffEnds(engine, row, one.sequence)
          ends.set(one.runId, ended)
          const calledOff = await ended.of(read.checkpoint)
          const source = { workflow: row.workflow, statusBefore, ...(calledOff !== undefined && { calledOff }) }
          yield* eventsOf(read, source, seen)
        }
        position = one.position
        seen = -1
      }
      if (stored.length < pageLength) {
        if (engine.isClosed) return
        await news.next()
      }
    }
  } finally {
    news.stop()
  }
}

/** Which steps of a run were called off, as its checkpoints are read in order; those before the first are looked at once, when that is asked for. */
class CalledOffEnds {
  readonly #engine: Engine
  readonly #row: RunRow
  readonly #callOffs = new CallOffs()
  /** Checkpoints before it have not been looked at. */
  #from: number

  constructor(engine: Engine, row: RunRow, from: number) {
    this.#engine = engine
    this.#row = row
    this.#from = from
  }

  async of(checkpoint: Checkpoint): Promise<CalledOffBy | undefined> {
    if (this.#from > 0 && mayBeCalledOff(checkpoint) && this.#callOffs.of(checkpoint) === undefined)
      await this.#lookBack()
    return this.#callOffs.note(checkpoint)
  }

  async #lookBack(): Promise<void> {
    const { store } = this.#engine
    const { runId, graphHash } = this.#row
    const before = this.#from
    this.#from = 0
    for (let next = 0; next < before; next += pageLength) {
      const stored = await store.checkpoints(runId, next, Math.min(before, next + pageLength) - 1)
      for (const { checkpoint } of await readCheckpoints(store, stored, graphHash)) this.#callOffs.note(checkpoint)
    }
  }
}

interface ReadOne {
  readonly stored: StoredCheckpoint
  readonly checkpoint: Checkpoint
}

/** @param seen - facts up to this place have been shown */
function eventsOf({ stored, checkpoint }: ReadOne, source: FactSource, seen: number): readonly RunEvent[] {
  const { position, sequence, runId } = stored
  const events = factsOf(checkpoint, source).map((fact, index): RunEvent => ({
    ...fact,
    runId,
    sequence,
    cursor: formatCursor({ position, sequence, index }),
    at: checkpoint.event.at,
  }))
  return events.slice(seen + 1)
}

/** After `finish` a run has no further checkpoint. */
function isLast({ commands }: Checkpoint): boolean {
  return commands.some(({ type }) => type === 'finish')
}

async function isDeleted({ store }: Engine, runId: RunId): Promise<boolean> {
  return (await store.row(runId)) === undefined
}

async function rowOf({ store }: Engine, runId: RunId): Promise<RunRow> {
  const row = await store.row(runId)
  if (row !== undefined) return row
  throw storeError('WAYSTONE_STORE_RUN_UNKNOWN', `no run ${runId} is in store ${store.name}`, { runId })
}

async function statusBeforeOf({ store }: Engine, row: RunRow, sequence: number): Promise<FactSource['statusBefore']> {
  if (sequence === 0) return null
  const before = await readCheckpoints(
    store,
    await store.checkpoints(row.runId, sequence - 1, sequence - 1),
    row.graphHash,
  )
  return before[0]?.checkpoint.status ?? null
}

interface TokenTap {
  take(): readonly Token[]
  stop(): void
}

function listenToTokens(engine: Engine, runId: RunId, onToken: () => void): TokenTap {
  const tokens: Token[] = []
  const stop = engine.listenToTokens((token) => {
    if (token.runId !== runId) return
    tokens.push(token)
    onToken()
  })
  return { take: () => tokens.splice(0), stop }
}

function tokenEvent({ runId, sequence, step, node, text }: Token, cursor: string, at: number): RunEvent {
  return { type: 'token.received', runId, sequence, cursor, at, step, node, text, isProvisional: true }
}
