import type { Clock } from '../base/clock.ts'
import type { RunId } from '../base/ids.ts'
import type { Store } from '../checkpoint/store.ts'
import type { Drive } from './drive.ts'
import type { ExecutorPorts } from './effect-job.ts'
import type { RuntimeNotice } from './notice.ts'
import type { Planner } from './purity.ts'

/** A provisional token of a model call. */
export interface Token {
  readonly runId: RunId
  /** Last stored checkpoint when it came. */
  readonly sequence: number
  readonly step: number
  readonly node: string
  readonly text: string
}

/** What a drive needs of its runtime. */
export interface DriveHost {
  readonly store: Store
  readonly clock: Clock
  readonly ports: ExecutorPorts
  readonly plan: Planner
  /** To be awaited when runs have kept the process busy so long that its input and timers should have a turn; mostly null. */
  turn(): Promise<void> | null
  /** Null while the drive's lease surely holds; else tells, after asking the store. */
  confirmLease(drive: Drive): Promise<boolean> | null
  onCommitted(drive: Drive): void
  onToken(token: Token): void
  /** The run can go no further by itself; the drive is over. */
  onRest(drive: Drive): void
  /** The drive has stopped. @param error - null: it was asked to */
  onStopped(drive: Drive, error: unknown): void
  notify(notice: RuntimeNotice): void
}
