import { createRuntime, type Runtime } from '@waystone/core'
import type { Store } from '@waystone/core/store'
import { counting } from './workflows.ts'

/** A runtime as it is in production: `plan` runs once. */
export function productionRuntime(store: Store): Runtime {
  return createRuntime({ store, checkPurity: false })
}

/** How long something took. */
export interface Spent {
  readonly wallMs: number
  /** Of all threads of this process: what a busy machine does not distort. */
  readonly cpuMs: number
}

/** Takes the time of something. */
export async function timed(act: () => Promise<unknown>): Promise<Spent> {
  const cpuBefore = process.cpuUsage()
  const beganAt = performance.now()
  await act()
  const wallMs = performance.now() - beganAt
  const { user, system } = process.cpuUsage(cpuBefore)
  return { wallMs, cpuMs: (user + system) / 1_000 }
}

/** Runs one counting run from its start to its end. */
export function countTo(runtime: Runtime, steps: number): Promise<Spent> {
  return timed(async () => {
    const run = await runtime.start(counting, { input: { count: 0, last: steps } })
    const { status } = await run.result()
    if (status !== 'completed') throw new RangeError(`a run of ${steps} steps ended ${status}`)
  })
}
