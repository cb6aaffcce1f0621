import { indexEntries } from '../base/with-index.ts'
import type { JoinRecord } from '../graph/graph.ts'
import type { Branch, ForkRegion } from '../graph/regions.ts'
import type { BranchStatus, OpenFork } from '../snapshot/open-fork.ts'
import type { RunContext } from '../snapshot/snapshot.ts'
import { withKey } from './steps.ts'

/** The ledger of forks whose branches begin one by one: since they wait for one another, or since guards may leave some out. All functions are pure. */

/** Under which the ledger holds what the fork itself began with. */
const byFork = ':fork'

type Statuses = { [branch: string]: BranchStatus }

const settledStatuses: ReadonlySet<BranchStatus> = new Set(['joined', 'failed', 'ended', 'skipped', 'cancelled'])

function isSettled(status: BranchStatus | undefined): boolean {
  return status !== undefined && (settledStatuses.has(status) || status === 'cancelling')
}

function isUnderWay(status: BranchStatus | undefined): boolean {
  return status === 'running' || status === 'starting'
}

/** Names that branches may not take: what they held before has not stopped yet. */
export type BusyLocks = ReadonlySet<string>

const noLocks: BusyLocks = new Set()

/**
 * Names that are held by what was cancelled and has not settled: in a branch that an edge has ended, in what a branch has left behind, or
 * from the last time that the fork was taken.
 *
 * @param at - undefined under plain `createActor`, where what is cancelled has stopped with that
 */
export function busyLocks({ branches }: ForkRegion, { closing }: RunContext, at: number | undefined): BusyLocks {
  const entries = at === undefined ? [] : indexEntries(closing)
  if (entries.length === 0) return noLocks
  const nodes = new Set(entries.map(([, { node }]) => node))
  return new Set(
    branches.flatMap(({ locks, nodes: own }) =>
      locks.length > 0 && [...nodes].some((node) => own.has(node)) ? locks : [],
    ),
  )
}

/** The fork is taken: the first branches begin. @param begun - branches that it leads to, in any order */
export function openGated(
  region: ForkRegion,
  fork: OpenFork,
  { begun, busy }: { readonly begun: readonly string[]; readonly busy: BusyLocks },
): OpenFork {
  const statuses: Statuses = {}
  for (const { entry } of region.branches) statuses[entry] = 'idle'
  const led = Object.freeze({ [byFork]: Object.freeze([...begun]) })
  return goOn(region, { ...fork, branches: statuses, led }, busy)
}

/** A branch has ended and leads to others, or to none of them. */
export function leadOn(
  region: ForkRegion,
  fork: OpenFork,
  end: {
    readonly branch: string
    readonly status: BranchStatus
    readonly to: readonly string[]
    readonly busy: BusyLocks
  },
): OpenFork {
  const { branch, status, to, busy } = end
  const led = to.length === 0 ? fork.led : withKey(fork.led ?? {}, branch, Object.freeze([...to]))
  const branches = withKey(fork.branches, branch, status)
  return goOn(region, { ...fork, branches, ...(led !== undefined && { led }) }, busy)
}

/** Ends branches: those under way are stopped by the move that follows. */
export function cancelBranches(fork: OpenFork, names: readonly string[]): OpenFork {
  let { branches } = fork
  for (const name of names) {
    const status = branches[name]
    if (status === undefined || isSettled(status)) continue
    branches = withKey(branches, name, isUnderWay(status) ? 'cancelling' : 'cancelled')
  }
  return branches === fork.branches ? fork : { ...fork, branches }
}

/** A branch's status alone changes. */
export function withStatus(fork: OpenFork, branch: string, status: BranchStatus): OpenFork {
  return { ...fork, branches: withKey(fork.branches, branch, status) }
}

/** What was cancelled has settled: branches begin that waited for a name it held. The same fork: none does. */
export function freeWaiting(region: ForkRegion, fork: OpenFork, busy: BusyLocks): OpenFork {
  const isWaiting = Object.values(fork.branches).includes('ready')
  const next = isWaiting && fork.fired === undefined ? goOn(region, fork, busy) : fork
  return startingIn(next).length === 0 ? fork : next
}

/** Works out which branches begin now, and which never will. Branches come after those that they wait for, so that one round is enough. */
function goOn(region: ForkRegion, fork: OpenFork, busy: BusyLocks): OpenFork {
  const statuses: Statuses = { ...fork.branches }
  for (const branch of region.branches)
    if (statuses[branch.entry] === 'idle') statuses[branch.entry] = statusOf(region, branch, { statuses, fork })
  const held = new Set(busy)
  for (const { entry, locks } of region.branches)
    if (isUnderWay(statuses[entry])) for (const lock of locks) held.add(lock)
  for (const { entry, locks } of region.branches) {
    if (statuses[entry] !== 'ready' || locks.some((lock) => held.has(lock))) continue
    statuses[entry] = 'starting'
    for (const lock of locks) held.add(lock)
  }
  return { ...fork, branches: Object.freeze(statuses) }
}

function statusOf(
  region: ForkRegion,
  { entry, after, atLeast }: Branch,
  { statuses, fork }: { readonly statuses: Statuses; readonly fork: OpenFork },
): BranchStatus {
  const leading = [...after, byFork].filter((name) => fork.led?.[name]?.includes(entry) === true).length
  if (atLeast !== null && leading >= atLeast) return 'ready'
  if (!after.every((name) => isSettled(statuses[name]))) return 'idle'
  if (leading === 0) return 'skipped'
  // Too few led to a meeting: it ends `unsatisfied`, or, where only failures are missing, as it is.
  return 'ready'
}

/** How many branches have led to one. */
export function leadingTo({ branches }: ForkRegion, fork: OpenFork, entry: string): readonly string[] {
  return branches.map((branch) => branch.entry).filter((name) => fork.led?.[name]?.includes(entry) === true)
}

/** Branches that begin in this transition. Order: of the region. */
export function startingIn(fork: OpenFork | undefined): readonly string[] {
  return fork === undefined ? [] : Object.keys(fork.branches).filter((name) => fork.branches[name] === 'starting')
}

/** As the join of such a fork counts its branches. */
export function countGated(
  { join, branches }: ForkRegion,
  fork: OpenFork,
): { readonly joined: number; readonly needed: number; readonly outcome: string | null } {
  let joined = 0
  let failed = 0
  let coming = 0
  for (const { entry } of branches) {
    const status = fork.branches[entry]
    if (status === 'joined' || (status === 'failed' && join.failed === 'keep')) joined += 1
    if (status === 'failed') failed += 1
    if (!isSettled(status)) coming += 1
  }
  return { joined, needed: join.atLeast ?? joined + coming, outcome: outcomeOf(join, { joined, failed, coming }) }
}

function outcomeOf(
  { atLeast, failed: rule }: JoinRecord,
  { joined, failed, coming }: { readonly joined: number; readonly failed: number; readonly coming: number },
): string | null {
  if (atLeast !== null && joined >= atLeast) return 'done'
  if (rule === 'raise' && failed > 0) return 'failed'
  if (rule === 'drop' && atLeast === null && failed > 0) return 'unsatisfied'
  if (rule === 'drop' && atLeast !== null && joined + coming < atLeast) return 'unsatisfied'
  if (coming > 0) return null
  return rule === 'drop' && joined === 0 ? 'unsatisfied' : 'done'
}
