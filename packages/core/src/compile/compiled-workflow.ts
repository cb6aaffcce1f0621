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
  /** Plans the long way: short cuts are not taken, so that a test may prove that they change nothing. Absent: they are. */
  readonly isThorough?: true
  /** Made of a stored graph: the author's functions and schemas are not there. Absent: they are. */
  readonly isWithoutFunctions?: true
}

/** The same workflow, planned the long way: every move by the machine, every difference by comparing. */
export function thoroughly(compiled: CompiledWorkflow): CompiledWorkflow {
  const known = thorough.get(compiled)
  if (known !== undefined) return known
  const nested = new Map(Array.from(compiled.nested, ([node, inside]) => [node, thoroughly(inside)]))
  // Not a copy: reading `machine` would build it.
  const made = Object.create(compiled, { nested: { value: nested }, isThorough: { value: true } }) as CompiledWorkflow
  thorough.set(compiled, made)
  return made
}

const thorough = new WeakMap<CompiledWorkflow, CompiledWorkflow>()
