import type { z } from 'zod'
import type { Json, JsonObject } from '../base/json.ts'
import type { EffectContext } from '../define/tool.ts'
import type { Verdict } from '../define/verdict.ts'
import type { Graph, GraphHashes } from './graph.ts'

/** Values of declared state keys, or of any other named things. Frozen. */
export type Slice = JsonObject

export type { Verdict }

/** What a node's functions are given beside its slice. */
export interface NodeInput {
  /** The keys the node declares in `reads`. */
  readonly state: Slice
  /** Last verdict of each gate or approval in `hears`; absent before its first. */
  readonly heard: { readonly [node: string]: Verdict }
}

/** What a compensation is given of the step that it undoes. */
export interface UndoneInput {
  readonly input: unknown
  readonly output: unknown
  readonly outcome: string
  readonly effectId: string
  /** Not where a tool says how its calls are undone. */
  readonly state?: Slice
}

/** Author functions of a compensation; one of them is null. */
export interface CompensationFunctions {
  /** What the tool is called with. Undefined: there is nothing to undo. */
  readonly input: ((given: UndoneInput) => unknown) | null
  readonly run: ((given: UndoneInput, context: EffectContext) => unknown) | null
}

/** A tool's functions. */
export interface ToolFunctions {
  readonly compensate?: CompensationFunctions
  readonly input: z.ZodType
  readonly output: z.ZodType
  /** Whether a call is asked about, for an approval by `arguments`. @param input - parsed by `input` */
  readonly asks?: (input: unknown) => unknown
  /** @param input - parsed by `input` */
  run(input: unknown, context: EffectContext): unknown
}

/** Author functions of a tool node. */
export interface ToolNodeFunctions {
  readonly kind: 'tool'
  readonly compensate?: CompensationFunctions
  /** Null: the read slice is the input. */
  readonly input: ((input: NodeInput) => unknown) | null
  /** Output to patch. Null: the output's keys that the node writes are the patch. */
  readonly apply: ((output: unknown, input: NodeInput) => unknown) | null
}

/** Author functions of an agent. */
export interface AgentFunctions {
  readonly kind: 'agent'
  /** Null: the record's text. */
  readonly instructions: ((input: NodeInput) => string) | null
  /** What the model is told first; null: the read slice as JSON. */
  readonly prompt: ((input: NodeInput) => string) | null
  /** Null: text. */
  readonly output: z.ZodType | null
  /** Output to patch. Null: the output's keys that the node writes are the patch. */
  readonly apply: ((output: unknown, input: NodeInput) => unknown) | null
  /** Contracts by handoff; absent: it has none that has one. */
  readonly contracts?: ReadonlyMap<string, z.ZodType>
}

/** Author functions of a gate. */
export interface GateFunctions {
  readonly kind: 'gate'
  /** An outcome, or a verdict. Null for a gate with a reviewer. */
  readonly decide: ((input: NodeInput, context: EffectContext) => unknown) | null
  /** As for an agent, for a gate with a reviewer. */
  readonly instructions: ((input: NodeInput) => string) | null
  readonly prompt: ((input: NodeInput) => string) | null
}

/** Author functions of a task. */
export interface TaskFunctions {
  readonly kind: 'task'
  readonly compensate?: CompensationFunctions
  /** A patch, or `{ outcome, patch }` when the task has outcomes of its own. */
  run(input: NodeInput, context: EffectContext): unknown
}

/** Schemas of an approval's answers. */
export interface ApprovalFunctions {
  readonly kind: 'approval'
  readonly response: z.ZodType | null
}

/** What the functions of a map's items are given beside the item. */
export interface ItemInput extends NodeInput {
  /** Place in the list, from 0. */
  readonly index: number
}

/** Author functions of a map. */
export interface MapFunctions {
  readonly kind: 'map'
  readonly compensate?: CompensationFunctions
  /** Null: the list of a state key. */
  readonly over: ((input: NodeInput) => unknown) | null
  /** Item to the input of a tool, agent or workflow. Null: the item is the input, or a function does the work. */
  readonly input: ((item: Json, input: ItemInput) => unknown) | null
  /** Null: a tool, an agent or a workflow does the work. */
  readonly run: ((item: Json, input: ItemInput, context: EffectContext) => unknown) | null
  /** Whether an output is what the map was after. Null: it is not after any. */
  readonly wanted: ((output: Json, item: Json) => unknown) | null
  /** Results in item order to patch. Null: it writes nothing. */
  readonly apply: ((results: readonly JsonObject[], input: NodeInput) => unknown) | null
  /** What each item runs; null: no workflow. */
  readonly nested: NestedItem | null
}

/** A workflow that the items of a map run. */
export interface NestedItem extends NestedGraph {
  /** It was made for the map, of an agent or of a tool that a person is asked about: the state key that takes its input, and the one that holds what it gave. */
  readonly made: { readonly input: string; readonly output: string } | null
}

/** A workflow that was built to be nested. */
export interface NestedGraph {
  readonly graph: Graph
  readonly registry: Registry
  readonly hashes: GraphHashes
}

/** A join has none. */
export interface JoinFunctions {
  readonly kind: 'join'
}

/** Author functions of a nested workflow, and what it is made of. */
export interface WorkflowFunctions {
  readonly kind: 'workflow'
  /** Null: the read slice is the input. */
  readonly input: ((input: NodeInput) => unknown) | null
  /** Output to patch. Null: the output's keys that the node writes are the patch. */
  readonly apply: ((output: unknown, input: NodeInput) => unknown) | null
  readonly nested: NestedGraph
}

/** Author functions of a wait. */
export interface WaitFunctions {
  readonly kind: 'wait'
  /** Null: the key is a state key's value, or there is none. */
  readonly key: ((input: NodeInput) => unknown) | null
  /** Null: the moment is a state key's value, or there is none. */
  readonly until: ((input: NodeInput) => unknown) | null
  /** What came to patch. Null: what it carries under the keys that the node writes is the patch. */
  readonly apply: ((received: unknown, input: NodeInput) => unknown) | null
}

/** Author functions of one node, told apart by `kind`. */
export type NodeFunctions =
  | ToolNodeFunctions
  | AgentFunctions
  | GateFunctions
  | TaskFunctions
  | ApprovalFunctions
  | MapFunctions
  | JoinFunctions
  | WorkflowFunctions
  | WaitFunctions

/**
 * The functions and schemas that a graph names. Kept apart from the graph so that the graph is plain JSON.
 *
 * Guards and reducers must be pure: same slice in, same answer out.
 */
export interface Registry {
  /** By guard name. The slice holds the keys the guard reads; an optional key may be absent. */
  readonly guards: ReadonlyMap<string, (slice: Slice) => unknown>
  /** By state key, for keys whose merge rule is `reducer`. `current` is undefined before the first write. */
  readonly reducers: ReadonlyMap<string, (current: Json | undefined, incoming: Json) => unknown>
  /** By state key: the key's whole value. */
  readonly stateSchemas: ReadonlyMap<string, z.ZodType>
  /** By state key: what a patch may hold for it (for `append`: the list of items to add). */
  readonly patchSchemas: ReadonlyMap<string, z.ZodType>
  readonly input: z.ZodType
  /** By tool name: tools of nodes and of agents. */
  readonly tools: ReadonlyMap<string, ToolFunctions>
  /** By name: what events that waits take carry. */
  readonly events: ReadonlyMap<string, z.ZodType>
  /** By node id. */
  readonly nodes: ReadonlyMap<string, NodeFunctions>
}
