import type { Clock } from '../base/clock.ts'
import type { RunId } from '../base/ids.ts'
import type { Store } from '../checkpoint/store.ts'
import type { EngineEvent } from '../snapshot/event.ts'

/** Least time between two looks into the inboxes, ms: the store tells of every change, most are no events. */
const betweenLooksMs = 25

/** What a watch looks after. */
export interface InboxWatchParts {
  readonly store: Store
  readonly clock: Clock
  /** Who takes the events of each run driven here. Whoever takes a run later gets its inbox with it, and none of an older look. */
  readonly takers: () => ReadonlyMap<RunId, (event: EngineEvent) => void>
}

/** Takes up what other processes deliver to the runs driven here. */
export interface InboxWatch {
  /** Begins to watch; does nothing when it does so already. */
  start(): void
  /** Looks soon. */
  look(): void
  stop(): void
}

/** Makes a watch that has not begun. */
export function createInboxWatch({ store, clock, takers }: InboxWatchParts): InboxWatch {
  let stopWatch: (() => void) | null = null
  let stopTimer: (() => void) | null = null
  let isLooking = false
  let lookedAt = Number.NEGATIVE_INFINITY

  const read = async (): Promise<void> => {
    isLooking = true
    lookedAt = clock.now()
    try {
      const asked = takers()
      for (const [runId, events] of await store.inbox([...asked.keys()]))
        for (const event of events) asked.get(runId)?.(event)
    } catch {
      // The store is not well: a commit will say so, and the next look tries again.
    } finally {
      isLooking = false
    }
  }
  const look = (): void => {
    if (stopTimer !== null || stopWatch === null) return
    const now = clock.now()
    // A clock that was set back must not put off the next look until it has caught up.
    if (lookedAt > now) lookedAt = Number.NEGATIVE_INFINITY
    const at = lookedAt + betweenLooksMs
    if (!isLooking && now >= at) return void read()
    stopTimer = clock.at(Math.max(at, now + 1), () => {
      stopTimer = null
      look()
    })
  }
  return {
    start() {
      stopWatch ??= store.watch(look)
    },
    look,
    stop() {
      stopWatch?.()
      stopTimer?.()
      stopWatch = null
      stopTimer = null
    },
  }
}
