import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRuntime, defineState, defineTool, END, replayRun } from '@waystone/core'
import { createSqliteStore } from '@waystone/sqlite'
import { scriptedModel } from '@waystone/testing'
import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

/** A service that keeps a journal of every request. */
async function startService(): Promise<{ readonly url: string; readonly journal: string[] }> {
  const journal: string[] = []
  const server = createServer((request, response) => {
    journal.push(request.url ?? '')
    response.end('{}')
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  closing.push(() => {
    server.closeAllConnections()
    server.close()
  })
  // A TCP server has an address with a port.
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, journal }
}

const w = defineState({ order: z.string(), reply: z.string().optional() })

// oxlint-disable-next-line typescript/explicit-function-return-type -- the type of a workflow is what inference makes of it
function deskAt(url: string) {
  const callService = (path: string, signal: AbortSignal) => fetch(`${url}/${path}`, { signal }).then(() => ({}))
  const terms = { input: z.object({ order: z.string() }), output: z.object({}) }
  const look = defineTool({
    ...terms,
    name: 'look',
    description: 'Looks up.',
    effect: 'pure',
    run: ({ order }, { signal }) => callService(`look/${order}`, signal),
  })
  const refund = defineTool({
    ...terms,
    name: 'refund',
    description: 'Pays back.',
    approval: true,
    run: ({ order }, { signal }) => callService(`refund/${order}`, signal),
  })
  const n = w.nodes({
    clerk: w.agent({ model: 'clerk', instructions: '', reads: ['order'], writes: ['reply'], tools: [look, refund] }),
  })
  return w.workflow('desk', {
    input: z.object({ order: z.string() }),
    output: ['reply'],
    nodes: n,
    start: n.clerk,
    edges: { clerk: { done: END } },
    policies: [{ never: refund, without: 'approval' }],
  })
}

describe('a call that a person is asked about, over a real socket', () => {
  it('reaches its service only after the yes, in another process, without a new model call (H1, H2)', async () => {
    const { url, journal } = await startService()
    const desk = deskAt(url)
    const folder = mkdtempSync(join(tmpdir(), 'waystone-asked-'))
    closing.push(() => rmSync(folder, { recursive: true }))
    const path = join(folder, 'runs.db')
    const calls = ['look', 'refund', 'refund'].map((name, index) => ({ name, arguments: { order: `o-${index}` } }))
    const asking = scriptedModel({ clerk: [{ calls }] })
    const first = createRuntime({ workflows: [desk], models: { clerk: asking }, store: createSqliteStore({ path }) })
    const begun = await first.start(desk, { input: { order: 'o-7' } })
    expect((await begun.result()).status).toBe('waiting')
    await first.close()
    await first.store.close()
    expect(journal).toEqual(['/look/o-0'])

    const answering = scriptedModel({ clerk: [{ output: { reply: 'Done.' } }] })
    const store = createSqliteStore({ path })
    const second = createRuntime({ workflows: [desk], models: { clerk: answering }, store })
    closing.push(
      () => store.close(),
      () => second.close(),
    )
    const run = await second.open(desk, begun.runId)
    const [one, other] = await run.requests()
    if (one?.kind !== 'call' || other?.kind !== 'call') throw new RangeError('two calls are asked about')
    expect(journal).toEqual(['/look/o-0'])
    await run.decide(one, { outcome: 'rejected', by: 'ada', reason: 'paid already' })
    await run.decide(other, { outcome: 'edited', edits: { order: 'o-9' }, by: 'ada' })
    expect((await run.result()).status).toBe('completed')
    expect(journal).toEqual(['/look/o-0', '/refund/o-9'])
    expect((await replayRun(store, desk, run.runId)).divergence).toBeNull()
  })
})
