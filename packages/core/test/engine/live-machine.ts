import { createActor, fromCallback, fromPromise, type ActorLogic, type EventObject, type Snapshot } from 'xstate'
import type { JsonObject } from '../../src/base/json.ts'
import type { CompiledWorkflow } from '../../src/compile/compiled-workflow.ts'
import type { ActorInput } from '../../src/compile/machine-event.ts'
import type { NodeRecord } from '../../src/graph/graph.ts'
import type { EffectEnd } from '../../src/snapshot/event.ts'
import type { RunContext } from '../../src/snapshot/snapshot.ts'
import { randomSource } from '../graphs/random-source.ts'
import { patchFor } from '../graphs/registry-for.ts'

/** How a node's work ends, as a script says it. */
export type ScriptedEnd = { readonly outcome: string } & Partial<Omit<EffectEnd, 'step' | 'attempt' | 'startedAt'>>

/** Every turn that asks for tools asks for so many; random agents allow no more. */
const callsPerTurn = 2

/** Ends of nodes by seed, node and how often the node has been asked: the same for every way of running a graph. */
export interface EndScript {
  /** Undefined: the script is over. */
  next(record: NodeRecord, state: JsonObject): ScriptedEnd | undefined
}

/** Makes an {@link EndScript}. @param most - ends in all */
export function createEndScript(seed: number, most = 120): EndScript {
  const asked = new Map<string, number>()
  let left = most
  return {
    next(record, state) {
      if (left === 0) return undefined
      left -= 1
      const count = asked.get(record.id) ?? 0
      asked.set(record.id, count + 1)
      const random = randomSource(seed * 7919 + count * 131 + record.id.charCodeAt(1))
      const error = { name: 'NodeError', code: 'WAYSTONE_NODE_THREW', message: 'no luck', retryable: false }
      if (record.kind !== 'approval' && random.chance(0.08)) return { outcome: 'failed', error }
      const own = record.outcomes.filter((outcome) => !['failed', 'timeout', 'unknown', 'expired'].includes(outcome))
      const outcome = random.pick(own)
      const patch = record.kind === 'gate' || record.kind === 'approval' ? {} : { patch: patchFor(record, state) }
      if (record.kind !== 'agent') return { outcome, ...patch }
      const message = { role: 'assistant', content: [], calls: [] } as const
      if (random.chance(0.1)) return { outcome, message, misfit: ['wrong'] }
      if (record.tools.length === 0 || random.chance(0.5)) return { outcome, message, ...patch }
      const calls = Array.from({ length: callsPerTurn }, (_, index) => ({
        id: `c${index}`,
        name: random.pick(record.tools),
        arguments: {},
      }))
      return { outcome, message: { ...message, calls } }
    },
  }
}

/** What a machine did under plain `createActor`. */
export interface LiveRun {
  readonly taken: readonly string[]
  /** Nodes in the order of their entry. */
  readonly entered: readonly string[]
  readonly context: RunContext
  readonly value: unknown
  readonly isDone: boolean
  /** Input of every actor that was started, in order. */
  readonly inputs: readonly ActorInput[]
}

/** Runs a compiled machine under plain `createActor`: promise actors for nodes, callback actors for the tools of an agent. */
export async function runLive(compiled: CompiledWorkflow, input: JsonObject, script: EndScript): Promise<LiveRun> {
  const inputs: ActorInput[] = []
  const taken: string[] = []
  const over = { isReached: false }
  const actors: { [name: string]: ActorLogic<Snapshot<unknown>, EventObject, ActorInput> } = {}
  for (const record of Object.values(compiled.graph.nodes)) {
    actors[record.id] = fromPromise<ScriptedEnd, ActorInput>(({ input: given }) => {
      inputs.push(given)
      const end = script.next(record, given.state)
      if (end !== undefined) return Promise.resolve(end)
      over.isReached = true
      return new Promise(() => undefined)
    }) as unknown as (typeof actors)[string]
    actors[`${record.id}:tools`] = fromCallback<EventObject, ActorInput>(({ sendBack, input: given }) => {
      inputs.push(given)
      for (let count = 0; count < callsPerTurn; count++) {
        queueMicrotask(() => sendBack({ type: `waystone.item.${record.id}`, output: { outcome: 'done', result: 1 } }))
      }
    }) as unknown as (typeof actors)[string]
  }
  for (const record of Object.values(compiled.graph.nodes)) {
    actors[`${record.id}:approval`] = fromCallback<EventObject, ActorInput>(({ sendBack, input: given }) => {
      inputs.push(given)
      queueMicrotask(() => sendBack({ type: `waystone.item.${record.id}`, output: { outcome: 'approved' } }))
    }) as unknown as (typeof actors)[string]
  }
  // The machine is untyped outside of `compile`.
  const machine = compiled.machine.provide({ actors })
  const actor = createActor(machine, {
    input: { state: input },
    inspect: (event) => {
      if (event.type !== '@xstate.microstep') return
      // XState's own name.
      // oxlint-disable-next-line no-underscore-dangle
      for (const { actions } of event._transitions) {
        for (const action of actions as readonly (string | { readonly type: string })[]) {
          const name = typeof action === 'string' ? action : action.type
          if (name.startsWith('take:')) taken.push(name.slice('take:'.length))
        }
      }
    },
  })
  actor.start()
  const isDone = (): boolean => actor.getSnapshot().status !== 'active'
  for (let turn = 0; turn < 10_000 && !isDone() && !over.isReached; turn++)
    await new Promise((resolve) => void setImmediate(resolve))
  const { context, value, status } = actor.getSnapshot() as { context: RunContext; value: unknown; status: string }
  actor.stop()
  const entered = inputs.flatMap(({ node }, index) => (inputs[index - 1]?.node === node ? [] : [node]))
  return { taken, entered, context, value, isDone: status === 'done', inputs }
}
