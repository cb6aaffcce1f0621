import type { RunId } from '../base/ids.ts'
import { StoreError } from '../errors/store-error.ts'
import type { RunRow } from '../checkpoint/store.ts'
import { groupStoresOf } from '../checkpoint/with-group-stores.ts'
import type { Engine } from './engine.ts'
import { watchNews } from './next-news.ts'

/** Least time between two looks for runs, ms: a store tells of every change, most of them make nothing claimable. */
const betweenClaimsMs = 50

/** Waits before a run that could not be driven is tried again, ms: doubled each time it gets no further. */
const retryMs = { least: 1_000, most: 60_000 } as const

/** Runs that are asked for at first. */
const claimedAtOnce = 1_000

/** Setbacks that are remembered. */
const maxSetbacks = 10_000

/** A run that could not be driven. */
interface Setback {
  readonly failure: unknown
  /** Where the run stood: once it has got further, what was is forgotten. */
  readonly sequence: number
  readonly waitMs: number
  /** Not tried before, ms since the epoch. */
  readonly until: number
}

type Setbacks = Map<RunId, Setback>

/** Drives whatever can go on (free runs, due timers, inboxes) until the runtime is closed. */
export async function work(engine: Engine): Promise<void> {
  const news = watchNews(engine, null, undefined)
  const setbacks: Setbacks = new Map()
  try {
    while (!engine.isClosed) {
      const claimedAt = engine.clock.now()
      await claim(engine, setbacks)
      if (engine.isClosed) return
      await news.next()
      await waitUntil(engine, Math.min(claimedAt, engine.clock.now()) + betweenClaimsMs)
    }
  } finally {
    news.stop()
  }
}

function waitUntil({ clock }: Engine, at: number): Promise<void> {
  return clock.now() >= at ? Promise.resolve() : new Promise((resolve) => void clock.at(at, resolve))
}

async function claim(engine: Engine, setbacks: Setbacks): Promise<void> {
  const free = engine.parts.maxConcurrentRuns - engine.size
  if (free <= 0) return
  try {
    const drivable = await findDrivable(engine, setbacks, free)
    await Promise.all(drivable.map((row) => take(engine, row, setbacks)))
  } catch {
    // The store is not well; the next look tries again.
  }
}

/** Runs that are left alone stay claimable, so as many as there are of them are looked past. @param free - how many can be driven */
async function findDrivable(engine: Engine, setbacks: Setbacks, free: number): Promise<readonly RunRow[]> {
  for (let limit = claimedAtOnce; ; limit *= 2) {
    const rows = await engine.store.claimable(engine.clock.now(), limit)
    for (const { runId, sequence } of rows) if (setbacks.get(runId)?.sequence !== sequence) setbacks.delete(runId)
    if (setbacks.size > maxSetbacks) setbacks.clear()
    const drivable = rows.filter((row) => isDrivable(engine, row, setbacks)).slice(0, free)
    if (drivable.length > 0 || rows.length < limit || engine.isClosed) return drivable
  }
}

/** Parked runs are left alone, runs that a fault other than the store's has stopped here, and for a while those that were tried in vain. */
function isDrivable(engine: Engine, row: RunRow, setbacks: Setbacks): boolean {
  const { runId } = row
  if (engine.driveOf(runId) !== undefined || !isKnown(engine, row)) return false
  const failure = engine.failureOf(runId)
  if (failure !== undefined && !StoreError.isInstance(failure)) return false
  if (failure !== undefined && setbacks.get(runId)?.failure !== failure) setBack(engine, row, { setbacks, failure })
  return (setbacks.get(runId)?.until ?? 0) <= engine.clock.now()
}

/** A run whose group keeps its values in a store that is not bound here is parked too; once for each process that is told. */
function isKnown(engine: Engine, row: RunRow): boolean {
  const { runId, workflow, graphHash } = row
  const compiled = engine.parts.book.find(workflow, graphHash)
  if (compiled === undefined) return false
  const groups = groupStoresOf(engine.store).lacking(compiled.graph)
  if (groups.length === 0) return true
  engine.tellParked(runId, groups)
  return false
}

async function take(engine: Engine, row: RunRow, setbacks: Setbacks): Promise<void> {
  const { runId } = row
  try {
    await engine.takeUp(runId, { isPatient: false, needsBindings: true })
  } catch (failure) {
    setBack(engine, row, { setbacks, failure })
    if (!engine.isClosed) engine.notify({ type: 'run.stopped', runId, error: failure })
  }
}

function setBack(
  { clock }: Engine,
  { runId, sequence }: RunRow,
  { setbacks, failure }: { readonly setbacks: Setbacks; readonly failure: unknown },
): void {
  const before = setbacks.get(runId)
  const waitMs = before === undefined ? retryMs.least : Math.min(before.waitMs * 2, retryMs.most)
  setbacks.set(runId, { failure, sequence, waitMs, until: clock.now() + waitMs })
}
