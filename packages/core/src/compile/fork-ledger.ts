import type { Json, JsonObject } from '../base/json.ts'
import { invariantError } from '../errors/invariant-error.ts'
import type { ErrorRecord } from '../errors/waystone-error.ts'
import type { JoinRecord } from '../graph/graph.ts'
import type { ForkRegion, Home } from '../graph/regions.ts'
import type { Arrival, JoinedBranches } from '../snapshot/decision.ts'
import type { BranchStatus, OpenFork } from '../snapshot/open-fork.ts'
import type { RunContext } from '../snapshot/snapshot.ts'
import { countAdded, inBranchOrder } from './branch-order.ts'
import type { ForkIndex } from './graph-index.ts'
import {
  busyLocks,
  cancelBranches,
  countGated,
  freeWaiting,
  leadOn,
  leadingTo,
  openGated,
  withStatus,
} from './gated-branches.ts'
import { seenNow, type SeenKeys } from './seen-state.ts'
import { closeSteps, withContext, withKey } from './steps.ts'

/** The ledger of forks that are under way: who has joined, who failed, and when it is over. All functions are pure. */

/** A fork is taken: its first step is the next one. @param begun - branches whose guards hold, where they have some */
export function openFork(
  context: RunContext,
  region: ForkRegion,
  fork: {
    /** Ms since the epoch; undefined under plain `createActor`. */
    readonly at: number | undefined
    readonly begun: readonly string[]
    readonly seen: SeenKeys | undefined
  },
): RunContext {
  const { at, begun, seen } = fork
  const { join, branches, isGated } = region
  const since = at ?? 0
  const statuses: { [branch: string]: BranchStatus } = {}
  if (!isGated) for (const { entry } of branches) statuses[entry] = 'running'
  const opened: OpenFork = {
    step: context.steps,
    since,
    ...(join.deadlineMs !== null && { until: since + join.deadlineMs }),
    branches: Object.freeze(statuses),
    ...(seen !== undefined && { seen: seenNow(seen, context.state) }),
  }
  const busy = busyLocks(region, context, at)
  return withFork(context, join.id, isGated ? openGated(region, opened, { begun, busy }) : opened)
}

function withFork(context: RunContext, join: string, fork: OpenFork): RunContext {
  return withContext(context, { forks: withKey(context.forks ?? {}, join, Object.freeze(fork)) })
}

/** The ledger without some forks; it goes with the last one. */
function withoutForks(context: RunContext, joins: ReadonlySet<string>): RunContext {
  if (context.forks === undefined) return context
  const kept = Object.entries(context.forks).filter(([join]) => !joins.has(join))
  if (kept.length > 0) return withContext(context, { forks: Object.freeze(Object.fromEntries(kept)) })
  const { forks: _, ...rest } = context
  return Object.freeze(rest)
}

/** Branches that have ended, as their join counts them. */
function countJoined({ failed }: JoinRecord, fork: OpenFork): { readonly joined: number; readonly running: number } {
  let joined = 0
  let running = 0
  for (const branch in fork.branches) {
    const status = fork.branches[branch]
    if (status === 'joined' || (status === 'failed' && failed === 'keep')) joined += 1
    else if (status === 'running') running += 1
  }
  return { joined, running }
}

/** The outcome that a join has reached; null: it waits. */
function reachedOutcome(join: JoinRecord, fork: OpenFork, needed: number): string | null {
  const { joined, running } = countJoined(join, fork)
  if (joined >= needed) return 'done'
  if (join.failed === 'raise' && Object.values(fork.branches).includes('failed')) return 'failed'
  return joined + running < needed ? 'unsatisfied' : null
}

/** A branch has ended: counts it, and fires the join when that was what it waited for. */
export function arrive(
  index: ForkIndex,
  context: RunContext,
  end: {
    readonly join: string
    readonly branch: string
    readonly isFailure: boolean
    readonly leaves: readonly string[]
    readonly cancels?: readonly string[]
    readonly at: number | undefined
  },
): { readonly context: RunContext; readonly arrival: Arrival } {
  const { join, branch, isFailure } = end
  const region = regionOf(index, join)
  const left = leaveForks(index, context, end.leaves)
  const before = left.forks?.[join] ?? noFork
  const error = isFailure && left.error !== null ? { errors: withKey(before.errors ?? {}, branch, left.error) } : {}
  const fork: OpenFork = {
    ...before,
    branches: withKey(before.branches, branch, isFailure ? 'failed' : 'joined'),
    ...error,
  }
  if (region.isGated) {
    const status = isFailure ? 'failed' : 'joined'
    const led = ledOn(index, left, { ...end, region, fork, status, to: [] })
    const { joined, needed, outcome: fires } = countGated(region, led.fork)
    return counted(index, led.context, { join, branch, isFailure, joined, needed, fires })
  }
  const needed = region.join.atLeast ?? region.branches.length
  const fires = reachedOutcome(region.join, fork, needed)
  const { joined } = countJoined(region.join, fork)
  return counted(index, withFork(left, join, fork), { join, branch, isFailure, joined, needed, fires })
}

function counted(
  index: ForkIndex,
  context: RunContext,
  arrival: Arrival,
): { readonly context: RunContext; readonly arrival: Arrival } {
  const { join, fires } = arrival
  return { context: fires === null ? context : fireJoin(index, context, { join, outcome: fires }), arrival }
}

/** A branch ends and leads to others, which begin when all they wait for has ended. */
export function stepOn(
  index: ForkIndex,
  context: RunContext,
  step: {
    readonly join: string
    readonly branch: string
    readonly to: readonly string[]
    readonly leaves: readonly string[]
    readonly cancels: readonly string[]
    readonly at: number | undefined
  },
): { readonly context: RunContext; readonly arrival: Arrival | null } {
  const { join, branch, leaves } = step
  const region = regionOf(index, join)
  const left = leaveForks(index, context, leaves)
  const fork = left.forks?.[join] ?? noFork
  const { context: next, fork: led } = ledOn(index, left, { ...step, region, fork, status: 'ended' })
  const { joined, needed, outcome: fires } = countGated(region, led)
  // Where it leads to had begun before, or was cancelled, and it was the last that the join waited for.
  return fires === null
    ? { context: next, arrival: null }
    : counted(index, next, { join, branch, isFailure: false, joined, needed, fires })
}

interface LeadingOn {
  readonly region: ForkRegion
  readonly fork: OpenFork
  readonly branch: string
  readonly status: BranchStatus
  readonly to: readonly string[]
  readonly cancels?: readonly string[]
  readonly at: number | undefined
}

/** A branch has ended: others are stopped, others begin. What is stopped holds its names until it has settled. */
function ledOn(
  index: ForkIndex,
  context: RunContext,
  { region, fork, cancels = [], at, ...end }: LeadingOn,
): { readonly context: RunContext; readonly fork: OpenFork } {
  const cancelled = cancelBranches(fork, cancels)
  const stopped = stopCancelled(index, context, { region, fork: cancelled })
  const led = leadOn(region, cancelled, { ...end, busy: busyLocks(region, stopped, at) })
  return { context: withFork(stopped, region.join.id, led), fork: led }
}

/** The first fork in which a branch may begin that waited for a name which something cancelled held; undefined: there is none. */
export function freedFork(index: ForkIndex, context: RunContext, at: number): string | undefined {
  return Object.keys(context.forks ?? {}).find((join) => freeBranches(index, context, { join, at }) !== undefined)
}

/** Branches of a fork begin that waited for a name which something cancelled held; undefined: none does. */
export function freeBranches(
  index: ForkIndex,
  context: RunContext,
  { join, at }: { readonly join: string; readonly at: number | undefined },
): RunContext | undefined {
  const region = index.forks.get(join)
  const fork = context.forks?.[join]
  if (region?.isGated !== true || fork === undefined) return undefined
  const freed = freeWaiting(region, fork, busyLocks(region, context, at))
  return freed === fork ? undefined : withFork(context, join, freed)
}

/** What cancelled branches have open is stopped. */
function stopCancelled(
  index: ForkIndex,
  context: RunContext,
  { region, fork }: { readonly region: ForkRegion; readonly fork: OpenFork },
): RunContext {
  const stopped = region.branches.filter(({ entry }) => fork.branches[entry] === 'cancelling')
  const next = withFork(context, region.join.id, fork)
  if (stopped.length === 0) return next
  const nodes = new Set(stopped.flatMap((branch) => [...branch.nodes]))
  return withoutForks(closeSteps(next, nodes, 'abort'), new Set([...nodes].filter((node) => index.forks.has(node))))
}

/** A branch that was to begin has begun; one that was cancelled has stopped. */
export function moveBranch(
  context: RunContext,
  { join, branch, status }: { readonly join: string; readonly branch: string; readonly status: BranchStatus },
): RunContext {
  const fork = context.forks?.[join]
  return fork === undefined ? context : withFork(context, join, withStatus(fork, branch, status))
}

const noFork: OpenFork = { step: 0, since: 0, branches: {} }

function regionOf(index: ForkIndex, join: string): ForkRegion {
  const region = index.forks.get(join)
  // Ways name only joins of this index.
  if (region === undefined) throw invariantError('WAYSTONE_BUG_FORK', `no fork joins at ${join}`)
  return region
}

/** What has not ended when a join fires, or could not have begun any more. */
const atFiring: { readonly [status in BranchStatus]?: BranchStatus } = {
  running: 'left',
  cancelling: 'cancelled',
  idle: 'skipped',
  ready: 'skipped',
  starting: 'skipped',
}

/** The join has its outcome: what still runs is left, lists that branches added to come into their order. */
export function fireJoin(
  index: ForkIndex,
  context: RunContext,
  { join, outcome }: { readonly join: string; readonly outcome: string },
): RunContext {
  const region = regionOf(index, join)
  const fork = context.forks?.[join] ?? noFork
  const branches: { [branch: string]: BranchStatus } = {}
  for (const branch in fork.branches) {
    const status = fork.branches[branch] ?? 'left'
    branches[branch] = atFiring[status] ?? status
  }
  const closed = withoutForks(
    closeSteps(context, region.nodes, region.join.losers),
    new Set([...region.nodes].filter((node) => node !== join && index.forks.has(node))),
  )
  const { state, moved } = inBranchOrder(closed.state, fork.added ?? {})
  const fired: OpenFork = {
    ...fork,
    branches: Object.freeze(branches),
    fired: Object.freeze({ outcome, ...(moved !== undefined && { moved }) }),
  }
  return withFork(state === closed.state ? closed : withContext(closed, { state }), join, fired)
}

/** An edge leads out of forks: their branches end, their joins do not fire. */
export function leaveForks(index: ForkIndex, context: RunContext, joins: readonly string[]): RunContext {
  const outermost = joins[0]
  if (outermost === undefined) return context
  const { nodes } = regionOf(index, outermost)
  return withoutForks(closeSteps(context, nodes, 'abort'), new Set([outermost, ...nodes]))
}

/** What is under way in one branch ends, that of forks inside it too; the branch itself goes on. */
export function clearBranch(index: ForkIndex, context: RunContext, { join, branch }: Home): RunContext {
  const nodes = regionOf(index, join).branches.find(({ entry }) => entry === branch)?.nodes ?? new Set<string>()
  return withoutForks(closeSteps(context, nodes, 'abort'), nodes)
}

/** The join is left: what became of its branches, which nodes that hear it are told too. */
export function closeFork(
  context: RunContext,
  join: JoinRecord,
): { readonly context: RunContext; readonly outcome: string; readonly branches: JoinedBranches } {
  const fork = context.forks?.[join.id] ?? noFork
  const outcome = fork.fired?.outcome ?? 'done'
  const named = (status: BranchStatus): readonly string[] =>
    Object.keys(fork.branches).filter((branch) => fork.branches[branch] === status)
  const failed = named('failed').map((branch) => failureOf(branch, fork.errors?.[branch]))
  const branches: JoinedBranches = {
    joined: named('joined'),
    failed,
    left: named('left'),
    ...listed('skipped', named('skipped')),
    ...listed('cancelled', named('cancelled')),
    ...(fork.fired?.moved !== undefined && { moved: fork.fired.moved }),
  }
  const reasons = Object.freeze(
    failed.map(({ branch, error }): Json =>
      Object.freeze({ branch, ...(error && { code: error.code, message: error.message }) }),
    ),
  )
  const next = withoutForks(context, new Set([join.id]))
  const verdicts = withKey(next.verdicts, join.id, Object.freeze({ outcome, reasons }))
  return { context: withContext(next, { verdicts }), outcome, branches }
}

function listed<Name extends string>(
  name: Name,
  branches: readonly string[],
): { readonly [key in Name]?: readonly string[] } {
  // A computed key is typed as any string; it is this one.
  return branches.length === 0 ? {} : ({ [name]: branches } as { readonly [key in Name]: readonly string[] })
}

/** A place where branches meet is left: which had led to it, and whether enough of them. */
export function leaveMeeting(
  index: ForkIndex,
  context: RunContext,
  { meeting, join }: { readonly meeting: JoinRecord; readonly join: string },
): { readonly context: RunContext; readonly outcome: string; readonly branches: JoinedBranches } {
  const region = regionOf(index, join)
  const fork = context.forks?.[join] ?? noFork
  const joined = leadingTo(region, fork, meeting.id)
  const isMet = meeting.atLeast === null || joined.length >= meeting.atLeast || meeting.failed !== 'drop'
  const outcome = isMet ? 'done' : 'unsatisfied'
  const after = region.branches.find(({ entry }) => entry === meeting.id)?.after ?? []
  const left = after.filter((name) => fork.branches[name] === 'running')
  const verdicts = withKey(context.verdicts, meeting.id, Object.freeze({ outcome, reasons: Object.freeze([]) }))
  return { context: withContext(context, { verdicts }), outcome, branches: { joined, failed: [], left } }
}

function failureOf(branch: string, error: ErrorRecord | undefined): JoinedBranches['failed'][number] {
  return error === undefined ? { branch } : { branch, error }
}

/** A node in a branch has written: which forks must know of items added to lists. */
export function noteAdded(
  index: ForkIndex,
  context: RunContext,
  change: { readonly node: string; readonly before: JsonObject },
): RunContext {
  let forks = context.forks
  for (const join in forks) {
    const fork = forks[join]
    const keys = index.ordered.get(join)
    if (fork === undefined || keys === undefined || keys.size === 0) continue
    const home = index.homes.get(change.node)?.find((one) => one.join === join)
    const place = home === undefined ? -1 : Object.keys(fork.branches).indexOf(home.branch)
    const added = countAdded(fork.added ?? {}, { keys, place, before: change.before, after: context.state })
    if (added !== fork.added && added !== undefined) forks = withKey(forks, join, Object.freeze({ ...fork, added }))
  }
  return forks === context.forks || forks === undefined ? context : withContext(context, { forks })
}
