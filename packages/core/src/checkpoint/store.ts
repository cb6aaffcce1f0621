import type { RunId } from '../base/ids.ts'
import type { EngineEvent } from '../snapshot/event.ts'
import type { RunStatus } from '../snapshot/snapshot.ts'
import type { StickyRule } from '../snapshot/sticky-rule.ts'
import type { Usage } from '../snapshot/usage.ts'
import type { Owner } from './owner.ts'
import type { PermitAnswer, PermitRequest, PermitRow } from './permit.ts'
import type { RefusedEvent } from './refused-event.ts'

export type { Owner } from './owner.ts'

/** The right to write one run. */
export interface Lease {
  readonly runId: RunId
  /** Grows with every new owner; every write names it. */
  readonly fence: number
  readonly owner: Owner
  /** Ms since the epoch. After it another process may take the run. */
  readonly expiresAt: number
}

/** What listings, timers and filters need of a run, written with every checkpoint, never computed from checkpoints. */
export interface RunSummary {
  readonly status: RunStatus
  /** Nodes that are active now. */
  readonly nodes: readonly string[]
  readonly usage: Usage
  readonly steps: number
  /** When the earliest timer is due, ms since the epoch; null: none. Of an ended run whose cancelled effects are not settled: when it ended. */
  readonly nextDueAt: number | null
  /** Open requests to people. */
  readonly requests: number
  /** Code of the error the run failed with. */
  readonly errorCode: string | null
}

/** A run as listings show it. */
export interface RunRow extends RunSummary {
  readonly runId: RunId
  readonly workflow: string
  readonly workflowVersion: number
  readonly graphHash: string
  readonly behaviourHash: string
  /** Idempotency key of the start, if one was given. */
  readonly key: string | null
  readonly tags: { readonly [name: string]: string }
  /** For a fork: where from. */
  readonly forkedFrom: { readonly runId: RunId; readonly sequence: number } | null
  /** Last stored sequence. */
  readonly sequence: number
  readonly createdAt: number
  readonly updatedAt: number
  /** Null: nobody. */
  readonly lease: Lease | null
}

/** One checkpoint as it is stored. */
export interface StoredCheckpoint {
  readonly runId: RunId
  readonly sequence: number
  /** Place in the store's own order over all runs, from 1, growing with every commit: the cursor of `runtime.events()`. */
  readonly position: number
  /** The hashed text. Values above 64 KB are references to blobs. */
  readonly text: string
  /** base64url SHA-256 of the text. */
  readonly hash: string
  /** The whole snapshot after this checkpoint, written now and then; null: none. The first checkpoint needs none: its patch sets the whole snapshot. */
  readonly keyframe: string | null
}

/** A checkpoint about to be stored. */
export type NewCheckpoint = Omit<StoredCheckpoint, 'position'>

/** One transaction: a checkpoint or several of one run, their blobs, the run's summary, the inbox entries they used up. */
export interface Commit {
  readonly fence: number
  /** The last one. */
  readonly checkpoint: NewCheckpoint
  /** Those that come right before it and are stored with it, all or none: what ended in one turn of the event loop. Order: by sequence. Absent: none. */
  readonly earlier?: readonly NewCheckpoint[]
  readonly blobs: readonly Blob[]
  readonly summary: RunSummary
  /** Event ids taken out of the inbox by this checkpoint. */
  readonly consumed: readonly string[]
  /** A decision of this checkpoint that is remembered in all runs of its workflow; absent: none. */
  readonly rule?: StickyRule
  /** Ms since the epoch. */
  readonly at: number
}

/** A decision that is remembered in all runs of a workflow. It outlives the run it was made in. */
export interface StoredRule {
  readonly workflow: string
  readonly rule: StickyRule
  /** Who took it back, and when (ms since the epoch); null: nobody. */
  readonly revoked: { readonly by: string; readonly reason: string; readonly at: number } | null
}

/** A large value, content-addressed, stored once. */
export interface Blob {
  /** base64url SHA-256 of the text. */
  readonly hash: string
  /** JSON. */
  readonly text: string
}

/** A new run with its first checkpoint. */
export interface NewRun {
  readonly runId: RunId
  readonly workflow: string
  readonly workflowVersion: number
  readonly graphHash: string
  readonly behaviourHash: string
  /** The graph as canonical JSON; stored once per `graphHash` and `behaviourHash`. */
  readonly graph: string
  readonly key: string | null
  readonly tags: { readonly [name: string]: string }
  readonly forkedFrom: { readonly runId: RunId; readonly sequence: number } | null
  readonly owner: Owner
  readonly leaseMs: number
  readonly checkpoint: NewCheckpoint
  readonly blobs: readonly Blob[]
  readonly summary: RunSummary
  readonly at: number
}

/** A mark of the effect ledger: an `unsafe` effect was about to start. */
export interface EffectMark {
  readonly step: number
  readonly attempt: number
  readonly at: number
}

/** Everything needed to go on with a run. */
export interface LoadedRun {
  readonly row: RunRow
  /** The newest checkpoint with a keyframe, or the first checkpoint of all, and every one after it. Order: by sequence; at least one. */
  readonly checkpoints: readonly StoredCheckpoint[]
  readonly marks: readonly EffectMark[]
  /** Order: as delivered. */
  readonly inbox: readonly EngineEvent[]
}

/** What to list. All filters must hold. */
export interface RunFilter {
  readonly workflow?: string
  /** Of the start. */
  readonly key?: string
  readonly status?: readonly RunStatus[]
  readonly tag?: { readonly name: string; readonly value: string }
  /** Only runs created at or after, ms since the epoch. */
  readonly since?: number
  /** Rows at most, 1 to 1,000; default 100. */
  readonly limit?: number
  /** `next` of the page before. */
  readonly after?: string
}

/** A page of runs. Order: newest first. */
export interface RunPage {
  readonly rows: readonly RunRow[]
  /** Cursor of the next page; null: this was the last. */
  readonly next: string | null
}

/** Answer to an attempt to own a run. */
export type Acquisition =
  | { readonly type: 'acquired'; readonly lease: Lease }
  /** Somebody else holds it. */
  | { readonly type: 'held'; readonly lease: Lease }
  | { readonly type: 'missing' }

/** What became of a run that was to be deleted. */
export type Deletion =
  /** It is gone. `checkpoints`: of the run; `blobs`: large values that nothing else refers to. */
  | { readonly type: 'deleted'; readonly checkpoints: number; readonly blobs: number }
  /** Nothing changed: a process drives it, which `lease` names. */
  | { readonly type: 'owned'; readonly lease: Lease }
  /** Nothing changed: it could still move. */
  | { readonly type: 'not-ended'; readonly status: RunStatus }
  | { readonly type: 'missing' }

/** How surely a commit that has returned is kept. `power`: on the disk; `process`: survives the process, not the machine; `memory`: neither. */
export type Durability = 'power' | 'process' | 'memory'

/**
 * The persistence port. One implementation serves several runtimes, in one or several processes, at once.
 *
 * Every method fails with {@link StoreError} only; a failed method has changed nothing. The published conformance suite
 * (`@waystone/testing`) states the whole contract.
 */
export interface Store {
  /** For people, e.g. `sqlite:.waystone/runs.db`. Holds no secret. */
  readonly name: string
  readonly durability: Durability

  /**
   * Creates a run with its first checkpoint and leases it to `owner`.
   *
   * @returns the new run's lease; or, when a run with the same workflow and key exists, that run's id and nothing is written
   * @throws {StoreError} WAYSTONE_STORE_RUN_EXISTS when the run id is taken
   */
  create(
    run: NewRun,
  ): Promise<{ readonly type: 'created'; readonly lease: Lease } | { readonly type: 'exists'; readonly runId: RunId }>

  /**
   * Stores the checkpoints of a commit at (`runId`, `sequence`) in one transaction with everything else of it. Commits of several
   * runs may share a transaction; one that fails does not touch the others.
   *
   * @throws {StoreError} WAYSTONE_STORE_CONFLICT when `fence` is not the run's, or the sequence of the first is not the run's last plus 1
   * @throws {StoreError} WAYSTONE_STORE_FULL, _LOCKED, _READ_ONLY, _CORRUPT, _FAILED
   */
  commit(commit: Commit): Promise<void>

  /** Marks an `unsafe` effect as started, durably, before it starts. @throws as {@link Store.commit} */
  markStarted(mark: EffectMark & { readonly runId: RunId; readonly fence: number }): Promise<void>

  /**
   * Tries to own a run. Free, expired or already this owner's leases are given with a new fence (the same owner keeps its fence); `dead` names an owner whose
   * process is known to be gone, whose lease then counts as expired.
   */
  acquire(request: {
    readonly runId: RunId
    readonly owner: Owner
    readonly leaseMs: number
    readonly now: number
    readonly dead?: string
  }): Promise<Acquisition>

  /** Extends leases. @returns the runs whose lease is no longer this owner's under that fence */
  renew(leases: readonly Lease[], expiresAt: number): Promise<readonly RunId[]>

  /** Gives a lease up; does nothing when it is no longer held. */
  release(lease: Lease): Promise<void>

  /** Puts an event into a run's inbox. A second event with the same id is dropped, also when the first has been consumed. @throws {StoreError} WAYSTONE_STORE_RUN_UNKNOWN */
  deliver(runId: RunId, event: EngineEvent): Promise<'delivered' | 'duplicate'>

  /** What has been delivered to these runs and not consumed. Order: as delivered, per run. */
  inbox(runIds: readonly RunId[]): Promise<ReadonlyMap<RunId, readonly EngineEvent[]>>

  /**
   * Takes events out of the inbox that no checkpoint can use (stale, refused), and keeps why for as long as the run is stored. What is in no inbox (any longer)
   * is passed over.
   */
  discard(runId: RunId, fence: number, refused: readonly RefusedEvent[]): Promise<void>

  /** What was delivered to a run and could not be used. Order: as delivered. Empty also for a run that is not there. */
  refused(runId: RunId): Promise<readonly RefusedEvent[]>

  /**
   * Gives permits back, takes places in line and says who may begin: the rules are `decidePermits`, in one transaction over everything that all
   * processes hold. Asking again for what is held or waits already changes nothing, so an answer that was lost may be asked for again.
   */
  permits(request: PermitRequest): Promise<PermitAnswer>
  /** Grows whenever something was given back that others may wait for. */
  permitVersion(): Promise<number>
  /** Every permit that is held and every place in line. Order: by place. */
  line(): Promise<readonly PermitRow[]>

  /**
   * Takes a run out of the store, in one transaction: its checkpoints, inbox, effect marks, lease and key, and the blobs that no
   * other run refers to. Runs forked from it stay as they are. What its former owner still writes fails with WAYSTONE_STORE_RUN_UNKNOWN. Positions
   * and cursors of what is left stay valid, and none is given out twice.
   *
   * @param request - `dead`: as for {@link Store.acquire}; `isForced`: also when it has not ended or is owned; `now`: ms since the epoch
   */
  deleteRun(request: {
    readonly runId: RunId
    readonly now: number
    readonly dead?: string
    readonly isForced?: boolean
  }): Promise<Deletion>

  /** Decisions that are remembered in all runs of a workflow, revoked and expired ones too; of all workflows, when none is named. Order: as stored. */
  rules(workflow?: string): Promise<readonly StoredRule[]>
  /**
   * Takes a rule back. A second time changes nothing.
   *
   * @param revoke - `at`: ms since the epoch
   * @returns the rule as it then stands; undefined: there is none with this id
   */
  revokeRule(revoke: {
    readonly id: string
    readonly by: string
    readonly reason: string
    readonly at: number
  }): Promise<StoredRule | undefined>

  /** Runs that a free process should drive: not leased (or the lease has expired), and `running`, or with something due, or not ended and with an inbox. */
  claimable(now: number, limit: number): Promise<readonly RunRow[]>

  /** Undefined: no such run. */
  row(runId: RunId): Promise<RunRow | undefined>
  list(filter: RunFilter): Promise<RunPage>
  /** Undefined: no such run. @throws {StoreError} WAYSTONE_STORE_CORRUPT */
  load(runId: RunId): Promise<LoadedRun | undefined>
  /** Checkpoints `from` to `to`, both included. Order: by sequence. */
  checkpoints(runId: RunId, from: number, to: number): Promise<readonly StoredCheckpoint[]>
  /** The newest checkpoint with a keyframe at or before a sequence; when there is none, the run's first checkpoint. Undefined: no such run. */
  keyframe(runId: RunId, sequence: number): Promise<StoredCheckpoint | undefined>
  /** Checkpoints of all runs after a position. Order: by position; nothing that is stored is left out. @param limit - 1 to 1,000 */
  after(position: number, limit: number): Promise<readonly StoredCheckpoint[]>
  /** The text of a blob; undefined: none. */
  blob(hash: string): Promise<string | undefined>
  /** A stored graph as canonical JSON. */
  graph(graphHash: string, behaviourHash: string): Promise<string | undefined>

  /** Calls back, at the latest within about 100 ms, after another process or instance changed the store. @returns a function that ends it */
  watch(callback: () => void): () => void

  close(): Promise<void>
}
