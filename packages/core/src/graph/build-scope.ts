import type { EventDefinition } from '../define/event.ts'
import type { GuardDefinition } from '../define/guard.ts'
import type { NodeDefinition } from '../define/node.ts'
import type { NodesDefinition } from '../define/nodes.ts'
import type { ToolDefinition } from '../define/tool.ts'
import type { Workflow } from '../define/workflow.ts'
import type { Place } from '../errors/definition-error.ts'
import type { BuiltGroups } from './build-groups.ts'
import type { BuiltState } from './build-state.ts'
import type { NodeRecord } from './graph.ts'
import type { IssueList } from './issues.ts'
import type { Written } from './read-config.ts'
import type { NestedGraph, NodeFunctions } from './registry.ts'

/** What the parts of a build share. Guards and tools are collected as they are met. */
export interface BuildScope {
  /** Name of the workflow, the root of every place. */
  readonly name: string
  readonly place: Place
  readonly issues: IssueList
  /** The state object given to `defineState`. */
  readonly state: object
  /** Private keys of groups included. */
  readonly built: BuiltState
  readonly groups: BuiltGroups['records']
  readonly stateKeys: ReadonlySet<string>
  /** Null when `nodes` is not from `w.nodes`. */
  readonly table: NodesDefinition | null
  readonly nodeNames: ReadonlySet<string>
  /** Name by node; the first one of a node with two. */
  readonly nameOf: ReadonlyMap<NodeDefinition, string>
  readonly guards: Map<string, { readonly definition: GuardDefinition; readonly place: Place }>
  readonly tools: Map<string, { readonly definition: ToolDefinition; readonly place: Place }>
  /** Events that were met, by name. */
  readonly events: Map<string, { readonly definition: EventDefinition; readonly place: Place }>
  /** Names of the events that waits take. */
  readonly awaited: Set<string>
  /** Nodes by the event that they are on. Order: of the nodes. */
  readonly subscribers: Map<string, readonly string[]>
  /** Names of the events that edges emit. */
  readonly emitted: Set<string>
  /** Builds a workflow that a node names. @throws {DefinitionError} with its own issues */
  readonly buildNested: (workflow: Workflow) => NestedGraph
  /** Nested workflows by name. */
  readonly workflows: Map<string, NestedGraph>
}

/** A node's record and functions; undefined when too much of it is wrong to go on. */
export type BuiltNode = { readonly record: NodeRecord; readonly functions: NodeFunctions } | undefined

/** A node that is being read. */
export interface NodeSite {
  readonly scope: BuildScope
  readonly id: string
  readonly definition: NodeDefinition
  readonly written: Written
}

/** The part of a workflow that a place is in, for a message: `edges.tone.rude`. */
export function partOf(scope: BuildScope, place: Place): string {
  return place.path.slice(scope.name.length + 1)
}
