import type { JoinRecord } from '../graph/graph.ts'
import type { Branch, ForkRegion } from '../graph/regions.ts'
import type { BranchStatus, OpenFork } from '../snapshot/open-fork.ts'
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

/** The fork is taken: the first branches begin. @param begun - branches that it leads to, in any order */
export function openGated(region: ForkRegion, fork: OpenFork, begun: readonly string[]): OpenFork {
  const statuses: Statuses = {}
  for (const { entry } of region.branches) statuses[entry] = 'idle'
  const led = Object.freeze({ [byFork]: Object.freeze([...begun]) })
  return goOn(region, { ...fork, branches: statuses, led })
}

/** A branch has ended and leads to others, or to none of them. */
export function leadOn(
  region: ForkRegion,
  fork: OpenFork,
  end: { readonly branch: string; readonly status: BranchStatus; readonly to: readonly string[] },
): OpenFork {
  const { branch, status, to } = end
  const led = to.length === 0 ? fork.led : withKey(fork.led ?? {}, branch, Object.freeze([...to]))
  const branches = withKey(fork.branches, branch, status)
  return goOn(region, { ...fork, branches, ...(led !== undefined && { led }) })
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

/** Works out which branches begin now, and which never will. Branches come after those that they wait for, so that one round is enough. */
function goOn(region: ForkRegion, fork: OpenFork): OpenFork {
  const statuses: Statuses = { ...fork.branches }
  for (const branch of region.branches)
    if (statuses[branch.entry] === 'idle') statuses[branch.entry] = statusOf(region, branch, { statuses, fork })
  const held = new Set(region.branches.flatMap(({ entry, locks }) => (isUnderWay(statuses[entry]) ? locks : [])))
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
