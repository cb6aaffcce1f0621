import type { ErrorRecord } from '../errors/waystone-error.ts'
import type { EffectClass } from './effect-class.ts'
import type { DecisionOf } from './approval.ts'
import type { CallApproval, CallDecision } from './call-approval.ts'
import type { Compensation, UndoneNode } from './compensate.ts'
import type { FailedBranches, LosingBranches } from './join.ts'
import type { EffectOutcome, Given, Later, Node } from './node.ts'
import type { EffectOptions, InputRule } from './node-options.ts'
import type { AnyTool, EffectContext } from './tool.ts'

/** What a map does about a list that is longer than `maxItems`. */
export const excessItems = ['fail', 'cut'] as const
/** What a map does about a list that is longer than `maxItems`. */
export type ExcessItems = (typeof excessItems)[number]

/** Items that a map runs at a time unless it says otherwise. */
export const defaultConcurrency = 8

/** Most items that a map may run at a time. */
export const mostConcurrency = 256

/** When a map is done: all items have ended, one has, so many have, or the first whose output is wanted. */
export type MapDone = 'all' | 'any' | 'first' | { readonly atLeast: number }

/** Which output `done: 'first'` is after. */
export type WantedOutput<Done, Output, Item> = {
  /** For `done: 'first'`: whether an output is what the map is after; asked as its item ends. */
  readonly wanted?: (output: Output, item: Item) => boolean
} & ([Done] extends ['first'] ? WantedIsMissing : { readonly wanted?: never })

/** `done: 'first'` says with `wanted` which output it is after. */
export interface WantedIsMissing {
  readonly wanted: unknown
}

/** What the functions of a map's items are given: what the node reads and hears as the item begins, and its place in the list, from 0. */
export type GivenItem<Name extends keyof Values, Heard extends string, Values> = Given<Name, Heard, Values> & {
  readonly index: number
}

/** An item that ended well. */
export interface ItemOutput<Output> {
  /** Its place in the list, from 0. */
  readonly index: number
  readonly output: Output
  readonly error?: never
}

/** An item that failed for good. */
export interface ItemFailure {
  /** Its place in the list, from 0. */
  readonly index: number
  readonly output?: never
  readonly error: ErrorRecord
}

/** What `apply` of a map is given for an item: failed ones are among them with `failed: 'keep'` only. */
export type ItemResult<Output, Failed extends FailedBranches> = Failed extends 'keep'
  ? ItemOutput<Output> | ItemFailure
  : ItemOutput<Output>

/** An item of what a map goes over. */
export type ItemOf<Source, Values> = Source extends keyof Values
  ? NonNullable<Values[Source]> extends readonly (infer Item)[]
    ? Item
    : never
  : Source extends (given: never) => Later<readonly (infer Item)[]>
    ? Item
    : never

/**
 * One of `item` and `run` is needed; `input` is where an item of a state key is not the tool's input. Of what a function makes it is known only once all of the
 * options have been looked at: there the tool's own schema tells.
 */
export type ItemRule<Source, Work, Called, Values> = [Work] extends [never]
  ? ItemOrRunIsMissing
  : { readonly run?: never } & ([Source] extends [string] ? InputRule<ItemOf<Source, Values>, Called> : unknown)

/** What every map declares. */
export interface MapOptions<
  Reads extends string,
  Writes extends string,
  Heard extends string,
  Failed extends FailedBranches,
> extends EffectOptions<Reads, Heard> {
  /** State keys that `apply` may write; default none. */
  readonly writes?: readonly Writes[]
  /** Most items, 1 or more: the bound that `check` counts with. */
  readonly maxItems: number
  /** What a longer list means. `fail` (default): the node fails before any item is begun. `cut`: the items beyond are left out. */
  readonly excess?: ExcessItems
  /** Items that run at a time, 1 to 256; default 8. Others wait. */
  readonly concurrency?: number
  /**
   * What an item that fails for good, its attempts used up, means. `raise` (default): the map ends `failed` at once. `keep`: it counts
   * as ended, with its error among the results. `drop`: it does not count, and the map ends `unsatisfied` once too few can still end well.
   */
  readonly failed?: Failed
  /** Items that still run when the map is done. `abort` (default): they are told to stop. `finish`: the call under way may end. Nothing of them is in the results. */
  readonly losers?: LosingBranches
}

/** What is done for an item: a call of a tool, or a run of an agent that is defined apart, or of a workflow. */
export interface ItemWork {
  readonly '~input': unknown
  readonly '~output': unknown
}

/** How a person is asked before the tool of a map is called for an item. Who says no ends the item as failed. */
export type ItemApproval<Input> = Omit<CallApproval<Input>, 'canAskBack' | 'remember'>

/** What is done for each item: `item` or `run`. `Called`: what it is called with. */
export interface ItemOptions<Work, Called, Output, Item, View> {
  /** A tool that is called, or an agent or a workflow that is run, for each item. */
  readonly item?: Work & { readonly '~input': Called; readonly '~output': Output }
  /** Needed only where an item is not already the input of what is done for it. */
  readonly input?: (item: Item, given: View) => Later<NoInfer<Called>>
  /** In place of `item`: does the work of one item. @returns JSON */
  readonly run?: (item: Item, given: View, context: EffectContext) => Later<Output>
  /** Of a tool: only more careful than its own. Of `run`: what may happen when the end of an item is not known; default `unsafe`: never repeated. */
  readonly effect?: EffectClass
  /**
   * Of a tool: a person is asked about the call of each item, or of those that `when` says. `true`: as the tool says of its calls by agents, if it
   * does. Others go on meanwhile; one that waits keeps its place in `concurrency`. Default: nobody is asked.
   */
  readonly approval?: Work extends AnyTool<string> ? boolean | ItemApproval<NoInfer<Called>> : false
}

/** Neither `item` nor `run`: one of them must say what is done for an item. */
export interface ItemOrRunIsMissing {
  readonly run: unknown
  readonly input?: never
  readonly approval?: never
}

/** How an item may be undone; `false`: what its tool says of that does not hold, which a function's item has none to say. */
export type ItemCompensation<Work, Called, Output, State, Undo> =
  | Compensation<UndoneNode<Called, Output, State>, Undo>
  | ([Work] extends [never] ? never : false)

/** How results become a patch; needed by a map that writes. */
export type ApplyResults<Writes, Results, Result, View> = {
  readonly apply?: (results: Results, given: View) => Result
} & ([Writes] extends [never] ? unknown : ApplyIsMissing)

/** A map that writes says with `apply` what its results become. */
export interface ApplyIsMissing {
  readonly apply: unknown
}

/** Outcomes of a map that must be routed. */
export type MapOutcome<Done, Failed extends FailedBranches> =
  | 'done'
  | ([Done] extends ['all'] ? never : 'unsatisfied')
  | (Failed extends 'drop' ? 'unsatisfied' : never)

/** Names of the tools that may run for an item; of a workflow any, which is for `check` to say. */
export type ToolsOfWork<Work> =
  Work extends AnyTool<infer Name>
    ? Name
    : Work extends { readonly '~tools': infer Name extends string }
      ? Name
      : [Work] extends [never]
        ? never
        : string

/** What people may answer inside an item, by node. */
export type ApprovalsOfWork<Work> =
  Work extends AnyTool<string>
    ? {
        readonly ask: DecisionOf<
          'approved' | 'rejected' | 'edited',
          { readonly input?: Work extends ItemWork ? Work['~input'] : never },
          undefined
        >
      }
    : Work extends { readonly '~approvals': infer Approvals }
      ? Approvals
      : Work extends { readonly '~tools': infer Name }
        ? [Name] extends [never]
          ? object
          : { readonly agent: CallDecision }
        : object

/** A map in a workflow. `Work` is what is done for an item; never: a function does it. */
export interface MapNode<Outcome extends string, Reads extends string, Work, Values> extends Node<
  Outcome,
  Exclude<EffectOutcome, 'timeout'>,
  Reads,
  Values
> {
  readonly '~tools': ToolsOfWork<Work>
  readonly '~map': true
  readonly '~nested': ApprovalsOfWork<Work>
}
