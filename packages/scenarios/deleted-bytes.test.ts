import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRuntime, defineState, END, type Runtime } from '@waystone/core'
import { createSqliteStore } from '@waystone/sqlite'
import { seededRandom } from '@waystone/testing'
import { afterAll, describe, expect, it } from 'vitest'
import { z } from 'zod'

const folder = mkdtempSync(join(tmpdir(), 'waystone-delete-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const w = defineState({ order: z.string(), note: z.string().optional() })
const paid = w.event('paid', z.object({ mark: z.string() }))
const n = w.nodes({
  begin: w.task({ effect: 'pure', reads: ['order'], writes: ['note'], run: ({ state }) => ({ note: state.order }) }),
  ask: w.approval({ show: ['order', 'note'] }),
  pay: w.wait({ for: paid, writes: ['note'], apply: ({ mark }) => ({ note: mark }) }),
})
const shop = w.workflow('shop', {
  input: z.object({ order: z.string() }),
  output: ['note'],
  nodes: n,
  start: n.begin,
  edges: { begin: { done: n.ask }, ask: { approved: n.pay, rejected: END }, pay: { received: END } },
})

/** Each is a process of its own: what moves inside the file moves under whoever writes. */
async function within<Result>(path: string, work: (runtime: Runtime) => Promise<Result>): Promise<Result> {
  const store = createSqliteStore({ path, durability: 'process' })
  const runtime = createRuntime({ workflows: [shop], store })
  try {
    return await work(runtime)
  } finally {
    await runtime.close()
    await store.close()
  }
}

describe('deleting a run', () => {
  it('leaves nothing that it held in the files, in its checkpoints, inbox, large values or summary (S5)', async () => {
    for (let seed = 1; seed <= 3; seed++) {
      const random = seededRandom(`delete ${seed}`)
      const path = join(folder, `${seed}.db`)
      const runs: { readonly runId: string; readonly mark: string }[] = []
      for (let index = 0; index < 10; index++) {
        const mark = `SECRET-${seed}-${index}; `
        const order = mark.repeat(random.integer(1, index % 3 === 0 ? 9_000 : 40))
        const runId = await within(path, async (runtime) => {
          const run = await runtime.start(shop, { input: { order } })
          await run.result()
          const [request] = await run.requests()
          await run.decide(request?.id ?? '', { outcome: 'approved', by: 'ada', reason: mark })
          await run.result()
          await run.send('paid', { mark }, { id: `m-${index}` })
          return run.runId
        })
        runs.push({ runId, mark })
      }
      for (const { runId, mark } of random.shuffle(runs)) {
        // While it is still open: a process that is killed closes nothing.
        const left = await within(path, async (runtime) => {
          expect(await runtime.delete(runId, { isForced: true })).toMatchObject({ type: 'deleted' })
          const files = readdirSync(folder).filter((name) => join(folder, name).startsWith(path))
          return files.filter((name) => readFileSync(join(folder, name)).includes(mark))
        })
        expect(left).toEqual([])
      }
    }
  })
})
