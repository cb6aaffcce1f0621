import type { z } from 'zod'
import type { CallDecision } from './call-approval.ts'
import type { Duration } from './duration.ts'
import type { EndingTarget, RoutesOf } from './edge.ts'
import type { Guard } from './guard.ts'
import type { HandoffLimits } from './handoff.ts'
import type { WorkingNode } from './join.ts'
import type { Limit } from './limit.ts'
import type { AnyNode, Node, NodeReading } from './node.ts'
import type { SourceLine } from './source-line.ts'
import type { Needed, ReadonlyDeep } from './state-values.ts'
import type { AnyTool } from './tool.ts'

/** Marks a workflow, also one that another copy of the package made. */
export const workflowMarker: unique symbol = Symbol.for('waystone.workflow')

/** A workflow as its author wrote it; nothing in it has been checked. */
export interface WorkflowDefinition {
  readonly name: unknown
  readonly config: Readonly<Record<string, unknown>>
  /** The state object given to `defineState`. */
  readonly state: object
  readonly source: SourceLine | undefined
  /** It was made of an agent, and may have a name that authors cannot give. */
  readonly isMade?: true
}

/**
 * A workflow: what `w.workflow` returns and everything else takes. Checked and compiled when it is used.
 *
 * Shape: `Approvals` says by node what a person may answer; `Moves` ({@link MovesOf}) what an operator may patch, and where they may send a run.
 */
export interface Workflow<Input = object, Output = object, Approvals = object, Moves = object> {
  readonly name: string
  readonly [workflowMarker]: WorkflowDefinition
  readonly '~input': Input
  readonly '~output': Output
  readonly '~approvals': Approvals
  readonly '~moves': Moves
}

/** True for a workflow, also one that another copy of the package made. */
export function isWorkflow(value: unknown): value is Workflow {
  return typeof value === 'object' && value !== null && workflowMarker in value
}

/** Nodes by name. */
export interface NodeTable<Values> {
  readonly [name: string]: AnyNode<Values>
}

/** Edges of every node, by node and outcome. */
export type EdgesOf<Nodes, Values> = {
  readonly [Name in keyof Nodes]: Nodes[Name] extends Node<infer Own, infer BuiltIn, string, Values>
    ? RoutesOf<Own, BuiltIn, Values>
    : never
}

/** What a person may answer, by approval and by agent with tools; inside nested workflows by path, `research/manager`. */
export type ApprovalsOf<Nodes> = OwnApprovalsOf<Nodes> & NestedApprovalsOf<Nodes>

/** As {@link ApprovalsOf}, without nested workflows. */
export type OwnApprovalsOf<Nodes> = {
  readonly [
    Name in keyof Nodes as Nodes[Name] extends { readonly '~decision': unknown } | { readonly '~agent': true }
      ? [ToolNameOf<Nodes[Name]>] extends [never]
        ? Nodes[Name] extends { readonly '~decision': unknown }
          ? Name
          : never
        : Name
      : never
  ]: Nodes[Name] extends { readonly '~decision': infer Decision } ? Decision : CallDecision
}

/** The part of {@link ApprovalsOf} that nested workflows have. */
export type NestedApprovalsOf<Nodes> = UnionToIntersection<
  {
    readonly [Name in keyof Nodes]: Nodes[Name] extends { readonly '~nested': infer Approvals }
      ? { readonly [Inner in keyof Approvals as `${Name & string}/${Inner & string}`]: Approvals[Inner] }
      : never
  }[keyof Nodes]
>

/** What operators may do to runs, as far as types know it. */
export interface Moves<State, Optional extends string, Name extends string> {
  /** Keys of the state, those of groups too, as they may be patched. */
  readonly state: State
  /** Keys of it that may be removed. */
  readonly unset: Optional
  /** Where a run may be redirected to. Whether a node is declared `redirectable` is looked at when it is. */
  readonly node: Name
}

/** What operators may do to runs of a workflow of these nodes. */
export type MovesOf<Nodes extends NodeTable<unknown>> = Moves<
  PatchableOf<Nodes[keyof Nodes]['~node']>,
  OptionalKeyOf<Nodes[keyof Nodes]['~node']>,
  (keyof Nodes & string) | `${NestingOf<Nodes>}/${string}`
>

/** Values as a patch from outside may set them. `Views`: the shared state, and as each group sees it. */
export type PatchableOf<Views> = {
  readonly [Key in KeyOfAny<Views>]?: ReadonlyDeep<Exclude<ValueInAny<Views, Key>, undefined>>
}

/** Keys that may be absent. */
export type OptionalKeyOf<Views> = Views extends unknown
  ? Exclude<keyof Views & string, Needed<keyof Views & string, Views>>
  : never

/** Keys of every part of a union. */
export type KeyOfAny<Union> = Union extends unknown ? keyof Union : never

/** What the parts of a union that have a key hold there. */
export type ValueInAny<Union, Key> = Union extends unknown ? (Key extends keyof Union ? Union[Key] : never) : never

/** Names of nodes that are nested workflows. */
export type NestingOf<Nodes> = {
  [Name in keyof Nodes]: Nodes[Name] extends { readonly '~nested': unknown } ? Name : never
}[keyof Nodes] &
  string

/** What has the members of every part of a union; `unknown` for none. */
export type UnionToIntersection<Union> = (Union extends unknown ? (one: Union) => void : never) extends (
  all: infer All,
) => void
  ? [Union] extends [never]
    ? unknown
    : All
  : never

/** Names of all tools of these nodes. */
export type ToolNameOf<AnyOfNodes> = AnyOfNodes extends { readonly '~tools': infer Name extends string } ? Name : never

/** An outcome that must have been crossed: a node and one of its outcomes. */
export type CrossingOf<AnyOfNodes> =
  AnyOfNodes extends Node<infer Own, infer BuiltIn, string, infer _Values>
    ? readonly [AnyOfNodes, Own | BuiltIn]
    : never

/** "The tool never runs unless this outcome was crossed since it last ran and since the keys shown were last written." */
export interface Policy<Nodes, Values> {
  readonly never: AnyTool<ToolNameOf<Nodes[keyof Nodes]>>
  /** `approval`: a person is asked about the very call, or has approved at any approval. */
  readonly without: CrossingOf<Nodes[keyof Nodes]> | 'approval'
  /** Only paths on which this holds; default all. */
  readonly given?: Guard<Values>
  /** A yes to a call that a person had remembered counts as well; default false: each run of the tool is approved anew. */
  readonly remembered?: boolean
}

/** Upper bounds of a run. */
export interface Limits<Values> {
  /** Nodes' work, and model and tool calls inside agents. */
  readonly steps?: Limit
  readonly modelCalls?: Limit
  readonly toolCalls?: Limit
  /** Input and output. */
  readonly tokens?: Limit
  readonly inputTokens?: Limit
  readonly outputTokens?: Limit
  readonly cachedTokens?: Limit
  readonly reasoningTokens?: Limit
  readonly costUsd?: Limit
  /** From the start of the run, waiting included. */
  readonly duration?: Limit<Duration>
  /** Of handing over from agent to agent. They do not stop the run: the one too many escalates, or is refused. */
  readonly handoffs?: HandoffLimits<Values>
  /** Where to go when one is hit; default: the run ends `exhausted`. */
  readonly exhausted?: WorkingNode<Values> | EndingTarget
}

/** Limits of a workflow: upper bounds, and how long it may go on without getting anywhere. */
export interface WorkflowLimits<Values> extends Limits<Values> {
  /** Default: as long as edges and other limits allow. */
  readonly stall?: StallLimit<Values>
}

/** When a run has stalled, and where it goes then. The edge may be taken from any node. */
export interface StallLimit<Values> {
  /** Edges taken in a row without progress, 1 or more. Moves inside a node (turns, retries, items) do not count, nor does what leads to an end. */
  readonly transitions: number
  /** Only a change of one of these keys is progress; default: a change of any key, a node entered for the first time, and what a person decides. */
  readonly watch?: readonly (keyof Values & string)[]
  /** Default FAIL, as a run that failed with `stall`. */
  readonly to?: WorkingNode<Values> | EndingTarget
  /** Times it leads to `to`, 1 or more; default 1. */
  readonly limit?: number
  /** Where it leads once after that; default FAIL. A run that stalls again fails. */
  readonly otherwise?: WorkingNode<Values> | EndingTarget
}

/** What makes a workflow. */
export interface WorkflowConfig<
  Nodes,
  Schema extends z.core.$ZodObject,
  OutputKey extends keyof Values & string,
  Values,
> {
  /** Raise it when the workflow's meaning changes; default 1. */
  readonly version?: number
  /** For people. */
  readonly description?: string
  /** What a run starts with: an object whose keys are state keys. */
  readonly input: Schema
  /** State keys that are the run's result. */
  readonly output: readonly OutputKey[]
  /** From `w.nodes`. */
  readonly nodes: Nodes
  /** Reads no required key but those of the input. */
  readonly start: NodeReading<KeysOfSchema<NoInfer<Schema>>, Values>
  readonly edges: EdgesOf<NoInfer<Nodes>, Values>
  readonly limits?: WorkflowLimits<Values>
  readonly policies?: readonly Policy<NoInfer<Nodes>, Values>[]
}

/** Keys of an object schema. An empty one allows every key in the types of zod, and has none. */
export type KeysOfSchema<Schema extends z.core.$ZodType> = string extends keyof z.output<Schema>
  ? never
  : keyof z.output<Schema> & string

/** The schema's keys must be state keys and its values fit them. */
export type FitsState<Schema extends z.core.$ZodType, Patches> =
  Exclude<KeysOfSchema<Schema>, keyof Patches> extends never
    ? Pick<z.output<Schema>, KeysOfSchema<Schema>> extends {
        readonly [Key in keyof Patches]?: Patches[Key] | undefined
      }
      ? unknown
      : 'Schema does not fit the state: a value has another type than its state key'
    : `Schema does not fit the state: no such state key: ${Exclude<KeysOfSchema<Schema>, keyof Patches>}`
