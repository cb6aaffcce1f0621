import { createMemoryStore, createRuntime, readHistory, replayRun, type Runtime } from '@waystone/core'
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { chat, offlineModels } from './chat.ts'

const open: Runtime[] = []
let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chat-'))
})
afterEach(async () => {
  await Promise.all(open.splice(0).map((runtime) => runtime.close()))
  await rm(folder, { recursive: true, force: true })
})

/** What a process said before it died. */
interface LastWords {
  readonly runId: string
  readonly text: string
  readonly signal: string | null
}

/** Says one message in a process of its own, which kills itself as soon as it has its answer. */
function sayAndDie(runId: string, message: string): Promise<LastWords> {
  const script = fileURLToPath(new URL('test/say-and-die.ts', import.meta.url))
  const args = ['--conditions=@waystone/source', script, join(folder, 'runs.db'), runId, message]
  return new Promise((resolve, reject) => {
    const child = execFile(
      process.execPath,
      args,
      { env: { ...process.env, NODE_NO_WARNINGS: '1' } },
      (_, stdout, stderr) => {
        if (stdout === '') reject(new RangeError(stderr))
        else resolve({ ...(JSON.parse(stdout) as Omit<LastWords, 'signal'>), signal: child.signalCode })
      },
    )
  })
}

describe('the chat', () => {
  it('goes on over as many messages as are said, with a small memory, and remembers what is told in summaries', async () => {
    const store = createMemoryStore()
    const runtime = createRuntime({ workflows: [chat], models: offlineModels, store })
    open.push(runtime)
    const run = await runtime.start(chat, { input: {} })
    await run.result()
    const say = async (message: string): Promise<string | undefined> => {
      const [request] = await run.requests()
      if (request !== undefined) await run.decide(request, { outcome: 'said', response: { message }, by: 'ada' })
      await run.result()
      const [next] = await run.requests()
      return next?.talk?.text
    }
    expect(await say('My name is Ada.')).toBe('Good day, Ada. What would you like to read?')
    for (let count = 0; count < 20; count++) await say('books about ferns')
    expect(await say('reserve Bridges of Stone')).toBe('It is put aside for you until Friday.')
    expect(await say('What is my name?')).toBe('You are Ada.')
    const history = await readHistory(store, run.runId)
    const { entries } = history.at(history.last).snapshot.context.private['desk'] ?? { entries: [] }
    expect(entries.length).toBeLessThan(30)
    expect(entries[0]).toMatchObject({ type: 'summary' })
    expect(history.checkpoints.filter(({ step }) => step?.kind === 'summary').length).toBeGreaterThan(5)
    for (const request of await run.requests()) await run.decide(request, { outcome: 'bye', by: 'ada' })
    expect(await run.result()).toMatchObject({ status: 'completed', output: { reply: 'You are Ada.' } })
    expect(await replayRun(store, chat, run.runId)).toMatchObject({ divergence: null })
  })

  it('survives kill -9 between any two messages', { timeout: 60_000 }, async () => {
    const first = await sayAndDie('', 'My name is Ada.')
    expect(first).toMatchObject({ text: 'Good day, Ada. What would you like to read?', signal: 'SIGKILL' })
    const second = await sayAndDie(first.runId, 'books about tides')
    expect(second.text).toContain('The Tidal Year')
    expect((await sayAndDie(first.runId, 'reserve The Tidal Year')).text).toContain('put aside')
    expect((await sayAndDie(first.runId, 'what is my name?')).text).toBe('You are Ada.')
  })
})
