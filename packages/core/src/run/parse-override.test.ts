import { expect, it } from 'vitest'
import { z } from 'zod'
import { END } from '../define/edge.ts'
import { defineState } from '../define/state.ts'
import { forkRun } from '../replay/fork-run.ts'
import { createRuntime } from './create-runtime.ts'
import type { Run } from './runtime.ts'

const w = defineState({ topic: z.string() })
const n = w.nodes({ ask: w.approval({ show: ['topic'], redirectable: true }) })
const asking = w.workflow('asking', {
  input: z.object({ topic: z.string() }),
  output: [],
  nodes: n,
  start: n.ask,
  edges: { ask: { approved: END, rejected: END } },
})

type Mover = Parameters<Run['hold']>[0]
const who: Mover = { by: 'ada', reason: 'a look' }

it.each<[what: string, code: string, move: (run: Run, given: Mover) => Promise<unknown>]>([
  ['hold', 'WAYSTONE_INPUT_MOVE', (run, given) => run.hold(given)],
  ['cancel', 'WAYSTONE_INPUT_MOVE', (run, given) => run.cancel(given)],
  ['release', 'WAYSTONE_INPUT_RELEASE', (run, given) => run.release(given)],
  ['redirect', 'WAYSTONE_INPUT_REDIRECT', (run, given) => run.redirect({ ...given, to: 'ask' })],
  ['patch', 'WAYSTONE_INPUT_PATCH', (run, given) => run.patch({ ...given, state: { topic: 'tea' } })],
])('a %s without an author or a reason is refused, and changes nothing (H7)', async (what, code, move) => {
  const runtime = createRuntime({ workflows: [asking] })
  const run = (await runtime.start(asking, { input: { topic: 'coffee' } })) as Run
  const { sequence } = await run.result()
  for (const [change, found] of [
    [{ by: '' }, '`by` is ""'],
    [{ by: undefined }, '`by` is undefined'],
    [{ reason: ' ' }, '`reason` is " "'],
    [{ reason: 7 }, '`reason` is 7'],
  ] as const)
    // Untyped code may give anything.
    await expect(move(run, { ...who, ...change } as Mover)).rejects.toMatchObject({
      code,
      message: `a ${what} says who makes it and why: ${found}; allowed is a text that is not empty`,
    })
  expect((await run.status()).sequence).toBe(sequence)
  await runtime.close()
})

it('a fork without an author is refused', async () => {
  const runtime = createRuntime({ workflows: [asking] })
  const { runId } = await runtime.start(asking, { input: { topic: 'coffee' } })
  await expect(forkRun(runtime, runId, { ...who, by: '', at: 0 })).rejects.toMatchObject({
    code: 'WAYSTONE_INPUT_FORK',
    message: 'a fork says who makes it and why: `by` is ""; allowed is a text that is not empty',
  })
  await runtime.close()
})

it('tools that are overridden are a list of names', async () => {
  const runtime = createRuntime({ workflows: [asking] })
  const run = await runtime.start(asking, { input: { topic: 'coffee' } })
  const override = 'refund' as unknown as readonly string[]
  await expect(run.release({ ...who, override })).rejects.toMatchObject({
    code: 'WAYSTONE_INPUT_RELEASE',
    message: '`override` of a release is "refund"; allowed is a list of names of tools',
  })
  await runtime.close()
})
