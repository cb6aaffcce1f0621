import type { RunId } from '../base/ids.ts'
import type { DriveHost } from './drive-host.ts'
import type { RunningEffect } from './running-effect.ts'

/** What follows from asking. */
export interface AwaitedPermit {
  /** The items of maps that the step is inside of, for people. */
  readonly itemsAround: () => readonly number[]
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
          host.notify({
            type: 'permit.awaited',
            runId,
            node,
            ...aboutOf(effect, next.itemsAround()),
            step,
            attempt,
            resource,
            reason,
            ahead,
            until,
          }),
        onFailed: next.onFailed,
      },
    ),
  )
  return true
}

/** Which item it is about, and what it undoes. */
function aboutOf(
  { job: { open } }: RunningEffect,
  around: readonly number[],
): { readonly items?: readonly number[]; readonly undoes?: number } {
  const item = open.item ?? open.undoes?.item
  const items = item === undefined ? around : [...around, item]
  return { ...(items.length > 0 && { items }), ...(open.undoes !== undefined && { undoes: open.undoes.step }) }
}
