import type { RunId } from '../base/ids.ts'
import { hasEnded } from '../checkpoint/store-rules.ts'
import type { Engine } from './engine.ts'
import { watchNews } from './next-news.ts'
import type { RunResult } from './runtime.ts'
import { isParked, resultOfRest, statusOfRun } from './run-status.ts'

/** What to wait for. */
export interface WaitOptions {
  /** `rest`: until the run can go no further by itself. `end`: until it has ended. */
  readonly until: 'rest' | 'end'
  readonly signal: AbortSignal | undefined
}

/**
 * Waits until a run rests or ends, wherever it is driven. An abort, or closing the runtime, ends the wait with where it stands.
 *
 * @throws what stopped the drive, when this process drove the run and it could not go on
 */
export async function waitForRest(engine: Engine, runId: RunId, options: WaitOptions): Promise<RunResult> {
  const here = engine.nextRest(runId)
  if (here !== undefined && options.signal === undefined) {
    const result = resultOfRest(runId, await here)
    if (options.until === 'rest' || hasEnded(result.status) || engine.isClosed) return result
  } else here?.catch(() => undefined)
  const news = watchNews(engine, runId, options.signal)
  try {
    for (;;) {
      const failure = engine.failureOf(runId)
      if (failure !== undefined) throw failure
      const isGivenUp = options.signal?.aborted === true || engine.isClosed
      if (isGivenUp || (await isOver(engine, runId, options))) return await statusOfRun(engine, runId)
      await news.next()
    }
  } finally {
    news.stop()
  }
}

async function isOver(engine: Engine, runId: RunId, { until }: WaitOptions): Promise<boolean> {
  if (engine.driveOf(runId) !== undefined) return false
  const row = await engine.store.row(runId)
  if (row === undefined || hasEnded(row.status)) return true
  return until === 'rest' && (row.status !== 'running' || isParked(engine, row))
}
