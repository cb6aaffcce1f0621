import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { viewOf } from '../../test/support/store-view.ts'
import { createMemoryStore } from '../checkpoint/memory-store.ts'
import { END } from '../define/edge.ts'
import { defineState } from '../define/state.ts'
import { auditRun } from '../replay/audit-run.ts'
import { createRuntime } from './create-runtime.ts'
import type { Acceptance, Run, Runtime } from './runtime.ts'

const open: Runtime[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((runtime) => runtime.close()))
})

const w = defineState({ topic: z.string(), text: z.string() })

/** A workflow that ends once its gate opens. */
function busy() {
  const gate = Promise.withResolvers<void>()
  const n = w.nodes({
    work: w.task({ effect: 'pure', writes: ['text'], run: () => gate.promise.then(() => ({ text: 'done' })) }),
  })
  const workflow = w.workflow('brief', {
    input: z.object({ topic: z.string() }),
    output: ['text'],
    nodes: n,
    start: n.work,
    edges: { work: { done: END } },
  })
  return { gate, workflow }
}

/** A run that one runtime drives and that has not come to its end, opened at another one. */
async function elsewhere() {
  const gate = Promise.withResolvers<void>()
  const n = w.nodes({
    work: w.task({ effect: 'pure', writes: ['text'], run: () => gate.promise.then(() => ({ text: 'done' })) }),
    review: w.approval({ show: ['text'], redirectable: true }),
  })
  const workflow = w.workflow('busy', {
    input: z.object({ topic: z.string() }),
    output: ['text'],
    nodes: n,
    start: n.work,
    edges: { work: { done: n.review }, review: { approved: END, rejected: END } },
  })
  const store = createMemoryStore()
  const [driver, other] = [createRuntime({ store }), createRuntime({ store, workflows: [workflow] })]
  open.push(driver, other)
  const driven = await driver.start(workflow, { input: { topic: 'tides' } })
  const run: Run = await other.open(driven.runId)
  return { gate, driven, run, store, other }
}

const by = { by: 'eve', reason: 'odd' }

describe('run.became', () => {
  it('tells that a delivered move was refused where the run is driven; nothing of it is a checkpoint (H7)', async () => {
    const { run, store } = await elsewhere()
    const handed = await run.redirect({ ...by, to: 'review' })
    if (handed.type !== 'delivered') throw new TypeError(handed.type)
    expect(await run.became(handed.eventId)).toEqual({
      type: 'refused',
      reason: 'not-written',
      message: expect.stringContaining('the run reads text') as string,
    })
    const refused = [{ id: handed.eventId, type: 'run.redirect', by: 'eve', reason: 'not-written' }]
    expect(await run.refused()).toMatchObject(refused)
    const audit = await auditRun(store, run.runId)
    expect(audit.refused).toMatchObject(refused)
    expect(audit.transitions).toHaveLength(1)
  })

  it('tells at which checkpoint one was taken, also long after', async () => {
    const { run, gate, driven } = await elsewhere()
    const handed = await run.patch({ ...by, state: { topic: 'moon' } })
    if (handed.type !== 'delivered') throw new TypeError(handed.type)
    expect(await run.became(handed.eventId)).toEqual({ type: 'applied', sequence: 1 })
    gate.resolve()
    await driven.result()
    expect(await run.became(handed.eventId)).toEqual({ type: 'applied', sequence: 1 })
    expect(await run.refused()).toEqual([])
  })

  it('tells of what came as the run ended, and ends with its signal where nobody takes it', async () => {
    const { run, store, other, driven } = await elsewhere()
    await run.cancel(by)
    await driven.result()
    await store.deliver(run.runId, { id: 'late', at: 1, type: 'run.hold', from: 'operator', payload: by })
    const signal = AbortSignal.abort()
    expect(await run.became('late', { signal })).toEqual({ type: 'delivered', eventId: 'late' })
    await run.resume()
    expect(await run.became('late')).toMatchObject({ type: 'refused', reason: 'run-ended' })
    await other.close()
  })

  it.each(['known', 'unknown'])(
    'tells of what came just before the lease of the ended run was given up; its definition is %s (H7)',
    async (definition) => {
      const { workflow, gate } = busy()
      const store = createMemoryStore()
      const other = createRuntime({ store, workflows: definition === 'known' ? [workflow] : [] })
      const begun = Promise.withResolvers<Run>()
      const handed = Promise.withResolvers<Acceptance>()
      let releases = 0
      const view = viewOf(store, async (method) => {
        if (method === 'release' && ++releases === 1)
          handed.resolve(await (await other.open((await begun.promise).runId)).hold(by))
      })
      const driver = createRuntime({ store: view })
      open.push(driver, other)
      const driven = await driver.start(workflow, { input: { topic: 'tides' } })
      begun.resolve(driven)
      gate.resolve()
      const given = await handed.promise
      if (given.type !== 'delivered') throw new TypeError(given.type)
      expect((await store.inbox([driven.runId])).get(driven.runId)).toHaveLength(1)
      const run = await other.open(driven.runId)
      expect(await run.became(given.eventId)).toMatchObject({ type: 'refused', reason: 'run-ended' })
      expect((await store.inbox([driven.runId])).get(driven.runId) ?? []).toEqual([])
      expect((await store.row(driven.runId))?.lease).toBeNull()
    },
  )

  it('refuses a run that is not stored', async () => {
    const { run, store } = await elsewhere()
    const now = Date.now()
    await store.deleteRun({ runId: run.runId, now, isForced: true })
    await expect(run.became('x')).rejects.toMatchObject({ code: 'WAYSTONE_STORE_RUN_UNKNOWN' })
  })
})
