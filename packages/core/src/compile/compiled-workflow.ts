import type { AnyStateMachine } from 'xstate'
import type { Graph, GraphHashes } from '../graph/graph.ts'
import type { Registry } from '../graph/registry.ts'
import type { GraphIndex } from './graph-index.ts'
import type { MachineRunner } from './machine-runner.ts'
import type { RouteMemo } from './route-memo.ts'

/** A workflow ready to run. Frozen. */
export interface CompiledWorkflow {
  readonly graph: Graph
  readonly registry: Registry
  readonly hashes: GraphHashes
  /**
   * The XState 5 machine. It also runs under plain `createActor` with actors provided by node id, each of which ends with
   * `{ outcome, patch }`; timers, attempts and people are Waystone's and do not exist there.
   */
  readonly machine: AnyStateMachine
  readonly index: GraphIndex
  /** Nested workflows, by the node that holds each, as a whole or for each of its items. */
  readonly nested: ReadonlyMap<string, CompiledWorkflow>
  /** Decides each event once, for the machine's guards and for `plan`. */
  readonly memo: RouteMemo
  /** Moves the machine purely. */
  readonly runner: MachineRunner
}
