import type { Clock } from '../base/clock.ts'
import type { RunId } from '../base/ids.ts'
import type { Packing } from '../checkpoint/pack.ts'
import type { Lease, Store } from '../checkpoint/store.ts'
import type { CompiledWorkflow } from '../compile/compiled-workflow.ts'
import type { Checkpoint } from '../snapshot/checkpoint.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'
import type { ExecutorPorts } from './effect-job.ts'
import type { RuntimeNotice } from './notice.ts'
import type { LimitBook } from './limit-book.ts'
import type { PermitKeeper } from './permit-keeper.ts'
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

/** Where a run stands after a checkpoint: everything a drive keeps of it. */
export interface Standing {
  readonly snapshot: Snapshot
  readonly parent: NonNullable<Checkpoint['parent']>
  readonly packing: Packing
}

/** A run that is driven here, as its host sees it. */
export interface DrivenRun {
  readonly runId: RunId
  readonly compiled: CompiledWorkflow
  readonly lease: Lease
  /** As its last stored checkpoint leaves it. */
  readonly snapshot: Snapshot
  /** Of the last stored checkpoint. */
  readonly sequence: number
  /** Resolves when no commit is under way. */
  whenIdle(): Promise<void>
}

/** Where permits are asked for. */
export interface PermitDesk {
  readonly limits: LimitBook
  readonly keeper: PermitKeeper
}

/** What a drive needs of its runtime. */
export interface DriveHost {
  readonly store: Store
  readonly clock: Clock
  readonly ports: ExecutorPorts
  readonly plan: Planner
  /** Null: nothing is limited beyond its run. */
  readonly permits: PermitDesk | null
  /** To be awaited when runs have kept the process busy so long that its input and timers should have a turn; mostly null. */
  turn(): Promise<void> | null
  /** Null while the drive's lease surely holds; else tells, after asking the store. */
  confirmLease(drive: DrivenRun): Promise<boolean> | null
  onCommitted(drive: DrivenRun): void
  onToken(token: Token): void
  /** The run can go no further by itself; the drive is over. */
  onRest(drive: DrivenRun): void
  /** The drive has stopped. @param error - null: it was asked to */
  onStopped(drive: DrivenRun, error: unknown): void
  notify(notice: RuntimeNotice): void
}
