import type { Duration } from './duration.ts'
import type { AnyNode, Node } from './node.ts'

/** What a join does about a branch that fails. */
export const failedBranches = ['raise', 'keep', 'drop'] as const
/** What a join does about a branch that fails. */
export type FailedBranches = (typeof failedBranches)[number]

/** What becomes of branches that still run when a join fires. */
export const losingBranches = ['abort', 'finish'] as const
/** What becomes of branches that still run when a join fires. */
export type LosingBranches = (typeof losingBranches)[number]

/** How many branches a join waits for. */
export type JoinWait = 'all' | 'any' | { readonly atLeast: number }

/** A join: where the branches of a fork meet. It does no work and takes no step. */
export interface JoinConfig<Failed extends FailedBranches, Expires extends Duration> {
  /** How many branches must have joined; default `all`. */
  readonly wait?: JoinWait
  /**
   * A branch fails where it leads to FAIL, declared or by rule. `raise` (default): the join fires at once with outcome `failed`. `keep`: the branch
   * counts as joined. `drop`: it does not count, and outcome `unsatisfied` fires once too few can still join.
   */
  readonly failed?: Failed
  /**
   * Branches that still run when the join fires. `abort` (default): what they do is told to stop. `finish`: the call under way may end. Either way
   * nothing of it is written.
   */
  readonly losers?: LosingBranches
  /** From the fork; then outcome `deadline` fires with whoever has joined. */
  readonly deadline?: Expires
  /** For people. */
  readonly description?: string
}

/** A join in a workflow. */
export interface JoinNode<Outcome extends string, BuiltIn extends string, Values> extends Node<
  Outcome,
  BuiltIn,
  'a join is not where a run starts',
  Values
> {
  readonly '~join': true
}

/** Outcomes of a join that must be routed. */
export type JoinOutcome<Failed extends FailedBranches, Expires extends Duration> =
  | 'done'
  | ([Expires] extends [never] ? never : 'deadline')
  | (Failed extends 'drop' ? 'unsatisfied' : never)

/** A node that work can go to: any but a join. */
export interface WorkingNode<Values> extends AnyNode<Values> {
  readonly '~join'?: never
}

/** The join of a fork. */
export interface JoinTarget<Values> extends AnyNode<Values> {
  readonly '~join': true
}
