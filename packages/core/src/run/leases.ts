import type { Clock } from '../base/clock.ts'
import type { RunId } from '../base/ids.ts'
import type { Lease, Owner, Store } from '../checkpoint/store.ts'
import { storeError } from '../errors/store-error.ts'
import type { Liveness } from './liveness.ts'
import type { RuntimeNotice } from './notice.ts'

/** What leases depend on. */
export interface LeaseParts {
  readonly store: Store
  readonly clock: Clock
  readonly liveness: Liveness
  readonly owner: Owner
  /** How long a lease lasts, ms. */
  readonly leaseMs: number
  readonly notify: (notice: RuntimeNotice) => void
  /** Leases were kept alive, a third of their length after the last time. */
  readonly onRenewed: () => void
  /** A lease was taken by another owner. */
  readonly onLost: (runId: RunId) => void
}

/** The runs this runtime may write. */
export interface Leases {
  /**
   * Tries to own a run. A dead owner on this host is replaced at once; one that may live elsewhere is waited for until its lease
   * has run out.
   *
   * @returns undefined when a live process owns it and `isPatient` is false
   * @throws {StoreError} WAYSTONE_STORE_OWNED naming the live owner, when `isPatient`
   * @throws {StoreError} WAYSTONE_STORE_RUN_UNKNOWN
   */
  acquire(runId: RunId, options: { readonly isPatient: boolean }): Promise<Lease | undefined>
  /** Keeps a lease alive from now on. */
  keep(lease: Lease): void
  /** Gives a lease up. Never rejects: a lease that cannot be given up runs out. */
  release(lease: Lease): Promise<void>
  /** True while the lease surely holds: false after the process slept or the store was away for too long. */
  isFresh(runId: RunId): boolean
  /** Asks the store whether a lease that is not fresh still holds, and prolongs it. @throws {StoreError} */
  confirm(lease: Lease): Promise<boolean>
  /** Stops keeping a lease without telling the store: it is lost, or the store is not well. */
  forget(runId: RunId): void
}

/** Makes the lease keeper of one runtime. It sets a timer only while it keeps a lease. */
export function createLeases(parts: LeaseParts): Leases {
  const { store, clock, leaseMs } = parts
  const kept = new Map<RunId, Lease>()
  let stopTimer: (() => void) | null = null

  const arm = (): void => {
    if (stopTimer !== null || kept.size === 0) return
    stopTimer = clock.at(clock.now() + Math.floor(leaseMs / 3), () => void renew())
  }
  /** False when the run was given up meanwhile, or taken anew under another fence. */
  const isKept = ({ runId, fence }: Lease): boolean => kept.get(runId)?.fence === fence
  const prolong = async (leases: readonly Lease[]): Promise<ReadonlySet<RunId>> => {
    const expiresAt = clock.now() + leaseMs
    const lost = new Set(await store.renew(leases, expiresAt))
    for (const lease of leases) {
      if (!lost.has(lease.runId) && isKept(lease)) kept.set(lease.runId, { ...lease, expiresAt })
    }
    return lost
  }
  const renew = async (): Promise<void> => {
    const leases = [...kept.values()]
    try {
      const lost = await prolong(leases)
      for (const lease of leases) {
        if (!lost.has(lease.runId) || !isKept(lease)) continue
        kept.delete(lease.runId)
        parts.onLost(lease.runId)
      }
      parts.onRenewed()
    } catch {
      // The store is not well: commits will say so; a lease that is not renewed runs out.
    }
    stopTimer = null
    arm()
  }
  const forget = (runId: RunId): void => {
    kept.delete(runId)
    if (kept.size > 0) return
    stopTimer?.()
    stopTimer = null
  }
  return {
    acquire: (runId, options) => acquire(parts, runId, options),
    keep(lease) {
      kept.set(lease.runId, lease)
      arm()
    },
    async release(lease) {
      forget(lease.runId)
      try {
        await store.release(lease)
      } catch {
        // It runs out by itself.
      }
    },
    isFresh: (runId) => (kept.get(runId)?.expiresAt ?? 0) > clock.now(),
    confirm: async (lease) => !(await prolong([lease])).has(lease.runId),
    forget,
  }
}

async function acquire(
  parts: LeaseParts,
  runId: RunId,
  { isPatient }: { readonly isPatient: boolean },
): Promise<Lease | undefined> {
  let awaited: Lease | null = null
  for (;;) {
    const answer = await tryAcquire(parts, runId)
    if (answer.type === 'missing')
      throw storeError('WAYSTONE_STORE_RUN_UNKNOWN', `no run ${runId} is in store ${parts.store.name}`, { runId })
    if (answer.type === 'acquired') return answer.lease
    const { lease } = answer
    if (!isPatient) return undefined
    const isRenewed = awaited !== null && (lease.fence !== awaited.fence || lease.expiresAt !== awaited.expiresAt)
    if (isRenewed || parts.liveness.stateOf(lease.owner) === 'alive') throw ownedError(lease)
    awaited = lease
    parts.notify({ type: 'lease.awaited', runId, owner: lease.owner, until: lease.expiresAt })
    await waitUntil(parts.clock, lease.expiresAt + 1)
  }
}

async function tryAcquire(parts: LeaseParts, runId: RunId): ReturnType<Store['acquire']> {
  const { store, owner, leaseMs, clock } = parts
  const answer = await store.acquire({ runId, owner, leaseMs, now: clock.now() })
  if (answer.type !== 'held' || parts.liveness.stateOf(answer.lease.owner) !== 'dead') return answer
  return await store.acquire({ runId, owner, leaseMs, now: clock.now(), dead: answer.lease.owner.id })
}

function waitUntil(clock: Clock, at: number): Promise<void> {
  return new Promise((resolve) => {
    clock.at(at, resolve)
  })
}

function ownedError({ runId, owner, expiresAt }: Lease): Error {
  return storeError(
    'WAYSTONE_STORE_OWNED',
    `run ${runId} is driven by process ${owner.pid} on ${owner.host}; it can be resumed here when that process ends or gives it up`,
    {
      runId,
      owner,
      expiresAt,
    },
  )
}

/** The error of a drive whose run was taken by another owner. */
export function lostLease(runId: RunId): Error {
  return storeError(
    'WAYSTONE_STORE_CONFLICT',
    `run ${runId} has another owner by now; this process stopped driving it`,
    { runId },
  )
}
