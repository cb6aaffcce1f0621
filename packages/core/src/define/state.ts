import type { z } from 'zod'
import type { FailureName } from '../errors/failure-names.ts'
import type { Agent, AgentOptions, AgentUse } from './agent.ts'
import type {
  ApprovalConfig,
  ApprovalOutcomes,
  ChosenOutcome,
  DecisionOf,
  ResponseOf,
  TalkOptions,
} from './approval.ts'
import type { Compensation, UndoneNode } from './compensate.ts'
import type { Duration } from './duration.ts'
import type { EffectClass } from './effect-class.ts'
import type { EventInput, EventOptions, EventPayload, NamedEvent } from './event.ts'
import type { CodeGate, ReviewGate } from './gate.ts'
import type { GroupConfig } from './group.ts'
import type { Guard, GuardOptions } from './guard.ts'
import { makeBuilder } from './make-builder.ts'
import type { Handoffs } from './handoff.ts'
import type { FailedBranches, JoinConfig, JoinNode, JoinOutcome, WorkingNode } from './join.ts'
import type {
  ApplyResults,
  GivenItem,
  ItemCompensation,
  ItemOf,
  ItemOptions,
  ItemResult,
  ItemRule,
  ItemWork,
  MapDone,
  MapNode,
  MapOptions,
  MapOutcome,
  WantedOutput,
} from './map.ts'
import type {
  AgentNode,
  ApprovalNode,
  GateNode,
  Given,
  Later,
  PatchOf,
  Slice,
  TaskNode,
  ToolNode,
  WorkflowNode,
} from './node.ts'
import type {
  ApplyMapping,
  ApplyRule,
  EffectOptions,
  ExtraKeys,
  InputMapping,
  InputRule,
  NodeOptions,
  NothingToApply,
} from './node-options.ts'
import type { CheckedShape, Needed, PatchesOf, StateEntry, ValuesOf } from './state-values.ts'
import type { KeysOf, TaskConfig, TaskResult, TaskRun } from './task.ts'
import type { Tool } from './tool.ts'
import type {
  AwaitsOneThing,
  PayloadOf,
  ReceivedOf,
  ReceiveMapping,
  WaitNode,
  WaitOptions,
  WaitOutcome,
  WaitTerms,
} from './wait.ts'
import type { ApprovalsOf, FitsState, MovesOf, NodeTable, Workflow, WorkflowConfig } from './workflow.ts'

/** Everything that belongs to one declared state: guards, nodes and workflows over it. */
export interface StateBuilder<Values, Patches> {
  /**
   * A named condition for edges and policies. Must be pure: same slice in, same answer out.
   *
   * @param name - unique in a workflow
   * @param reads - the keys it is given
   */
  guard<Reads extends keyof Values & string = never>(
    name: string,
    reads: readonly Reads[],
    decide: (state: Slice<Reads, Values>) => boolean,
    options?: GuardOptions,
  ): Guard<Values>
  /** For edges of `failed`, `timeout`, `unknown` and `exhausted`: true when what ended went wrong in this way. */
  failure(name: FailureName): Guard<Values>
  /** For edges: true while another node of the run is under way, such as one in a branch beside it. */
  active(node: WorkingNode<Values>): Guard<Values>
  /** True when the guard is false. */
  not(guard: Guard<Values>): Guard<Values>
  /** True when every guard is true; they are run in order and no further than needed. */
  all(...guards: readonly Guard<Values>[]): Guard<Values>
  /** True when one guard is true; they are run in order and no further than needed. */
  any(...guards: readonly Guard<Values>[]): Guard<Values>

  /** An agent whose answer is built from the keys it writes, or fits its `output` schema. */
  agent<
    Reads extends keyof Values & string = never,
    Writes extends keyof Values & keyof Patches & string = never,
    Heard extends string = never,
    ToolName extends string = never,
    Output extends z.core.$ZodType = z.core.$ZodNever,
    const Result extends PatchOf<Writes, Patches> = PatchOf<Writes, Patches>,
    Handoff extends string = never,
  >(
    config: AgentOptions<Reads, Heard, ToolName, Values> & {
      /** State keys its answer may write; default none. */
      readonly writes?: readonly Writes[]
      /** Whom it may hand over to; each is an outcome of its own, offered to its model while it can be taken. */
      readonly handoffs?: Handoffs<Handoff>
      /** What it answers; default: an object of the keys it writes. A plain `z.string()` is free text. */
      readonly output?: Output
    } & ApplyMapping<z.output<Output>, Result, Given<Reads, Heard, Values>> &
      AgentApply<Output, Slice<Writes, Patches>> &
      ExtraKeys<'apply', Exclude<keyof Result, keyof Patches>>,
  ): AgentNode<Needed<Reads, Values>, ToolName, Values, Handoff>
  /** An agent that was defined apart from the workflow. */
  agent<
    Input,
    Output,
    ToolName extends string,
    Reads extends keyof Values & string = never,
    Writes extends keyof Values & keyof Patches & string = never,
    Heard extends string = never,
    const Result extends PatchOf<Writes, Patches> = PatchOf<Writes, Patches>,
    Handoff extends string = never,
  >(
    agent: Agent<ToolName, Input, Output>,
    config: AgentUse<Reads, Heard, ToolName, Values> & {
      /** State keys its answer may write; default none. */
      readonly writes?: readonly Writes[]
      /** Whom it may hand over to; each is an outcome of its own, offered to its model while it can be taken. */
      readonly handoffs?: Handoffs<Handoff>
    } & InputMapping<Input, Given<Reads, Heard, Values>> &
      InputRule<Slice<Reads, Values>, Input> &
      ApplyMapping<Output, Result, Given<Reads, Heard, Values>> &
      ApplyRule<Output, Slice<Writes, Patches>> &
      ExtraKeys<'apply', Exclude<keyof Result, keyof Patches>>,
  ): AgentNode<Needed<Reads, Values>, ToolName, Values, Handoff>

  /** A tool as a node: one call. `input` and `apply` are needed only where the shapes do not already fit. */
  tool<
    Name extends string,
    Input,
    Output,
    Reads extends keyof Values & string = never,
    Writes extends keyof Values & keyof Patches & string = never,
    Heard extends string = never,
    const Result extends PatchOf<Writes, Patches> = PatchOf<Writes, Patches>,
    Undo = never,
  >(
    tool: Tool<Name, Input, Output>,
    config: EffectOptions<Reads, Heard> & {
      /** State keys its patch may write; default none. */
      readonly writes?: readonly Writes[]
      /** Only more careful than the tool's own. */
      readonly effect?: EffectClass
      /** How to undo it when the run does not complete; `false`: what the tool says of that does not hold here. */
      readonly compensate?: Compensation<UndoneNode<Input, Output, Slice<Reads, Values>>, Undo> | false
    } & InputMapping<Input, Given<Reads, Heard, Values>> &
      InputRule<Slice<Reads, Values>, Input> &
      ApplyMapping<Output, Result, Given<Reads, Heard, Values>> &
      ApplyRule<Output, Slice<Writes, Patches>> &
      ExtraKeys<'apply', Exclude<keyof Result, keyof Patches>>,
  ): ToolNode<Needed<Reads, Values>, Name, Values>

  /** A decision: rules in code (`decide`), or a reviewing model (`model`, `instructions`). */
  gate<const Outcome extends string, Reads extends keyof Values & string = never, Heard extends string = never>(
    config: CodeGate<Outcome, Reads, Heard, Values> | ReviewGate<Outcome, Reads, Heard, Values>,
  ): GateNode<Outcome, Needed<Reads, Values>, Values>

  /** A person decides. */
  approval<
    Show extends keyof Values & string,
    Edits extends Show & keyof Patches = never,
    const Own extends string = 'approved' | 'rejected',
    Expires extends Duration = never,
    Asks extends boolean = false,
    Response extends z.core.$ZodObject = never,
    Heard extends string = never,
  >(
    config: ApprovalConfig<Show, Edits, Heard> &
      ApprovalOutcomes<Own, Expires, Asks> & {
        readonly response?: Response & FitsState<NoInfer<Response>, Patches>
      } & {
        readonly talk?: TalkOptions<NoInfer<Show>, Extract<keyof ResponseOf<NoInfer<Response>>, string>>
      },
  ): ApprovalNode<
    // Written out, so that messages show the outcomes and not how they were computed.
    | Own
    | ([Edits] extends [never] ? never : 'edited')
    | ([Expires] extends [never] ? never : 'expired')
    | (Asks extends true ? 'asked' : never),
    DecisionOf<ChosenOutcome<Own, Edits, Asks>, { readonly [Key in Edits]?: Patches[Key] }, ResponseOf<Response>>,
    Needed<Show, Values>,
    Values
  >

  /** Plain code with an effect class. */
  task<
    Reads extends keyof Values & string = never,
    Writes extends keyof Values & keyof Patches & string = never,
    Heard extends string = never,
    const Outcome extends string = 'done',
    const Result extends TaskResult<NoInfer<Outcome>, PatchOf<Writes, Patches>> = TaskResult<
      NoInfer<Outcome>,
      PatchOf<Writes, Patches>
    >,
    Undo = never,
  >(
    config: TaskConfig<Outcome, Reads, Writes, Heard> & {
      /** How to undo it when the run does not complete. What it was called with is the slice, what it gave is its patch. */
      readonly compensate?: Compensation<
        UndoneNode<
          Slice<Reads, Values>,
          { readonly [Key in Writes]?: Exclude<Patches[Key], symbol> },
          Slice<Reads, Values>
        >,
        Undo
      >
    } & TaskRun<Result, Given<Reads, Heard, Values>> &
      ExtraKeys<'run', Exclude<KeysOf<Result>, keyof Patches>>,
  ): TaskNode<Outcome, Needed<Reads, Values>, Values>

  /** Work on every item of a list, several at a time: each is a call of a tool or a function, or a run of an agent or of a workflow. */
  map<
    // Without an alias, so that messages show the keys that hold a list.
    const Source extends
      | {
          [Name in keyof Values & string]-?: NonNullable<Values[Name]> extends readonly unknown[] ? Name : never
        }[keyof Values & string]
      | ((given: Given<Reads, Heard, Values>) => Later<readonly unknown[]>),
    Output,
    Work extends ItemWork = never,
    Called = ItemOf<Source, Values>,
    Reads extends keyof Values & string = never,
    Writes extends keyof Values & keyof Patches & string = never,
    Heard extends string = never,
    Failed extends FailedBranches = 'raise',
    Done extends MapDone = 'all',
    const Result extends PatchOf<Writes, Patches> = PatchOf<Writes, Patches>,
    Undo = never,
  >(
    config: MapOptions<Reads, Writes, Heard, Failed> & {
      /** A key that holds a list, or a function that makes one. */
      readonly over: Source
      /** When it is done; default `all`. */
      readonly done?: Done
      /** How to undo an item that is a call, when the run does not complete; `false`: what its tool says of that does not hold here. */
      readonly compensate?: ItemCompensation<Work, Called, Output, Slice<Reads, Values>, Undo>
    } & ItemOptions<Work, Called, Output, ItemOf<Source, Values>, GivenItem<Reads, Heard, Values>> &
      ItemRule<Source, Work, Called, Values> &
      WantedOutput<Done, Output, ItemOf<Source, Values>> &
      ApplyResults<Writes, readonly ItemResult<Output, Failed>[], Result, Given<Reads, Heard, Values>> &
      ExtraKeys<'apply', Exclude<keyof Result, keyof Patches>>,
  ): MapNode<MapOutcome<Done, Failed>, Needed<Reads | Extract<Source, keyof Values & string>, Values>, Work, Values>

  /**
   * A workflow as a node: it runs inside this run, with a state of its own, within the limits of both. `input` and `apply` are needed only
   * where the shapes do not already fit.
   */
  nested<
    Input,
    Output,
    Approvals,
    Reads extends keyof Values & string = never,
    Writes extends keyof Values & keyof Patches & string = never,
    Heard extends string = never,
    const Result extends PatchOf<Writes, Patches> = PatchOf<Writes, Patches>,
  >(
    workflow: Workflow<Input, Output, Approvals>,
    config: NodeOptions<Reads, Heard> & {
      /** State keys its patch may write; default none. */
      readonly writes?: readonly Writes[]
    } & InputMapping<Input, Given<Reads, Heard, Values>> &
      InputRule<Slice<Reads, Values>, Input> &
      ApplyMapping<Output, Result, Given<Reads, Heard, Values>> &
      ApplyRule<Output, Slice<Writes, Patches>> &
      ExtraKeys<'apply', Exclude<keyof Result, keyof Patches>>,
  ): WorkflowNode<Approvals, Needed<Reads, Values>, Values>

  /**
   * An event that waits of the workflow take from outside, or that edges emit to the nodes that are `on` it.
   *
   * @param name - unique in a workflow
   * @param payload - schema of what it carries, which must survive JSON; default: it carries nothing
   */
  event<Name extends string>(name: Name, payload?: undefined, options?: EventOptions): NamedEvent<Name, null, null>
  event<Name extends string, Schema extends z.core.$ZodType>(
    name: Name,
    payload: Schema,
    options?: EventOptions,
  ): NamedEvent<Name, EventInput<Schema>, EventPayload<Schema>>

  /**
   * Waits for an event from outside (`for`), for time to pass (`delay`) or until a moment (`until`); holds no process. An event that came before is
   * taken at once. Outcome: `received`, or of several events the name of the one that came; `done` where it waits for time.
   */
  wait<
    const For extends NamedEvent | readonly NamedEvent[] = never,
    Reads extends keyof Values & string = never,
    Writes extends keyof Values & keyof Patches & string = never,
    Heard extends string = never,
    // Without an alias, so that messages show the keys that hold a word.
    Key extends {
      [Name in keyof Values & string]-?: NonNullable<Values[Name]> extends string | number ? Name : never
    }[keyof Values & string] = never,
    Delay extends Duration = never,
    Expires extends Duration = never,
    const Result extends PatchOf<Writes, Patches> = PatchOf<Writes, Patches>,
  >(
    config: WaitOptions<For, Reads, Writes, Heard, Expires> &
      WaitTerms<Key, Delay, Given<Reads, Heard, Values>> &
      AwaitsOneThing<For, Delay> &
      ReceiveMapping<ReceivedOf<For>, PayloadOf<For>, Slice<Writes, Patches>, Result, Given<Reads, Heard, Values>> &
      ExtraKeys<'apply', Exclude<keyof Result, keyof Patches>>,
  ): WaitNode<WaitOutcome<For, Expires>, Needed<Reads | Key, Values>, Values>

  /** Where the branches of a fork meet: `{ fork: [n.search, n.price], join: n.merge }`. */
  join<Failed extends FailedBranches = 'raise', Expires extends Duration = never>(
    config?: JoinConfig<Failed, Expires>,
  ): JoinNode<JoinOutcome<Failed, Expires>, Failed extends 'raise' ? 'failed' : never, Values>

  /**
   * Some nodes that keep to themselves: state keys that only they read and write, perhaps secrets and a store of their own. Nodes made with what this
   * returns are in the group; they read the shared state, and write of it what the group exports.
   *
   * @param name - unique in a workflow
   */
  group<
    // oxlint-disable-next-line no-generated-empty-object-type -- a group without keys of its own
    const Shape extends { readonly [key: string]: StateEntry } = Record<never, StateEntry>,
    Export extends keyof Patches & string = never,
  >(
    name: string,
    config: GroupConfig<Shape & CheckedShape<NoInfer<Shape>>, Export>,
  ): GroupBuilder<Values & ValuesOf<Shape>, Pick<Patches, Export> & PatchesOf<Shape>>

  /** Gives nodes their names; edges refer to them as `n.name`. */
  nodes<Nodes extends NodeTable<Values>>(nodes: Nodes): Nodes

  /** The workflow. Checked when it is built: `buildGraph`, `check` or the first run. */
  workflow<
    Nodes extends NodeTable<Values>,
    Schema extends z.core.$ZodObject,
    OutputKey extends keyof Values & string = never,
  >(
    name: string,
    config: WorkflowConfig<Nodes, Schema, OutputKey, Values> & { readonly input: FitsState<NoInfer<Schema>, Patches> },
  ): Workflow<z.input<Schema>, Slice<OutputKey, Values>, ApprovalsOf<Nodes>, MovesOf<Nodes>>
}

/** Everything that can be made in a group. Joins and the workflow are the whole's. */
export type GroupBuilder<Values, Patches> = Omit<StateBuilder<Values, Patches>, 'group' | 'join' | 'nodes' | 'workflow'>

/** Without `output` the answer is the patch and there is nothing to apply. */
export type AgentApply<Output extends z.core.$ZodType, Writes> = [Output] extends [z.core.$ZodNever]
  ? { readonly apply?: NothingToApply }
  : ApplyRule<z.output<Output>, Writes>

/**
 * Declares the state that the nodes of a workflow share: keys with zod schemas that survive JSON, each under a merge rule.
 *
 * A key whose schema is optional may be absent; any other must have been written before it is read, which `check` proves.
 *
 * @example
 * const w = defineState({ order: z.string(), amountUsd: z.number().optional(), notes: rule.append(Note, { key: 'id' }) })
 */
export function defineState<const Shape extends { readonly [key: string]: StateEntry }>(
  shape: Shape & CheckedShape<NoInfer<Shape>>,
): StateBuilder<ValuesOf<Shape>, PatchesOf<Shape>> {
  const state = Object.freeze({ ...shape })
  // Author-facing types live in the interface alone; what is written is kept as it is and checked by `graph`.
  return makeBuilder(state) as unknown as StateBuilder<ValuesOf<Shape>, PatchesOf<Shape>>
}
