import type { Model } from '@waystone/core'
import { faults, type LabAnswerParts, type LabRequest, type LabScript } from '@waystone/testing/lab'
import { afterEach, describe, expect, it } from 'vitest'
import { contractCheck, formatContract } from '../src/contract-check.ts'
import { openAiModel } from '../src/openai-model.ts'
import { closeLabs, key, labWith, modelAt, ways } from './ask.ts'

afterEach(closeLabs)

/** Answers as a capable model would. */
function capable(request: LabRequest): string | LabAnswerParts {
  const asked = request.messages[0]?.text ?? ''
  const cities = asked.includes('Bonn') ? ['Ulm', 'Bonn'] : ['Ulm']
  const hasResult = request.messages.some(({ role }) => role === 'tool')
  if (request.tools.length > 0 && !hasResult)
    return { calls: cities.map((city) => ({ name: 'get_temperature', arguments: { city } })) }
  if (request.output !== null) return { json: { city: 'Ulm', degrees: 17 } }
  if (asked.includes('five hundred'))
    return faults.slow(50, 'one two three four five six seven eight nine ten '.repeat(9))
  return hasResult ? 'It is 17 degrees.' : 'one two three four five six seven eight nine ten'
}

const always = (answer: LabScript[number]): LabScript => [
  { when: {}, answers: [answer as Exclude<typeof answer, { when: unknown }>], isRepeated: true },
]

const atLab = { secret: () => Promise.resolve(key) }

describe('contractCheck', () => {
  it.each(ways.filter(({ stream }) => stream))('finds that everything works, $api', async (way) => {
    const lab = await labWith(...always(capable))
    const report = await contractCheck(modelAt(lab, way), atLab)
    expect(formatContract(report)).toMatchInlineSnapshot(`
      "model small, 11 calls, 1000 tokens in, 200 out
      works    text                "one two three four five six seven eight " by small
      works    usage               100 tokens in, 20 out
      works    schema              answered {"city":"Ulm","degrees":17}
      works    tool call           called get_temperature with {"city":"Ulm"}
      works    tool result         read the result and answered with it
      works    parallel tools      2 calls in one turn
      works    schema after tools  called, then answered {"city":"Ulm","degrees":17}
      works    streaming           4 pieces
      works    abort               stopped at once"
    `)
    expect(report).toMatchObject({ isWhole: true, calls: lab.entries.length, usage: lab.totals().usage })
  })

  it('says what does not work, and leaves out what builds on it', async () => {
    const lab = await labWith(...always(faults.noUsage('It is 17 degrees.')))
    const report = await contractCheck(modelAt(lab, { api: 'chat', stream: false }), atLab)
    expect(formatContract(report)).toMatchInlineSnapshot(`
      "model small, 6 calls, 0 tokens in, 0 out
      works    text                "It is 17 degrees." by small
      fails    usage               it does not say what it used: calls are charged as reserved
      fails    schema              the answer is no JSON: "It is 17 degrees."
      fails    tool call           0 calls came, not 1
      skipped  tool result         builds on tool call
      skipped  parallel tools      builds on tool call
      skipped  schema after tools  builds on schema, tool result
      fails    streaming           the answer came in 0 pieces
      fails    abort               the answer came before it could be stopped"
    `)
    expect(report.isWhole).toBe(false)
  })

  it('says why nothing works', async () => {
    const lab = await labWith()
    const model = modelAt(lab, { api: 'chat', stream: false }, { apiKey: null })
    const { results } = await contractCheck(model, atLab)
    expect(results[0]).toMatchObject({ outcome: 'fails', detail: expect.stringContaining('401') as string })
    expect(new Set(results.slice(1).map(({ outcome }) => outcome))).toEqual(new Set(['skipped']))
  })

  it('gives up on a check that takes too long', async () => {
    const lab = await labWith(...always(faults.hang()))
    const { results } = await contractCheck(modelAt(lab, { api: 'chat', stream: true }), { ...atLab, timeoutMs: 100 })
    expect(results[0]).toMatchObject({ outcome: 'fails', detail: 'took longer than 100 ms' })
  })

  it('asks the environment for the key', async () => {
    const lab = await labWith()
    const model = modelAt(lab, { api: 'chat', stream: true }, { apiKey: 'NO_SUCH_KEY' })
    const { results } = await contractCheck(model)
    expect(results[0]?.detail).toContain('environment variable NO_SUCH_KEY is not set')
  })
})

/** `OPENAI_MODEL` names another model, `OPENAI_BASE_URL` another service. */
const { OPENAI_API_KEY, OPENAI_MODEL = 'gpt-6-luna', OPENAI_BASE_URL } = process.env
const isReal = OPENAI_API_KEY !== undefined && OPENAI_API_KEY !== ''

describe('contractCheck against a real service', () => {
  const models = ['responses', 'chat'].map((api): Model => {
    const url = OPENAI_BASE_URL === undefined ? {} : { baseUrl: OPENAI_BASE_URL }
    return openAiModel({ model: OPENAI_MODEL, api: api === 'chat' ? 'chat' : 'responses', ...url })
  })
  const why = isReal ? '' : ' (skipped: no real key, set OPENAI_API_KEY)'

  it.skipIf(!isReal)(`finds that everything works, in both APIs${why}`, { timeout: 600_000 }, async () => {
    for (const model of models) {
      const report = await contractCheck(model)
      expect(report.isWhole, formatContract(report)).toBe(true)
    }
  })
})
