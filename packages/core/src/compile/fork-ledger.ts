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
import { closeSteps, withContext, withKey } from './steps.ts'

/** The ledger of forks that are under way: who has joined, who failed, and when it is over. All functions are pure. */

/** A fork is taken: its first step is the next one. */
export function openFork(context: RunContext, { join, branches }: ForkRegion, at: number): RunContext {
  const statuses: { [branch: string]: BranchStatus } = {}
  for (const { entry } of branches) statuses[entry] = 'running'
  const fork: OpenFork = {
    step: context.steps,
    since: at,
    ...(join.deadlineMs !== null && { until: at + join.deadlineMs }),
    branches: Object.freeze(statuses),
  }
  return withFork(context, join.id, fork)
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
  const needed = region.join.atLeast ?? region.branches.length
  const fires = reachedOutcome(region.join, fork, needed)
  const counted = withFork(left, join, fork)
  return {
    context: fires === null ? counted : fireJoin(index, counted, { join, outcome: fires }),
    arrival: { join, branch, isFailure, joined: countJoined(region.join, fork).joined, needed, fires },
  }
}

const noFork: OpenFork = { step: 0, since: 0, branches: {} }

function regionOf(index: ForkIndex, join: string): ForkRegion {
  const region = index.forks.get(join)
  // Ways name only joins of this index.
  if (region === undefined) throw invariantError('WAYSTONE_BUG_FORK', `no fork joins at ${join}`)
  return region
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
    branches[branch] = status === 'running' ? 'left' : status
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
