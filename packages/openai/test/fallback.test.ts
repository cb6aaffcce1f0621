import { createRuntime, defineState, END, readStats, type ModelPrice, type Runtime } from '@waystone/core'
import { faults, type LabScript } from '@waystone/testing/lab'
import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { closeLabs, key, labWith, modelAt, ways, type Way } from './ask.ts'

const open: Runtime[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((runtime) => runtime.close()))
  await closeLabs()
})

const w = defineState({ mail: z.string(), reply: z.string().optional() })
const n = w.nodes({
  privacy: w.gate({
    reads: ['mail'],
    outcomes: ['pass', 'private'],
    decide: ({ state }) => (/\d{4} \d{4} \d{4} \d{4}/.test(state.mail) ? 'private' : 'pass'),
  }),
  clerk: w.agent({
    model: 'small',
    fallbacks: ['large'],
    instructions: 'Answer the mail.',
    reads: ['mail'],
    writes: ['reply'],
    maxInputTokens: 1_000,
    maxOutputTokens: 100,
    retry: { attempts: 2, backoff: 1 },
  }),
})
const workflow = w.workflow('mails', {
  input: z.object({ mail: z.string() }),
  output: ['reply'],
  nodes: n,
  start: n.privacy,
  edges: { privacy: { pass: n.clerk, private: END }, clerk: { done: END } },
})

const prices: Readonly<Record<string, ModelPrice>> = {
  small: { inputUsd: 1, outputUsd: 2 },
  large: { inputUsd: 10, outputUsd: 20 },
}
const usage = { inputTokens: 300, outputTokens: 50, cachedTokens: 0, reasoningTokens: 0 }

async function answerMail(way: Way, script: LabScript, mail: string) {
  const lab = await labWith(...script)
  const models = { small: modelAt(lab, way), large: modelAt(lab, way, { model: 'large' }) }
  const runtime = createRuntime({ models, prices, secrets: () => key })
  open.push(runtime)
  const run = await runtime.start(workflow, { input: { mail } })
  return { lab, runtime, result: await run.result() }
}

describe.each(ways)('two models at one service, $api, stream $stream', (way) => {
  it.each([
    ['503 at every attempt', [faults.unavailable(), faults.unavailable()], 2],
    ['429 without a word when to come back', [faults.rateLimited(), faults.rateLimited({ retryAfterMs: 1 })], 2],
    ['a used-up quota', [faults.quota()], 1],
    ['a refused key', [{ error: { status: 401, message: 'no such key', code: 'invalid_api_key' } }], 1],
    ['an unknown model', [{ error: { status: 404, message: 'no such model', code: 'model_not_found' } }], 1],
    ['connections that break', [faults.cut(1, 'never said'), faults.cut(1, 'never said')], 2],
  ] as const)(
    'the second answers on %s; figures by model are those of the lab (R7, O2, B5)',
    async (_, failures, lost) => {
      const answered = { json: { reply: 'It comes on Monday.' }, usage }
      const script: LabScript = [
        { when: { model: 'small' }, answers: failures },
        { when: { model: 'large' }, answers: [answered] },
      ]
      const { lab, runtime, result } = await answerMail(way, script, 'Where is it?')
      expect(result).toMatchObject({ status: 'completed', fallbacks: { clerk: 'large' } })
      lab.assertComplete()
      const totals = lab.totals()
      // What broke on the way is charged as reserved; everything else is what the lab has sent.
      const silent = totals.unreported + lab.entries.filter(({ status }) => status === null).length
      expect(result.usage).toMatchObject({
        modelCalls: totals.requests,
        inputTokens: totals.usage.inputTokens + silent * 1_000,
        outputTokens: totals.usage.outputTokens + silent * 100,
        estimatedCalls: silent,
      })
      expect(result.usage.costUsd).toBeCloseTo((300 * 10 + 50 * 20 + silent * (1_000 * 1 + 100 * 2)) / 1e6, 9)
      const rows = (await readStats(runtime.store)).filter(({ group }) => group === 'model')
      expect(rows.map(({ name, count, failed }) => [name, count, failed])).toEqual([
        ['large', 1, 0],
        ['small', lost, lost],
      ])
      expect(rows[0]?.usage).toMatchObject({ inputTokens: 300, outputTokens: 50, estimatedCalls: 0 })
    },
  )
})

describe('a gate before an agent', () => {
  it('blocks what must not leave the house: the service never hears of it (Q4)', async () => {
    const [way] = ways
    if (way === undefined) throw new RangeError('there is no way')
    const { lab, result } = await answerMail(way, ['never'], 'My card is 4111 1111 1111 1111.')
    expect(result).toMatchObject({ status: 'completed', output: {}, usage: { modelCalls: 0, costUsd: 0 } })
    expect(lab.entries).toEqual([])
  })
})
