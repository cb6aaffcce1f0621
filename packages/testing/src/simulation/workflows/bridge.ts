import type { EffectClass, EffectContext } from '@waystone/core'
import type { SimulatedProcess } from '../process.ts'
import type { Surroundings, WorldCall } from '../surroundings.ts'

/** Where author code finds the world that is being simulated. One at a time. */
export const bridge: { world: Surroundings | null } = { world: null }

/** Something that author code asks of the world. */
export interface Work {
  readonly name: string
  readonly effect: EffectClass
  readonly context: EffectContext
  readonly input: { readonly [key: string]: unknown }
}

/** Asks the world and waits. */
export async function ask(work: Work): Promise<{ readonly receipt: string; readonly amount: number }> {
  const caller = callerOf(work)
  if (caller === null) return await new Promise(() => {})
  const { receipt, amount } = await caller.world.outside.begin(caller.process, caller.call)
  return { receipt, amount }
}

/** Asks the world and has the answer at once. */
export function askNow(work: Work): number {
  const caller = callerOf(work)
  return caller === null ? 0 : caller.world.outside.now(caller.process, caller.call).amount
}

interface Caller {
  readonly world: Surroundings
  readonly process: SimulatedProcess
  readonly call: WorldCall
}

/** The process in whose task the author's code runs; null: it died meanwhile. */
function callerOf({ name, effect, context, input }: Work): Caller | null {
  const { world } = bridge
  const current = world?.timeline.current
  if (world === null || current === null || current === undefined || current.state === 'dead') return null
  const { effectId, runId, node, attempt, signal } = context
  // Only processes own tasks in which author code runs, and schemas made the input from JSON.
  return {
    world,
    process: current as SimulatedProcess,
    call: { effectId, runId, node, attempt, signal, name, effect, input: input as never },
  }
}
