import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { createMemoryStore } from '../checkpoint/memory-store.ts'
import { END } from '../define/edge.ts'
import { defineState } from '../define/state.ts'
import { createRuntime } from './create-runtime.ts'
import type { PatchInput, Run, Runtime } from './runtime.ts'

const open: Runtime[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((runtime) => runtime.close()))
})

const w = defineState({ amountUsd: z.number().min(1), note: z.string().optional() })
const n = w.nodes({
  manager: w.approval({ show: ['amountUsd'] }),
  file: w.task({
    effect: 'pure',
    reads: ['amountUsd'],
    writes: ['note'],
    run: ({ state }) => ({ note: `${state.amountUsd}` }),
  }),
})
const claims = w.workflow('claims', {
  input: z.object({ amountUsd: z.number(), note: z.string().optional() }),
  output: ['note'],
  nodes: n,
  start: n.manager,
  edges: { manager: { approved: n.file, rejected: END }, file: { done: END } },
})

const store = createMemoryStore()
const who = { by: 'ops', reason: 'a typing error' }

async function waiting(): Promise<Run<object>> {
  const runtime = createRuntime({ store, workflows: [claims] })
  open.push(runtime)
  const run = await runtime.start(claims, { input: { amountUsd: 120, note: 'n' } })
  await run.result()
  return run
}

describe('run.patch', () => {
  it('sets and removes keys of a waiting run, and the run goes on with them (H7)', async () => {
    const run = await waiting()
    const [before] = await run.requests()
    expect(await run.patch({ ...who, state: { amountUsd: 40 }, unset: ['note'] })).toMatchObject({ type: 'applied' })
    const [request] = await run.requests()
    expect(request).toMatchObject({ evidence: { amountUsd: 40 } })
    expect(await run.decide(before ?? '', { outcome: 'approved', by: 'ada' })).toMatchObject({
      type: 'refused',
      reason: 'digest-mismatch',
    })
    await run.decide(request ?? '', { outcome: 'approved', by: 'ada' })
    expect(await run.result({ until: 'end' })).toMatchObject({ status: 'completed', output: { note: '40' } })
    const told = []
    for await (const event of run.events()) if (event.type === 'run.patched') told.push(event)
    expect(told).toMatchObject([{ ...who, keys: ['amountUsd', 'note'] }])
  })

  it.each<readonly [string, Omit<PatchInput, 'by' | 'reason'> & Partial<PatchInput>, string]>([
    ['nothing', {}, 'the patch is empty'],
    ['a key that is none', { state: { amount: 1 } }, 'amount: no such state key; there are amountUsd, note'],
    ['a value that does not fit', { state: { amountUsd: 0 } }, 'amountUsd: Too small'],
    ['no optional key to be removed', { unset: ['amountUsd'] }, 'amountUsd: is not optional'],
    ['an unknown key to be removed', { unset: ['constructor'] }, 'constructor: no such state key'],
    ['a key twice', { state: { note: 'x' }, unset: ['note'] }, 'note: is both set and removed'],
    ['nobody', { state: { note: 'x' }, by: '' }, 'says who makes it and why'],
    ['no reason', { state: { note: 'x' }, reason: ' ' }, 'says who makes it and why'],
    ['a tool that is none', { state: { note: 'x' }, override: ['pay'] }, 'overrides pay, which is no tool'],
  ])('refuses %s and changes nothing', async (_what, patch, message) => {
    const run = await waiting()
    await expect(run.patch({ ...who, ...patch })).rejects.toMatchObject({
      code: 'WAYSTONE_INPUT_PATCH',
      message: expect.stringContaining(message) as string,
    })
    expect((await run.status()).sequence).toBe(0)
  })
})
