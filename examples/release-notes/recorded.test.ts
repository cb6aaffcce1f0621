import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createRuntime, readHistory, type Model, type RunResult } from '@waystone/core'
import { openAiModel } from '@waystone/openai'
import { seededIds, virtualClock } from '@waystone/testing'
import { forbidNetwork, startModelLab, type LabOptions, type ModelLab } from '@waystone/testing/lab'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { createFixtureRepository } from './test/repositories.ts'
import { temporaryFolder } from './test/temporary.ts'
import { releaseNotes } from './workflow.ts'

const given = fileURLToPath(new URL('fixtures/recorded-answers.json', import.meta.url))
const labs: ModelLab[] = []
let [repository, file] = ['', '']
let allowNetwork: () => void

beforeAll(async () => {
  allowNetwork = forbidNetwork()
  repository = await createFixtureRepository()
  file = join(await temporaryFolder(), 'answers.json')
})
afterAll(() => allowNetwork())
afterEach(async () => {
  await Promise.all(labs.splice(0).map((lab) => lab.close()))
})

async function start(options: LabOptions): Promise<ModelLab> {
  const lab = await startModelLab(options)
  labs.push(lab)
  return lab
}

/** The model as the workflow would ask it after somebody edited its instructions. */
function edited(model: Model, edit: (instructions: string) => string): Model {
  return {
    name: model.name,
    call: (request, options) => model.call({ ...request, instructions: edit(request.instructions) }, options),
  }
}

async function runAt(
  lab: ModelLab,
  edit: (instructions: string) => string = (text) => text,
): Promise<{ readonly result: RunResult<object>; readonly history: string }> {
  const model = openAiModel({ model: 'gpt-6-luna', api: 'responses', baseUrl: lab.url, apiKey: null })
  const runtime = createRuntime({
    workflows: [releaseNotes],
    models: { classifier: model, writer: edited(model, edit) },
    ids: seededIds(1),
    clock: virtualClock(),
  })
  const run = await runtime.start(releaseNotes, { input: { repository, project: 'postbox', saveAs: '/tmp/none.md' } })
  const result = await run.result()
  const { checkpoints } = await readHistory(runtime.store, run.runId)
  await runtime.close()
  return { result, history: JSON.stringify(checkpoints) }
}

describe('a recorded run of the release notes', () => {
  it('is replayed with the same checkpoints byte by byte, without a script and without the service (D2, R10)', async () => {
    const service = await start({ replay: { file: given } })
    const recorder = await start({ record: { file, upstream: service.url } })
    const recorded = await runAt(recorder)
    expect(recorded.result).toMatchObject({ status: 'waiting', usage: { modelCalls: 3, cachedTokens: 1536 } })
    await service.close()
    await recorder.close()

    // Items that only the provider understands are stored with its address, which is the same for both.
    const lab = await start({ replay: { file }, port: Number(new URL(recorder.url).port) })
    const replayed = await runAt(lab)
    expect(replayed.history).toBe(recorded.history)
    lab.assertComplete()
  })

  it('records exactly what came: each exchange stands in the recording it came from', async () => {
    const read = async (path: string): Promise<readonly unknown[]> => {
      const { exchanges } = JSON.parse(await readFile(path, 'utf8')) as { readonly exchanges: readonly unknown[] }
      return exchanges.map((exchange) => JSON.stringify(exchange))
    }
    const original = await read(given)
    expect((await read(file)).filter((exchange) => !original.includes(exchange))).toEqual([])
  })

  it('misses when one word of a prompt is another, fails the run, and shows the line (D2)', async () => {
    const lab = await start({ replay: { file } })
    const { result } = await runAt(lab, (text) => text.replace('Group what belongs', 'Join what belongs'))
    expect(result).toMatchObject({ status: 'failed', error: { code: 'WAYSTONE_NODE_MODEL_FAILED' } })
    expect(result.error?.message).toContain('instructions, line 3')
    expect(() => lab.assertComplete()).toThrow(/instructions, line 3\n {4}- ".*Group what.*"\n {4}\+ ".*Join what/)
  })
})
