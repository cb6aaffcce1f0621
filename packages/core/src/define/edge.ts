import type { Signal } from './event.ts'
import type { Guard } from './guard.ts'
import type { JoinTarget, WorkingNode } from './join.ts'
import type { AnyNode } from './node.ts'

/** Marks {@link END} and {@link FAIL}. */
export const endingMarker: unique symbol = Symbol.for('waystone.ending')

/** A target that ends the run. */
export interface EndingTarget {
  readonly [endingMarker]: ':end' | ':fail'
}

/** Edge target: the run ends `completed`. */
export const END: EndingTarget = Object.freeze({ [endingMarker]: ':end' as const })

/** Edge target: the run ends `failed`. */
export const FAIL: EndingTarget = Object.freeze({ [endingMarker]: ':fail' as const })

/** Where an edge may lead. */
export type EdgeTarget<Values> = AnyNode<Values> | EndingTarget

/** An edge with a condition or a limit. */
export interface EdgeOptions<Values> {
  readonly to: EdgeTarget<Values>
  /** Taken only when this holds. Guards see the state after the node's patch. */
  readonly when?: Guard<Values>
  /** Times it may be taken, 0 or more: per run, or since `per` was last entered. */
  readonly limit?: number
  /** Node whose entry sets the count back to 0. */
  readonly per?: AnyNode<Values>
  /** Where to go when the limit is used up; without it the next edge of the outcome is tried. */
  readonly otherwise?: EdgeTarget<Values>
  /** In a branch: it may lead out of the fork, and then cancels the branches beside it. */
  readonly cancelsFork?: boolean
  /** In a branch: nodes in branches beside it that are ended when it is taken. What they lead to alone is skipped. */
  readonly cancels?: readonly AnyNode<Values>[]
  readonly fork?: never
  readonly join?: never
  readonly emit?: never
  /** True: taking it to `to` marks the run as degraded, which its result and `waystone show` say. */
  readonly degraded?: boolean
}

/** A branch that begins only when a guard holds. */
export interface GuardedBranch<Values> {
  readonly to: WorkingNode<Values>
  readonly when: Guard<Values>
}

/** An edge into several branches at once. */
export interface ForkEdge<Values> extends Omit<EdgeOptions<Values>, 'to' | 'cancelsFork' | 'fork' | 'join'> {
  /** The first node of each branch; their order is the order of results. Where all have guards, the edge is taken when one of them holds. */
  readonly fork: readonly (WorkingNode<Values> | GuardedBranch<Values>)[]
  /** Where the branches meet. */
  readonly join: JoinTarget<Values>
  readonly to?: never
  readonly cancelsFork?: never
  readonly emit?: never
}

/** An edge to whatever is `on` an event, which the node that ends need not know. */
export interface EmitEdge<Values> extends Omit<EdgeOptions<Values>, 'to' | 'fork' | 'join' | 'emit'> {
  readonly emit: Signal
  /** Where the nodes that are on it meet: with a join each of them begins a branch. Without, exactly one is on it. */
  readonly join?: JoinTarget<Values>
  readonly to?: never
  readonly fork?: never
}

/** One edge as it may be written. */
export type OneEdge<Values> = EdgeTarget<Values> | EdgeOptions<Values> | ForkEdge<Values> | EmitEdge<Values>

/** One edge, or a list in order of priority whose last, without guard, is the default. */
export type EdgeOf<Values> = OneEdge<Values> | readonly OneEdge<Values>[]

/** Edges of one node, by outcome: its own outcomes must be routed, built-in ones may be. */
export type RoutesOf<Own extends string, BuiltIn extends string, Values> = {
  readonly [Outcome in Own]: EdgeOf<Values>
} & {
  readonly [Outcome in BuiltIn]?: EdgeOf<Values>
}
