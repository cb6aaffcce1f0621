import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { END } from '../define/edge.ts'
import { defineState } from '../define/state.ts'
import { blamePath } from '../replay/blame.ts'
import { readHistory } from '../replay/history.ts'
import { replayRun } from '../replay/replay-run.ts'
import { createRuntime } from './create-runtime.ts'
import type { Runtime } from './runtime.ts'

const open: Runtime[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((runtime) => runtime.close()))
})

const w = defineState({ price: z.number(), found: z.number().optional(), said: z.string().optional() })
const n = w.nodes({
  plan: w.task({ effect: 'pure', writes: ['price'], run: () => ({ price: 1 }) }),
  change: w.task({ effect: 'pure', writes: ['price', 'found'], exclusive: 'one', run: () => ({ price: 2, found: 7 }) }),
  note: w.task({
    effect: 'pure',
    reads: ['price', 'found'],
    writes: ['said'],
    sees: 'fork',
    exclusive: 'one', // it runs behind the one that changes the price
    run: ({ state }) => ({ said: `${state.price} ${state.found ?? 'nothing'}` }),
  }),
  meet: w.join(),
})
const workflow = w.workflow('sees', {
  input: z.object({ price: z.number() }),
  output: ['said', 'price'],
  nodes: n,
  start: n.plan,
  edges: {
    plan: { done: { fork: [n.change, n.note], join: n.meet } },
    change: { done: n.meet },
    note: { done: n.meet },
    meet: { done: END },
  },
})

describe("sees: 'fork'", () => {
  it('reads the state as it was when the fork was taken, whatever branches have written since', async () => {
    const runtime = createRuntime({ workflows: [workflow] })
    open.push(runtime)
    const run = await runtime.start(workflow, { input: { price: 0 } })
    expect((await run.result()).output).toEqual({ said: '1 nothing', price: 2 })
    const report = await replayRun(runtime.store, workflow, run.runId)
    expect(report.divergence).toBeNull()
    const history = await readHistory(runtime.store, run.runId)
    const read = blamePath(history, ['said']).reads.find(({ key }) => key === 'price')
    expect(history.checkpoints[read?.sequence ?? -1]?.step?.node).toBe('plan')
  })
})
