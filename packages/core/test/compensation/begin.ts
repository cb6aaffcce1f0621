import { onTestFinished } from 'vitest'
import type { Workflow } from '../../src/define/workflow.ts'
import { replayRun } from '../../src/replay/replay-run.ts'
import { createRuntime } from '../../src/run/create-runtime.ts'
import type { RuntimeOptions } from '../../src/run/runtime.ts'
import { createManualClock } from '../support/manual-clock.ts'

/** How a run of a test is begun. */
export interface BeginOptions<Input extends object> extends RuntimeOptions {
  /** Default: an empty object. */
  readonly input?: Input
}

/**
 * Begins a run on a clock that stands still, and lets everything settle that needs no time. Its runtime is closed with the test.
 *
 * @returns `replayed`: the first divergence of a replay of what is stored by then, or null
 */
// oxlint-disable-next-line typescript/explicit-module-boundary-types -- the parts are named by what they are
export async function begin<Input extends object>(
  workflow: Workflow<Input>,
  { input, ...options }: BeginOptions<Input> = {},
) {
  const clock = createManualClock()
  const runtime = createRuntime({ models: {}, ...options, workflows: [workflow], clock })
  onTestFinished(() => runtime.close())
  // The input of workflows that want none is an empty object.
  const run = await runtime.start(workflow, { input: input ?? ({} as Input) })
  await clock.settle()
  const replayed = async (): Promise<unknown> => (await replayRun(runtime.store, workflow, run.runId)).divergence
  return { run, clock, runtime, replayed }
}
