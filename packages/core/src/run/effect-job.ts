import { own } from '../base/own.ts'
import type { CompiledWorkflow } from '../compile/compiled-workflow.ts'
import { stateFor } from '../compile/seen-state.ts'
import { pick } from '../compile/steps.ts'
import type { Model, ModelPrice } from '../define/model.ts'
import type { NodeRecord } from '../graph/graph.ts'
import type { NodeInput } from '../graph/registry.ts'
import type { MemoryStore } from '../memory/memory-store.ts'
import type { EffectEnd } from '../snapshot/event.ts'
import type { EventMessage } from '../snapshot/received-event.ts'
import type { OpenStep, RunContext } from '../snapshot/snapshot.ts'
import type { Attempt, EffectScope } from './effect-context.ts'
import type { PastReader } from './past-step.ts'
import type { GroupBinding } from './runtime.ts'
import type { SecretVault } from './secrets.ts'

/** What executors reach beside the step. */
export interface ExecutorPorts {
  readonly models: ReadonlyMap<string, Model>
  readonly prices: ReadonlyMap<string, ModelPrice>
  readonly vault: SecretVault
  /** What groups have to themselves, by name. */
  readonly groups: { readonly [name: string]: GroupBinding }
  /** Long-term memory; null: none is bound. */
  readonly memory: MemoryStore | null
}

/** One attempt of one step, everything its executor needs. */
export interface EffectJob {
  readonly compiled: CompiledWorkflow
  /** The stored snapshot it starts from, and its sequence. */
  readonly context: RunContext
  readonly sequence: number
  readonly record: NodeRecord
  readonly open: OpenStep
  readonly scope: EffectScope
  /** For a step that takes an event over: what came. */
  readonly received?: EventMessage
  readonly ports: ExecutorPorts
  /** Provisional tokens of a model. */
  readonly onToken: (text: string) => void
  /** The service said that nobody should call it for a while. Units: ms. */
  readonly onBlocked: (waitMs: number) => void
  /** Of a compensation: what it undoes, which is read before it begins. */
  readonly past?: PastReader
  /** Another process may have begun this very attempt; absent: none has. */
  readonly mayHaveBegun?: boolean
}

/** How an attempt ended, without what every end has (step, attempt, start, log, sources). */
export type Ended = Omit<EffectEnd, 'step' | 'attempt' | 'startedAt' | 'log' | 'sources'>

/** What the node's functions are given: the keys it reads, the verdicts it hears. Frozen. */
export function nodeInputOf(record: NodeRecord, context: RunContext): NodeInput {
  return Object.freeze({
    state: pick(stateFor(record, context), record.reads),
    heard: pick(context.verdicts, record.hears),
  })
}

/** What an item of a map is known by. */
export function itemOf({ maps }: RunContext, { node, item }: OpenStep): Pick<Attempt, 'item'> {
  const map = item === undefined || maps === undefined ? undefined : own(maps, node)
  return map === undefined || item === undefined ? {} : { item: { map: map.step, index: item } }
}
