import { nextTurn, type Clock } from '../base/clock.ts'
import type { Ids, RunId } from '../base/ids.ts'
import { restoreRun } from '../checkpoint/load.ts'
import { refusedEvent } from '../checkpoint/refused-event.ts'
import { hasEnded } from '../checkpoint/store-rules.ts'
import type { Lease, Owner, Store } from '../checkpoint/store.ts'
import { findStoredGraph } from '../checkpoint/stored-graph.ts'
import { groupStoresOf } from '../checkpoint/with-group-stores.ts'
import { eventWord } from '../compile/event-word.ts'
import { plan } from '../compile/plan.ts'
import type { CompiledWorkflow } from '../compile/compiled-workflow.ts'
import { inputError } from '../errors/input-error.ts'
import { storeError, StoreError } from '../errors/store-error.ts'
import { WaystoneError } from '../errors/waystone-error.ts'
import type { RunStatus, Snapshot } from '../snapshot/snapshot.ts'
import { createChanges, type Changes } from './changes.ts'
import { Drive, type DriveParts, type Entry } from './drive.ts'
import type { DrivenRun, DriveHost, PermitDesk, Token } from './drive-host.ts'
import type { ExecutorPorts } from './effect-job.ts'
import { createInboxWatch, type InboxWatch } from './inbox-watch.ts'
import { createLeases, lostLease, type Leases } from './leases.ts'
import { begunBefore } from './lost-effects.ts'
import type { Liveness } from './liveness.ts'
import type { RuntimeNotice } from './notice.ts'
import { checkBindings } from './preflight.ts'
import { PermitKeeper } from './permit-keeper.ts'
import { planTwice, type Planner } from './purity.ts'
import type { LimitBook } from './limit-book.ts'
import { summaryOf } from './run-summary.ts'
import { deliveredEntry, missedEntries } from './take-up.ts'
import { createTimers, type Timers } from './timers.ts'
import type { WorkflowBook } from './workflow-book.ts'

/** How long runs may keep the process to themselves, ms. */
const turnEveryMs = 10

/** When a waiting run is woken again that could not be taken up because of the store, ms. */
const wakeAgainMs = 5_000

/** Parked runs that are remembered, so that each is told of once. */
const mostParked = 10_000

/** What an engine is bound to: the runtime's options with every default filled in. */
export interface EngineParts {
  readonly store: Store
  readonly clock: Clock
  readonly ids: Ids
  readonly ports: ExecutorPorts
  readonly book: WorkflowBook
  readonly owner: Owner
  readonly liveness: Liveness
  readonly leaseMs: number
  readonly maxConcurrentRuns: number
  readonly checkPurity: boolean
  /** Null: nothing is limited beyond its run. */
  readonly limits: LimitBook | null
  readonly notify: (notice: RuntimeNotice) => void
}

/** Where a drive left its run. */
export interface Rest {
  readonly compiled: CompiledWorkflow
  readonly snapshot: Snapshot
  readonly sequence: number
}

/** How a run is to be taken up. */
export interface TakeUpOptions {
  /** Waits for a lease that may be dead, and throws when the owner lives; else gives up at once. */
  readonly isPatient: boolean
  /** Refuses when models or secrets are missing. False for moves that start nothing. */
  readonly needsBindings: boolean
  /** Planned after what was missed, before anything is performed. */
  readonly entry?: Entry
}

/** Keeps the drives of one runtime: which runs it owns, takes up, rests and stops. */
export class Engine implements DriveHost {
  readonly parts: EngineParts
  readonly store: Store
  readonly clock: Clock
  readonly ports: ExecutorPorts
  readonly plan: Planner
  readonly permits: PermitDesk | null
  readonly notify: (notice: RuntimeNotice) => void
  /** News of commits, rests and stops. */
  readonly changes: Changes = createChanges()
  readonly #leases: Leases
  readonly #inbox: InboxWatch
  /** Expiries of runs that wait and that no process drives. */
  readonly #dormant: Timers
  readonly #drives = new Map<RunId, Drive>()
  readonly #taking = new Map<RunId, Promise<unknown>>()
  readonly #releasing = new Map<RunId, Promise<void>>()
  readonly #failures = new Map<RunId, unknown>()
  readonly #restWaiters = new Map<RunId, Set<(rest: Rest) => void>>()
  readonly #tokenListeners = new Set<(token: Token) => void>()
  readonly #begun = new Set<DrivenRun>()
  readonly #toBegin: Drive[] = []
  /** Runs of which it was said that they are left alone. */
  readonly #parked = new Set<RunId>()
  #turn: Promise<void> | null = null
  #turnAt = 0
  #isClosed = false

  constructor(parts: EngineParts) {
    const { store, clock, ports, notify } = parts
    this.parts = parts
    this.store = store
    this.clock = clock
    this.ports = ports
    this.notify = notify
    this.plan = parts.checkPurity ? planTwice : plan
    this.permits = parts.limits === null ? null : { limits: parts.limits, keeper: new PermitKeeper(parts) }
    this.#leases = createLeases({
      ...parts,
      onRenewed: () => this.#inbox.look(),
      onLost: (runId) => this.#drives.get(runId)?.stop(lostLease(runId)),
    })
    this.#inbox = createInboxWatch({
      store,
      clock,
      takers: () =>
        new Map([...this.#drives].map(([runId, drive]) => [runId, (event) => drive.post(deliveredEntry(event))])),
    })
    const background: Clock = {
      now: () => clock.now(),
      at: (at, callback) => clock.at(at, callback, { isBackground: true }),
    }
    this.#dormant = createTimers(background, (runId) => this.#wake(runId as RunId))
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** Runs driven here now. */
  get size(): number {
    return this.#drives.size
  }

  driveOf(runId: RunId): Drive | undefined {
    return this.#drives.get(runId)
  }

  /** What stopped the last drive of a run here, until it is taken up again. */
  failureOf(runId: RunId): unknown {
    return this.#failures.get(runId)
  }

  /** @throws {InputError} WAYSTONE_INPUT_RUNTIME_CLOSED */
  checkOpen(): void {
    if (this.#isClosed) throw inputError('WAYSTONE_INPUT_RUNTIME_CLOSED', 'this runtime has been closed')
  }

  /** Drives a run whose lease was just got. */
  drive(parts: DriveParts): void {
    const { runId } = parts.lease
    const drive = new Drive(this, parts)
    this.#failures.delete(runId)
    this.#dormant.unset(runId)
    this.#drives.set(runId, drive)
    this.#leases.keep(parts.lease)
    this.#inbox.start()
    if (this.#begun.size >= this.parts.maxConcurrentRuns) return void this.#toBegin.push(drive)
    this.#begun.add(drive)
    drive.begin()
  }

  /**
   * Makes sure that this process drives a run, and hands it an event.
   *
   * @returns false when another process owns it and the caller is not patient
   * @throws {StoreError} WAYSTONE_STORE_OWNED, WAYSTONE_STORE_RUN_UNKNOWN, and what loading throws
   * @throws {ReplayError} when no fitting definition is known
   */
  async takeUp(runId: RunId, options: TakeUpOptions): Promise<boolean> {
    for (;;) {
      this.checkOpen()
      const drive = this.#drives.get(runId)
      if (drive !== undefined) {
        if (options.entry !== undefined) drive.post(options.entry)
        return true
      }
      const busy = this.#taking.get(runId) ?? this.#releasing.get(runId)
      if (busy === undefined) return await this.alone(runId, () => this.#take(runId, options))
      await busy.then(ignore, ignore)
    }
  }

  /**
   * Makes or takes a run while nothing else in this process takes it: a start whose answer is slow must not be overtaken by a
   * second start with the same key, or there would be two drives under one lease.
   *
   * @throws {InputError} WAYSTONE_INPUT_RUNTIME_CLOSED; closing waits for whatever has begun before it
   */
  async alone<Value>(runId: RunId, act: () => Promise<Value>): Promise<Value> {
    this.checkOpen()
    const acting = act()
    this.#taking.set(runId, acting)
    try {
      return await acting
    } finally {
      this.#taking.delete(runId)
    }
  }

  /** Does something with a run that nobody drives, under its lease, without driving it. @returns undefined: another process owns it, or it is driven here by now */
  async borrow<Value>(runId: RunId, act: (lease: Lease) => Promise<Value>): Promise<Value | undefined> {
    for (;;) {
      const busy = this.#taking.get(runId) ?? this.#releasing.get(runId)
      if (busy === undefined) break
      await busy.then(ignore, ignore)
    }
    if (this.#drives.has(runId)) return undefined
    return await this.alone(runId, async () => {
      const lease = await this.#leases.acquire(runId, { isPatient: false })
      if (lease === undefined) return undefined
      try {
        return await act(lease)
      } finally {
        await this.#leases.release(lease)
      }
    })
  }

  /**
   * Lets go of a run that is to be deleted: nothing of it begins here any more, and no timer wakes it.
   *
   * @param isForced - also when it is driven here: what runs is aborted
   */
  async letGo(runId: RunId, isForced: boolean): Promise<void> {
    this.checkOpen()
    await this.#taking.get(runId)?.then(ignore, ignore)
    if (isForced) this.#drives.get(runId)?.stop(deletedRun(runId))
    await this.#releasing.get(runId)?.then(ignore, ignore)
    this.#dormant.unset(runId)
  }

  /** Says that a run is left alone because stores of its groups are not bound here; once for each. */
  tellParked(runId: RunId, groups: readonly string[]): void {
    if (this.#parked.has(runId)) return
    if (this.#parked.size >= mostParked) this.#parked.clear()
    this.#parked.add(runId)
    this.notify({ type: 'run.parked', runId, groups })
  }

  /** Resolves when the run next rests here; rejects when its drive stops with an error. Undefined when it is not driven here. */
  nextRest(runId: RunId): Promise<Rest> | undefined {
    if (!this.#drives.has(runId)) return undefined
    return new Promise((resolve, reject) => {
      const waiters = this.#restWaiters.get(runId) ?? new Set()
      this.#restWaiters.set(
        runId,
        waiters.add((rest) => (this.#failures.has(runId) ? reject(asError(this.#failures.get(runId))) : resolve(rest))),
      )
    })
  }

  /** Calls back with provisional tokens. @returns a function that ends it */
  listenToTokens(listener: (token: Token) => void): () => void {
    this.#tokenListeners.add(listener)
    return () => void this.#tokenListeners.delete(listener)
  }

  turn(): Promise<void> | null {
    if (this.#turn !== null) return this.#turn
    // A clock that was set back must not keep the process for itself until it has caught up.
    if (Math.abs(this.clock.now() - this.#turnAt) < turnEveryMs) return null
    this.#turn = this.#takeTurn()
    return this.#turn
  }

  confirmLease({ runId, lease }: DrivenRun): Promise<boolean> | null {
    return this.#leases.isFresh(runId) ? null : this.#leases.confirm(lease)
  }

  onCommitted(drive: DrivenRun): void {
    this.changes.fire(drive.runId)
  }

  onToken(token: Token): void {
    for (const listener of this.#tokenListeners) listener(token)
  }

  onRest(drive: DrivenRun): void {
    const { runId } = drive
    this.#remove(drive)
    const { status, nextDueAt } = summaryOf(drive.compiled, drive.snapshot.context)
    if (status === 'waiting' && nextDueAt !== null && !this.#isClosed) this.#dormant.set(runId, nextDueAt)
    this.#release(drive, hasEnded(status))
    this.#tellRest(drive)
  }

  onStopped(drive: DrivenRun, error: unknown): void {
    this.#remove(drive)
    if (error !== null) {
      this.#failures.set(drive.runId, error)
      this.notify({ type: 'run.stopped', runId: drive.runId, error })
    }
    this.#release(drive, true)
    this.#tellRest(drive)
  }

  /** Stops every drive, now or once what runs has ended, and gives their leases up. */
  async close(isDraining: boolean): Promise<void> {
    this.#isClosed = true
    this.#dormant.clear()
    await Promise.allSettled(this.#taking.values())
    for (const drive of Array.from(this.#drives.values())) {
      if (isDraining) drive.drain()
      else drive.stop(null)
    }
    await Promise.allSettled(Array.from(this.#drives.keys(), async (runId) => await this.nextRest(runId)))
    await Promise.allSettled(this.#releasing.values())
    await this.permits?.keeper.close()
    this.#inbox.stop()
    this.changes.fireAll()
  }

  async #takeTurn(): Promise<void> {
    await nextTurn()
    this.#turnAt = this.clock.now()
    this.#turn = null
  }

  async #take(runId: RunId, options: TakeUpOptions): Promise<boolean> {
    const lease = await this.#leases.acquire(runId, options)
    if (lease === undefined) return false
    try {
      const parts = await this.#load(runId, lease, options)
      this.checkOpen()
      this.drive(parts)
      this.#inbox.look()
      return true
    } catch (error) {
      await this.#leases.release(lease)
      throw error
    }
  }

  async #load(runId: RunId, lease: Lease, { entry, needsBindings }: TakeUpOptions): Promise<DriveParts> {
    const { store, parts } = this
    const loaded = await store.load(runId)
    if (loaded === undefined)
      throw storeError('WAYSTONE_STORE_RUN_UNKNOWN', `no run ${runId} is in store ${store.name}`, { runId })
    const { row } = loaded
    const compiled = await parts.book.forRun(row, () => findStoredGraph(store, row))
    if (needsBindings && !hasEnded(row.status)) await checkBindings(compiled, this.ports)
    if (row.behaviourHash !== compiled.hashes.behaviour)
      this.notify({ type: 'behaviour.changed', runId, workflow: row.workflow })
    const restored = await restoreRun(store, loaded)
    // After reading: where values of the run are missing, no new store of its group comes to be.
    const sealer = await groupStoresOf(store).sealerFor(runId, compiled.graph)
    const standing = sealer === undefined ? restored : { ...restored, packing: { ...restored.packing, sealer } }
    const { context } = standing.snapshot
    const missed = missedEntries({ compiled, context, loaded, now: this.clock.now(), ports: this.ports })
    return {
      compiled,
      lease,
      standing,
      missed: entry === undefined ? missed : withEntry(missed, entry),
      begunBefore: begunBefore(compiled, context, { marks: loaded.marks, row, fence: lease.fence }),
    }
  }

  #remove(drive: DrivenRun): void {
    this.#drives.delete(drive.runId)
    this.#begun.delete(drive)
    if (this.#drives.size === 0) this.#inbox.stop()
    // A runtime that closes ends each of its drives by itself.
    while (!this.#isClosed && this.#begun.size < this.parts.maxConcurrentRuns) {
      const next = this.#toBegin.shift()
      if (next === undefined) return
      if (next.isOver) continue
      this.#begun.add(next)
      next.begin()
    }
  }

  /** Gives the lease up, then looks once more for what was delivered just before. */
  #release(drive: DrivenRun, isFinal: boolean): void {
    const { runId, lease } = drive
    const releasing = (async (): Promise<void> => {
      await drive.whenIdle()
      const { ending } = drive.snapshot.context
      if (ending !== null) await this.dropUnread(lease, ending.status)
      await this.#leases.release(lease)
      this.#releasing.delete(runId)
      if (!isFinal && !this.#isClosed) await this.#lookOnceMore(runId)
    })()
    this.#leases.forget(runId)
    this.#releasing.set(runId, releasing)
  }

  /** Nobody takes up what was delivered to a run as it ended: it goes, and is told of. */
  async dropUnread({ runId, fence }: Lease, status: RunStatus): Promise<void> {
    try {
      const unread = (await this.store.inbox([runId])).get(runId) ?? []
      if (unread.length === 0) return
      const at = this.clock.now()
      const refused = unread.map((event) => {
        const message = `the run has ended ${status}; it takes no ${eventWord(event.type)}`
        return refusedEvent(event, { at, reason: 'run-ended', message })
      })
      await this.store.discard(runId, fence, refused)
      for (const { id, type, message } of refused)
        this.notify({ type: 'event.dropped', runId, eventId: id, event: type, message })
    } catch {
      // The store is not well, or somebody else has the run: whoever takes it up next drops them.
    }
  }

  async #lookOnceMore(runId: RunId): Promise<void> {
    try {
      const waiting = await this.store.inbox([runId])
      if ((waiting.get(runId)?.length ?? 0) > 0) this.#wake(runId)
    } catch {
      // The store is not well; the events stand in the inbox.
    }
  }

  #wake(runId: RunId): void {
    this.takeUp(runId, { isPatient: false, needsBindings: true }).catch((error: unknown) => {
      if (this.#isClosed || isGone(error)) return
      this.notify({ type: 'run.stopped', runId, error })
      // An expiry or an event must not be forgotten because the store was not well just then.
      if (StoreError.isInstance(error)) this.#dormant.set(runId, this.clock.now() + wakeAgainMs)
    })
  }

  #tellRest(drive: DrivenRun): void {
    const { runId, compiled, snapshot, sequence } = drive
    const waiters = this.#restWaiters.get(runId)
    this.#restWaiters.delete(runId)
    if (waiters !== undefined) for (const waiter of waiters) waiter({ compiled, snapshot, sequence })
    this.changes.fire(runId)
  }
}

function deletedRun(runId: RunId): Error {
  return storeError('WAYSTONE_STORE_RUN_UNKNOWN', `run ${runId} is being deleted`, { runId })
}

/** True when the run has been deleted meanwhile. */
function isGone(error: unknown): boolean {
  return StoreError.isInstance(error) && error.code === 'WAYSTONE_STORE_RUN_UNKNOWN'
}

/** What was just delivered stands among what was missed: whoever delivered it is told what becomes of it. */
function withEntry(missed: readonly Entry[], entry: Entry): readonly Entry[] {
  const isThere = entry.isDelivered === true && missed.some(({ event }) => event.id === entry.event.id)
  return isThere ? missed.map((one) => (one.event.id === entry.event.id ? entry : one)) : [...missed, entry]
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error || WaystoneError.isInstance(thrown)
    ? thrown
    : storeError('WAYSTONE_STORE_FAILED', String(thrown))
}

function ignore(): void {
  // Whoever made it reports how it ended.
}
