import type { RunId } from '../base/ids.ts'
import { StoreError } from '../errors/store-error.ts'
import type { RunRow } from '../checkpoint/store.ts'
import type { Engine } from './engine.ts'
import { watchNews } from './next-news.ts'

/** Least time between two looks for runs, ms: a store tells of every change, most of them make nothing claimable. */
const betweenClaimsMs = 50

/** Drives whatever can go on (free runs, due timers, inboxes) until the runtime is closed. */
export async function work(engine: Engine): Promise<void> {
  const news = watchNews(engine, null, undefined)
  try {
    while (!engine.isClosed) {
      const claimedAt = engine.clock.now()
      await claim(engine)
      if (engine.isClosed) return
      await news.next()
      await waitUntil(engine, claimedAt + betweenClaimsMs)
    }
  } finally {
    news.stop()
  }
}

function waitUntil({ clock }: Engine, at: number): Promise<void> {
  return clock.now() >= at ? Promise.resolve() : new Promise((resolve) => void clock.at(at, resolve))
}

async function claim(engine: Engine): Promise<void> {
  const free = engine.parts.maxConcurrentRuns - engine.size
  if (free <= 0) return
  try {
    const rows = await engine.store.claimable(engine.clock.now(), 1_000)
    await Promise.all(
      rows
        .filter((row) => isDrivable(engine, row))
        .slice(0, free)
        .map(({ runId }) => take(engine, runId)),
    )
  } catch {
    // The store is not well; the next look tries again.
  }
}

/** Parked runs are left alone, and runs that a fault other than the store's has stopped here. */
function isDrivable(engine: Engine, { runId, workflow, graphHash }: RunRow): boolean {
  if (engine.driveOf(runId) !== undefined || engine.parts.book.find(workflow, graphHash) === undefined) return false
  const failure = engine.failureOf(runId)
  return failure === undefined || StoreError.isInstance(failure)
}

async function take(engine: Engine, runId: RunId): Promise<void> {
  try {
    await engine.takeUp(runId, { isPatient: false, needsBindings: true })
  } catch (error) {
    if (!engine.isClosed) engine.notify({ type: 'run.stopped', runId, error })
  }
}
