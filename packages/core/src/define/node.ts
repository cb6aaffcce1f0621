import type { GroupDefinition } from './group.ts'
import type { SourceLine } from './source-line.ts'
import type { Verdict } from './verdict.ts'

/** Marks a node and every reference to it. */
export const nodeMarker: unique symbol = Symbol.for('waystone.node')

/** Kinds of nodes. */
export type NodeKind = 'agent' | 'tool' | 'gate' | 'approval' | 'task' | 'map' | 'join' | 'workflow' | 'wait'

/** A node as its author wrote it; nothing in it has been checked. */
export interface NodeDefinition {
  readonly kind: NodeKind
  readonly config: Readonly<Record<string, unknown>>
  /** The tool, agent or workflow that was defined apart from it. */
  readonly subject: unknown
  /** The state object given to `defineState`, to tell states apart. */
  readonly state: object
  /** The group it was made in; absent: none. */
  readonly group?: GroupDefinition
  /** It was made for a call of an item of a map; absent: an author wrote it. */
  readonly isAboutCall?: true
  readonly source: SourceLine | undefined
}

/** Every node, whatever its kind. `Values` is the state it belongs to. */
export interface AnyNode<Values> {
  readonly '~node': Values
}

/** A node whose work needs these keys to be in the state. */
export interface NodeReading<Name extends string, Values> extends AnyNode<Values> {
  readonly '~reads': Name
}

/** What an edge table and policies need to know of a node: outcomes that must be routed, and those that may be. */
export interface Node<Own extends string, BuiltIn extends string, Reads extends string, Values> extends NodeReading<
  Reads,
  Values
> {
  readonly '~outcomes': Own
  readonly '~builtIn': BuiltIn
}

/** Outcomes that effects may have beside their own, and that need no edge. */
export type EffectOutcome = 'failed' | 'timeout' | 'unknown'

/** An agent in a workflow. With limits of its own it may end `exhausted`; each of its handoffs is an outcome. */
export interface AgentNode<
  Reads extends string,
  ToolName extends string,
  Values,
  Handoff extends string = never,
> extends Node<'done' | Handoff, EffectOutcome | 'exhausted', Reads, Values> {
  readonly '~tools': ToolName
  readonly '~agent': true
}

/** A tool in a workflow. */
export interface ToolNode<Reads extends string, ToolName extends string, Values> extends Node<
  'done',
  EffectOutcome,
  Reads,
  Values
> {
  readonly '~tools': ToolName
}

/** A gate in a workflow. */
export interface GateNode<Outcome extends string, Reads extends string, Values> extends Node<
  Outcome,
  'failed' | 'timeout',
  Reads,
  Values
> {
  readonly '~gate': true
}

/** A task in a workflow. */
export interface TaskNode<Outcome extends string, Reads extends string, Values> extends Node<
  Outcome,
  EffectOutcome,
  Reads,
  Values
> {
  readonly '~task': true
}

/** An approval in a workflow. `Decision` is what a person may answer. */
export interface ApprovalNode<Outcome extends string, Decision, Reads extends string, Values> extends Node<
  Outcome,
  never,
  Reads,
  Values
> {
  readonly '~decision': Decision
}

/** A nested workflow. `Approvals` is what people may answer inside it, by node. */
export interface WorkflowNode<Approvals, Reads extends string, Values> extends Node<
  'done',
  'failed' | 'exhausted',
  Reads,
  Values
> {
  /** Any may run in it; whether a policy names one is `check`'s to say. */
  readonly '~tools': string
  readonly '~nested': Approvals
}

/** Values of some state keys. Optional keys may be absent. */
export type Slice<Name extends keyof Values, Values> = { readonly [Key in Name]: Values[Key] }

/** What a node's functions are given. Frozen. */
export interface Given<Name extends keyof Values, Heard extends string, Values> {
  /** The keys the node reads. */
  readonly state: Slice<Name, Values>
  /** Last verdict of each gate or approval the node hears; absent before its first. */
  readonly heard: { readonly [Key in Heard]?: Verdict }
}

/** Stands for a state key that the node does not declare in `writes`; nothing fits it. */
export interface NotInWrites {
  readonly '~notInWrites': never
}

/** What a node may give back: keys it declares in `writes`, and no other. `undefined` is refused; `UNSET` removes an optional key. */
export type PatchOf<Name extends keyof Patches, Patches> = {
  readonly [Key in keyof Patches]?: Key extends Name ? Patches[Key] : NotInWrites
}

/** A value, now or later. */
export type Later<Value> = Value | Promise<Value>

/** Values that survive JSON, as far as types can tell; optional fields of objects may be absent. */
export type JsonLike =
  | null
  | string
  | number
  | boolean
  | readonly JsonLike[]
  | { readonly [key: string]: JsonLike | undefined }
