import { rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { faults, forbidNetwork, startModelLab, type ModelLab } from '@waystone/testing/lab'
import OpenAI, { OpenAIError } from 'openai'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'

// #region forbid
let allowNetwork: () => void

beforeAll(() => {
  allowNetwork = forbidNetwork()
})
afterAll(() => allowNetwork())
// #endregion forbid

const recordingFile = join(tmpdir(), `waystone-guide-${process.pid}.json`)
const labs: ModelLab[] = []

afterEach(async () => {
  await Promise.all(labs.splice(0).map((lab) => lab.close()))
  rmSync(recordingFile, { force: true })
})

// #region script
it('looks the order up, then answers', async () => {
  const lab = await startModelLab({
    script: [
      { reasoning: 'I need the order.', calls: [{ name: 'look-up', arguments: { order: 'A1' } }] },
      { json: { reply: 'It comes on Monday.' } },
    ],
  })
  expect(await answerMail('Where is A1?', clientOf(lab))).toBe('It comes on Monday.')

  expect(lab.entries.map(({ request }) => request?.lastMessage)).toEqual(['Where is A1?', '{"due":"Monday"}'])
  expect(lab.totals().usage).toMatchObject({ inputTokens: 200, outputTokens: 40 })
  lab.assertComplete()
  await lab.close()
})
// #endregion script

it('answers by rule', async () => {
  // #region rules
  const lab = await startModelLab({
    script: [
      { when: { instructions: 'Sort mails' }, answers: [{ json: { topic: 'refund' } }, { json: { topic: 'other' } }] },
      { when: { model: /^large/, tool: 'refund' }, answers: [{ calls: [{ name: 'refund', arguments: { usd: 40 } }] }] },
      { when: { lastMessage: 'ping' }, answers: ['pong'], isRepeated: true },
      ({ lastMessage, tools }) => `I heard ${lastMessage} and have ${tools.length} tools`,
    ],
  })
  // #endregion rules
  labs.push(lab)
  const client = clientOf(lab)
  const ask = async (input: string, instructions = ''): Promise<string> =>
    (await client.responses.create({ model: 'small', input, instructions })).output_text
  expect(await ask('Money back!', 'Sort mails by topic.')).toBe('{"topic":"refund"}')
  expect(await ask('ping')).toBe('pong')
  expect(await ask('hello')).toBe('I heard hello and have 0 tools')
})

it('goes wrong as planned', async () => {
  // #region faults
  const lab = await startModelLab({
    script: [
      faults.rateLimited({ retryAfterMs: 20 }),
      faults.cut(3, 'An answer of which three events arrive.'),
      faults.slow(5, { text: 'Comes piece by piece.', usage: null }),
      { text: 'Fine.', delayMs: 10, headers: { 'x-request-id': 'mine' } },
    ],
  })
  // #endregion faults
  labs.push(lab)
  const client = clientOf(lab)
  const ask = (): Promise<OpenAI.Responses.Response> =>
    client.responses.stream({ model: 'small', input: 'x' }).finalResponse()
  await expect(ask()).rejects.toMatchObject({ status: 429 })
  await expect(ask()).rejects.toBeInstanceOf(OpenAIError)
  expect((await ask()).usage).toBe(null)
  expect((await ask()).output_text).toBe('Fine.')
  lab.assertComplete()
})

// #region cancel
it('closes the connection when it is cancelled', async () => {
  const lab = await startModelLab({ script: [faults.hang(2, 'Only the beginning of this is sent.')] })
  const controller = new AbortController()
  const { signal } = controller
  const answer = clientOf(lab).responses.stream({ model: 'small', input: 'x' }, { signal }).finalResponse()

  await lab.until(([first]) => first?.frames === 2)
  controller.abort()
  await expect(answer).rejects.toThrow('aborted')

  const [entry] = await lab.untilIdle()
  expect(entry?.end).toMatchObject({ by: 'client', isWhole: false })
  await lab.close()
})
// #endregion cancel

it('never has more than two requests open', async () => {
  // #region gate
  let open = (): void => undefined
  const gate = new Promise<void>((resolve) => {
    open = resolve
  })
  const lab = await startModelLab({
    script: [
      {
        when: {},
        isRepeated: true,
        answers: [
          async () => {
            await gate
            return 'done'
          },
        ],
      },
    ],
  })
  const work = askFourTimes({ atOnce: 2, lab })
  await lab.until(2)
  open()
  await work
  expect(lab.totals()).toMatchObject({ requests: 4, maxInFlight: 2 })
  // #endregion gate
  labs.push(lab)
})

it('answers as the real service did', async () => {
  const service = await startModelLab({ script: ['It comes on Monday.'] })
  labs.push(service)
  const realUrl = service.url
  for (const isRecording of [true, false]) {
    // #region record
    const lab = await startModelLab(
      isRecording
        ? { record: { file: recordingFile, upstream: realUrl } } // https://api.openai.com/v1
        : { replay: { file: recordingFile } },
    )
    const client = new OpenAI({ baseURL: lab.url, apiKey: process.env['OPENAI_API_KEY'] ?? 'none', maxRetries: 0 })
    // #endregion record
    labs.push(lab)
    const answer = await client.responses.stream({ model: 'small', input: 'Where is A1?' }).finalResponse()
    expect(answer.output_text).toBe('It comes on Monday.')
    lab.assertComplete()
  }
  expect(service.totals().requests).toBe(1)
})

function clientOf(lab: ModelLab): OpenAI {
  return new OpenAI({ baseURL: lab.url, apiKey: 'any', maxRetries: 0 })
}

async function askFourTimes({ atOnce, lab }: { readonly atOnce: number; readonly lab: ModelLab }): Promise<void> {
  const client = clientOf(lab)
  const left = [1, 2, 3, 4]
  const one = async (): Promise<void> => {
    while (left.pop() !== undefined) await client.responses.create({ model: 'small', input: 'x' })
  }
  await Promise.all(Array.from({ length: atOnce }, one))
}

/** An agent in one function: asks, does the call, asks again with its result. */
async function answerMail(mail: string, client: OpenAI): Promise<string> {
  const input: OpenAI.Responses.ResponseInput = [{ role: 'user', content: mail }]
  const tools: OpenAI.Responses.Tool[] = [{ type: 'function', name: 'look-up', parameters: {}, strict: false }]
  const first = await client.responses.create({ model: 'small', input, tools })
  const results = first.output.flatMap((item) =>
    item.type === 'function_call'
      ? [{ type: 'function_call_output' as const, call_id: item.call_id, output: '{"due":"Monday"}' }]
      : [],
  )
  const said = first.output.filter((item) => item.type === 'reasoning' || item.type === 'function_call')
  const second = await client.responses.create({ model: 'small', input: [...input, ...said, ...results], tools })
  return (JSON.parse(second.output_text) as { reply: string }).reply
}
