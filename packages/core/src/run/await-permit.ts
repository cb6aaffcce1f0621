import type { RunId } from '../base/ids.ts'
import type { DriveHost } from './drive-host.ts'
import type { RunningEffect } from './running-effect.ts'

/** What follows from asking. */
export interface AwaitedPermit {
  readonly onGranted: () => void
  /** The store could not be asked. */
  readonly onFailed: (error: unknown) => void
}

/**
 * Lets an attempt stand in line for what it needs of shared resources. A person at a terminal is told what it waits for.
 *
 * @returns false when nothing that it does is limited
 */
export function awaitPermit(host: DriveHost, effect: RunningEffect, next: AwaitedPermit): boolean {
  const { permits } = host
  const claims = permits?.limits.claimsOf(effect.job) ?? null
  if (permits === null || claims === null) return false
  const { scope } = effect.job
  const { node, step, attempt } = scope
  const runId = scope.runId as RunId
  effect.waitForPermit((go) =>
    permits.keeper.ask(
      { runId, step, attempt, claims },
      {
        onGranted: () => go(next.onGranted),
        onWaiting: ({ resource, reason, ahead, until }) =>
          host.notify({ type: 'permit.awaited', runId, node, step, attempt, resource, reason, ahead, until }),
        onFailed: next.onFailed,
      },
    ),
  )
  return true
}
