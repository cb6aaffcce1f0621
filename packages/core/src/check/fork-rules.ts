import type { Rule } from './rule.ts'
import { branchEntered } from './rules/branch-entered.ts'
import { branchLeaves } from './rules/branch-leaves.ts'
import { branchReturns } from './rules/branch-returns.ts'
import { branchesMeet } from './rules/branches-meet.ts'
import { cancelsBranches } from './rules/cancels-branches.ts'
import { forkAcross } from './rules/fork-across.ts'
import { forkTooWide } from './rules/fork-too-wide.ts'
import { joinMismatch } from './rules/join-mismatch.ts'

/** The rules without which forks have no structure: such a graph cannot be compiled. Order: as findings are printed. */
export const forkRules: readonly Rule[] = [
  branchesMeet,
  branchEntered,
  branchLeaves,
  branchReturns,
  joinMismatch,
  forkAcross,
  forkTooWide,
  cancelsBranches,
]
