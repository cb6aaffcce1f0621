import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { readHistory, type Usage } from '@waystone/core'
import { openAiPrices } from '@waystone/openai'
import { createSqliteStore } from '@waystone/sqlite'
import { startModelLab, type ModelLab } from '@waystone/testing/lab'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createFixtureRepository } from './test/repositories.ts'
import { temporaryFolder } from './test/temporary.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const workflow = join(root, 'examples/release-notes/workflow.ts')
const recording = fileURLToPath(new URL('fixtures/recorded-answers.json', import.meta.url))
const { OPENAI_API_KEY: realKey, WAYSTONE_LIVE_MODEL: realModel } = process.env

let repository: string
let lab: ModelLab | undefined

beforeAll(async () => {
  repository = await createFixtureRepository()
})
afterEach(async () => {
  await lab?.close()
  lab = undefined
})

interface LiveRun {
  readonly printed: string
  readonly usage: Usage
  readonly notes: string
  /** Everything that was stored and written. */
  readonly everything: string
}

/** Runs the workflow with `--live` as a person does: start, look, approve, go on. */
async function runLive(env: Readonly<Record<string, string>>): Promise<LiveRun> {
  const folder = await temporaryFolder()
  const waystone = async (...args: readonly string[]): Promise<{ readonly code: number; readonly text: string }> => {
    const { OPENAI_BASE_URL: _, CI: __, ...around } = process.env
    const options = { cwd: folder, env: { ...around, NO_COLOR: '1', NODE_NO_WARNINGS: '1', ...env } }
    const main = join(root, 'apps/cli/src/main.ts')
    const command = ['--conditions=@waystone/source', main, ...args, '--store', 'runs.db']
    const done = promisify(execFile)(process.execPath, command, options)
    return done.then(
      ({ stdout, stderr }) => ({ code: 0, text: stdout + stderr }),
      (error: { code: number; stdout: string; stderr: string }) => ({
        code: error.code,
        text: error.stdout + error.stderr,
      }),
    )
  }
  const saveAs = join(folder, 'notes.md')
  const input = JSON.stringify({ repository, project: 'postbox', saveAs })
  const started = await waystone('run', workflow, '--live', '--input', input)
  expect(started.text).toContain('waits for a person')
  expect(started.code).toBe(3)
  await waystone('approve', 'last', '--reason', 'reads well')
  const ended = await waystone('resume', 'last', '--live')
  expect(ended.text).toContain('completed')
  const store = createSqliteStore({ path: join(folder, 'runs.db') })
  const [row] = (await store.list({})).rows
  const history = await readHistory(store, row?.runId ?? '')
  await store.close()
  const { usage } = history.at(history.last).snapshot.context
  const notes = await readFile(saveAs, 'utf8')
  const everything = [started.text, ended.text, JSON.stringify(history.checkpoints), notes].join('\n')
  return { printed: started.text, usage, notes, everything }
}

const key = 'sk-proj-of-the-live-test-8c1e7f'
const price = openAiPrices['gpt-6-luna']

/** What a recorded model's answers cost, by the lab's own count of what it sent. */
function costAt({ usage: { inputTokens, cachedTokens, outputTokens } }: ReturnType<ModelLab['totals']>): number {
  const { inputUsd, cachedInputUsd = inputUsd, outputUsd } = price ?? { inputUsd: NaN, outputUsd: NaN }
  return ((inputTokens - cachedTokens) * inputUsd + cachedTokens * cachedInputUsd + outputTokens * outputUsd) / 1e6
}

describe('waystone run --live', () => {
  it.each(['responses', 'chat'])(
    'takes answers of a real shape from %s, says what they cost, and counts what was sent (B5, O2)',
    { timeout: 60_000 },
    async (api) => {
      lab = await startModelLab({ replay: { file: recording } })
      const { printed, usage, notes, everything } = await runLive({
        OPENAI_BASE_URL: lab.url,
        OPENAI_API_KEY: key,
        WAYSTONE_LIVE_MODEL: 'gpt-6-luna',
        WAYSTONE_LIVE_API: api,
      })
      expect(lab.problems).toEqual([])
      const totals = lab.totals()
      expect(totals).toMatchObject({ requests: 3, accepted: 3, unreported: 0, usage: { cachedTokens: 1536 } })
      expect(usage).toMatchObject({ ...totals.usage, modelCalls: 3, estimatedCalls: 0 })
      expect(usage.costUsd).toBeCloseTo(costAt(totals), 8)
      expect(printed).toContain('live models: gpt-6-luna')
      expect(printed).toContain('$0.0027')
      // The first draft left a feature out; what the checker said of it is in the third request.
      expect(JSON.stringify(lab.entries[2]?.body)).toContain('610aff4')
      expect(notes).toContain('- **client:** Retry a letter that could not be delivered. (#41, 610aff4)')
      expect(lab.entries.every(({ request }) => request?.api === api && request.isStream)).toBe(true)
      expect(everything).not.toContain(key)
    },
  )

  it.for(['responses', 'chat'])(
    'does the same with a real model by %s, when there is a key',
    { timeout: 600_000 },
    async (...[api, { skip }]) => {
      if (realKey === undefined || realModel === undefined) {
        skip('it costs money: set OPENAI_API_KEY and WAYSTONE_LIVE_MODEL (such as gpt-6-luna) to ask a real model')
        return
      }
      const { printed, usage, notes, everything } = await runLive({ WAYSTONE_LIVE_API: api })
      expect(usage.modelCalls).toBeGreaterThanOrEqual(2)
      expect(usage.estimatedCalls).toBe(0)
      expect(usage.inputTokens).toBeGreaterThan(1000)
      expect(usage.outputTokens).toBeGreaterThan(500)
      // A model that is not in the table costs an unknown amount, which is counted as none.
      expect(usage.costUsd > 0).toBe(openAiPrices[realModel] !== undefined)
      expect(printed).toContain(`live models: ${realModel}`)
      expect(notes).toMatch(/^# postbox /)
      expect(everything).not.toContain(realKey)
    },
  )
})
