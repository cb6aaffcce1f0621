import { connect } from 'node:net'
import { InputError } from '@waystone/core'
import { afterEach, describe, expect, it } from 'vitest'
import { faults } from './faults.ts'
import type { ModelLab } from './model-lab.ts'
import type { LabScript } from './script.ts'
import { startModelLab } from './start-model-lab.ts'

const labs: ModelLab[] = []

afterEach(async () => {
  await Promise.all(labs.splice(0).map((lab) => lab.close()))
})

async function labWith(...script: LabScript): Promise<ModelLab> {
  const lab = await startModelLab({ script })
  labs.push(lab)
  return lab
}

interface Asked {
  readonly model?: string
  readonly instructions?: string
  readonly input?: string
  readonly tool?: string
  readonly isStream?: boolean
  readonly signal?: AbortSignal
}

/** Asks as a bare client: no SDK, no retries. */
function ask(lab: ModelLab, asked: Asked = {}): Promise<Response> {
  const { model = 'small', instructions = '', input = 'Hello', tool, isStream = false, signal } = asked
  return fetch(`${lab.url}/responses`, {
    method: 'POST',
    headers: { authorization: 'Bearer sk-secret-key', 'content-type': 'application/json', cookie: 'session=1' },
    body: JSON.stringify({
      model,
      instructions,
      input,
      stream: isStream,
      tools: tool === undefined ? [] : [{ type: 'function', name: tool, parameters: {} }],
    }),
    ...(signal === undefined ? {} : { signal }),
  })
}

async function textOf(response: Response): Promise<string> {
  const body: unknown = await response.json()
  const [item] = (body as { output?: { content: { text: string }[] }[] }).output ?? []
  return item?.content[0]?.text ?? JSON.stringify(body)
}

describe('scripts', () => {
  it('answer in order, and may decide by the request', async () => {
    const lab = await labWith('one', ({ lastMessage, model }) => `${model} heard ${lastMessage}`, {
      json: { three: 3 },
    })
    expect(await textOf(await ask(lab))).toBe('one')
    expect(await textOf(await ask(lab, { input: 'two' }))).toBe('small heard two')
    expect(await textOf(await ask(lab))).toBe('{"three":3}')
    lab.assertComplete()
    expect(lab.entries.map(({ answeredBy }) => answeredBy)).toEqual(['answer 0', 'answer 1', 'answer 2'])
  })

  it('answer by rule whatever the order, then by what stands in no rule', async () => {
    const lab = await labWith(
      'anything',
      { when: { instructions: 'triage' }, answers: ['triaged', 'triaged again'] },
      { when: { model: /^good/, tool: 'refund' }, answers: ['refunded'] },
      { when: { lastMessage: 'ping', api: 'responses', isStream: false }, answers: ['pong'], isRepeated: true },
      { when: { test: ({ body }) => body['instructions'] === 'exactly this' }, answers: ['exact'] },
    )
    const answers = [
      await ask(lab, { input: 'ping' }),
      await ask(lab, { model: 'good-1', tool: 'refund' }),
      await ask(lab, { instructions: 'You triage mails.' }),
      await ask(lab, { instructions: 'exactly this' }),
      await ask(lab, { model: 'good-1' }),
      await ask(lab, { input: 'ping' }),
      await ask(lab, { instructions: 'You triage mails.', tool: 'refund' }),
    ]
    expect(await Promise.all(answers.map(textOf))).toEqual([
      'pong',
      'refunded',
      'triaged',
      'exact',
      'anything',
      'pong',
      'triaged again',
    ])
    lab.assertComplete()
  })

  it('fail a request that has no answer, with its index, and tell clients not to try again', async () => {
    const lab = await labWith('only')
    await ask(lab)
    const response = await ask(lab, { input: 'And now?', tool: 'weather' })
    expect(response.status).toBe(500)
    expect(response.headers.get('x-should-retry')).toBe('false')
    expect(await response.json()).toMatchObject({ error: { code: 'lab_unexpected_request' } })
    expect(() => lab.assertComplete()).toThrowErrorMatchingInlineSnapshot(
      `
      [InputError: the script of the model lab does not fit:
      - request 1: the script's only answer for it is used (responses, model small, tools weather, last message "And now?")]
    `,
    )
    expect(codeOf(() => lab.assertComplete())).toBe('WAYSTONE_INPUT_SCRIPT_UNUSED')
  })

  it('name every answer that was not used', async () => {
    const lab = await labWith('used', 'left', faults.rateLimited(), {
      when: { model: 'other' },
      answers: [
        function late() {
          return 'x'
        },
      ],
    })
    await ask(lab)
    expect(() => lab.assertComplete()).toThrowErrorMatchingInlineSnapshot(
      `
      [InputError: the script of the model lab does not fit:
      - rule 0, answer 0 (function late) was never asked for
      - answer 1 ("left") was never asked for
      - answer 2 ({"headers":{},"error":{"status":429,"type":"requests","code":"rate_limit_exceeded","message":"Rate limit reached for requests. Please try again later."}}) was never asked for]
    `,
    )
  })

  it('report an answer function that throws', async () => {
    const lab = await labWith(() => {
      throw new RangeError('no such city')
    })
    expect(await (await ask(lab)).json()).toMatchObject({ error: { code: 'lab_failed', message: 'no such city' } })
    expect(lab.problems).toEqual(['request 0: no such city'])
  })
})

describe('journal', () => {
  it('has every request, its answer and its end, and no secret', async () => {
    const lab = await labWith({ text: 'Hello.', model: 'small-2026' })
    const before = performance.timeOrigin + performance.now()
    await (await ask(lab, { instructions: 'Be kind.' })).text()
    const [entry] = await lab.untilIdle()
    expect(entry).toMatchObject({
      index: 0,
      method: 'POST',
      path: '/v1/responses',
      headers: { authorization: '[secret]', cookie: '[secret]', 'content-type': 'application/json' },
      body: { model: 'small', instructions: 'Be kind.' },
      request: { api: 'responses', instructions: 'Be kind.', lastMessage: 'Hello', tools: [], isStream: false },
      inFlight: 1,
      status: 200,
      frames: 1,
      usage: { inputTokens: 100, outputTokens: 20 },
      end: { by: 'lab', isWhole: true },
    })
    expect(JSON.stringify(lab.entries)).not.toContain('sk-secret')
    const times = [before, entry?.receivedAt, entry?.answeredAt, entry?.end?.at]
    expect(times).toEqual(times.toSorted((a, b) => (a ?? 0) - (b ?? 0)))
    expect(entry?.bytesIn).toBeGreaterThan(50)
    expect(entry?.bytesOut).toBeGreaterThan(500)
  })

  it('counts what is in flight (B4), and usage by the model asked (B5, O2)', async () => {
    let open = (): void => undefined
    const gate = new Promise<void>((resolve) => {
      open = resolve
    })
    const usage = { inputTokens: 7, outputTokens: 5, cachedTokens: 3, reasoningTokens: 2 }
    const held = async (): Promise<{ text: string; usage: typeof usage }> => {
      await gate
      return { text: 'held', usage }
    }
    const lab = await labWith(held, held, held, { text: 'later', usage }, faults.quota(), faults.noUsage('silent'))
    const first = [ask(lab), ask(lab, { model: 'good' }), ask(lab)]
    await lab.until(3)
    open()
    await Promise.all((await Promise.all(first)).map((response) => response.text()))
    await lab.untilIdle()
    for (let index = 0; index < 3; index += 1) await (await ask(lab)).text()
    expect(lab.totals()).toEqual({
      requests: 6,
      accepted: 5,
      unreported: 1,
      usage: { inputTokens: 28, outputTokens: 20, cachedTokens: 12, reasoningTokens: 8 },
      models: {
        small: { requests: 5, usage: { inputTokens: 21, outputTokens: 15, cachedTokens: 9, reasoningTokens: 6 } },
        good: { requests: 1, usage },
      },
      maxInFlight: 3,
    })
  })

  it('knows that the client closed, before the answer and within it', async () => {
    const lab = await labWith(faults.hang(), faults.hang(2), faults.slow(5, faults.huge(5_000)))
    for (const [index, { isStream, frames }] of [
      { isStream: false, frames: 0 },
      { isStream: true, frames: 2 },
      { isStream: true, frames: 3 },
    ].entries()) {
      const controller = new AbortController()
      const answer = ask(lab, { isStream, signal: controller.signal }).then((response) => response.text())
      await lab.until((entries) => (entries[index]?.frames ?? -1) >= frames)
      const cancelled = performance.timeOrigin + performance.now()
      controller.abort()
      await expect(answer).rejects.toThrow(/abort/)
      const entry = (await lab.untilIdle())[index]
      expect(entry?.end).toMatchObject({ by: 'client', isWhole: false })
      expect((entry?.end?.at ?? Infinity) - cancelled).toBeLessThan(1_000)
      expect(entry?.usage).toBe(null)
    }
    lab.assertComplete()
  })

  it('answers nobody who left while the answer was made', async () => {
    const { promise: gate, resolve: open } = Promise.withResolvers<void>()
    const lab = await labWith(async () => {
      await gate
      return 'too late'
    }, 'next')
    const controller = new AbortController()
    const answer = ask(lab, { signal: controller.signal })
    await lab.until(1)
    controller.abort()
    await expect(answer).rejects.toThrow(/abort/)
    await lab.untilIdle()
    open()
    expect(await textOf(await ask(lab))).toBe('next')
    expect(lab.entries[0]).toMatchObject({ status: null, frames: 0, end: { by: 'client' } })
    expect(lab.totals().accepted).toBe(1)
  })

  it('listens on the port it is given, and says when that is taken or none', async () => {
    const first = await labWith('x')
    const port = Number(new URL(first.url).port)
    const taken = startModelLab({ script: [], port })
    await expect(taken).rejects.toMatchObject({ code: 'WAYSTONE_INPUT_LAB_PORT' })
    await expect(taken).rejects.toThrow(`the lab cannot listen on port ${port}: listen EADDRINUSE`)
    await expect(startModelLab({ script: [], port: 70_000 })).rejects.toMatchObject({ code: 'WAYSTONE_INPUT_LAB_PORT' })
    await first.close()
    const second = await startModelLab({ script: ['y'], port })
    labs.push(second)
    expect(second.url).toBe(first.url)
    expect(await textOf(await ask(second))).toBe('y')
  })

  it('stops waiting in time, and when the lab is closed', async () => {
    const lab = await labWith('x')
    await (await ask(lab)).text()
    await lab.untilIdle()
    const late = lab.until(2, { withinMs: 1 })
    await expect(late).rejects.toMatchObject({ code: 'WAYSTONE_INPUT_LAB_WAIT' })
    await expect(late).rejects.toThrow(
      'waited 1 ms for 2 requests; the lab saw request 0 (POST /v1/responses, 200, closed by the lab)',
    )
    await expect(
      lab.until(() => {
        throw new RangeError('bad condition')
      }),
    ).rejects.toThrow('bad condition')
    const waiting = lab.until(2)
    await lab.close()
    await lab.close()
    await expect(waiting).rejects.toThrow('the lab was closed while a test waited')
  })

  it('closes hanging connections with the lab', async () => {
    const lab = await labWith(faults.hang())
    const answer = ask(lab)
    await lab.until(1)
    await lab.close()
    await expect(answer).rejects.toThrow('fetch failed')
    expect(lab.entries[0]?.end).toMatchObject({ by: 'lab', isWhole: false })
  })

  it('survives a client that leaves in the middle of its request', async () => {
    const lab = await labWith('x')
    const socket = connect(Number(new URL(lab.url).port), '127.0.0.1')
    await new Promise<void>((resolve) => {
      socket.write('POST /v1/responses HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{', () => resolve())
    })
    const closed = new Promise((resolve) => {
      socket.on('close', resolve)
    })
    socket.destroy()
    await closed
    expect(await textOf(await ask(lab))).toBe('x')
    expect(lab.entries).toHaveLength(1)
    lab.assertComplete()
  })
})

describe('delivery', () => {
  it('waits before headers and frames, and hands out frames one by one', async () => {
    const sent: number[] = []
    const lab = await labWith({ text: 'now', delayMs: 2 }, faults.slow(1, 'slowly, over ten pieces'), {
      text: 'stream',
      beforeFrame: async (index) => {
        sent.push(index)
        await Promise.resolve()
      },
    })
    expect(await textOf(await ask(lab))).toBe('now')
    expect(await textOf(await ask(lab))).toBe('slowly, over ten pieces')
    await (await ask(lab, { isStream: true })).text()
    const [first, second, third] = await lab.untilIdle()
    expect((first?.answeredAt ?? 0) - (first?.receivedAt ?? 0)).toBeGreaterThanOrEqual(1)
    expect((second?.end?.at ?? 0) - (second?.answeredAt ?? 0)).toBeGreaterThanOrEqual(9)
    expect(sent).toHaveLength(third?.frames ?? 0)
  })

  it('sends megabytes, streamed and not', async () => {
    const lab = await labWith(faults.huge(3_000_000), faults.huge(3_000_000))
    expect(await textOf(await ask(lab))).toHaveLength(3_000_000)
    const events = await (await ask(lab, { isStream: true })).text()
    expect(events.length).toBeGreaterThan(12_000_000)
    expect(lab.totals().unreported).toBe(0)
    expect(lab.entries[1]?.bytesOut).toBe(events.length)
  })

  it('has the headers of a rate limit, and any other', async () => {
    const limit = { limitRequests: 60, remainingRequests: 0, resetRequests: '1s', limitTokens: 9, remainingTokens: 1 }
    const lab = await labWith(faults.withRateLimit(limit, { text: 'x', headers: { 'x-mine': 'yes' } }))
    const { headers } = await ask(lab)
    const names = ['x-ratelimit-limit-requests', 'x-ratelimit-remaining-requests', 'x-ratelimit-reset-requests']
    expect(names.map((name) => headers.get(name))).toEqual(['60', '0', '1s'])
    expect([headers.get('x-ratelimit-reset-tokens'), headers.get('x-mine')]).toEqual([null, 'yes'])
    expect(headers.get('x-request-id')).toBe('req_0001')
  })

  it('answers equal scripts with equal bytes', async () => {
    const bodies = await Promise.all(
      [1, 2].map(async () => {
        const lab = await labWith({ reasoning: 'hm', text: 'same', calls: [{ name: 'a' }] }, 'stream')
        return [await (await ask(lab)).text(), await (await ask(lab, { isStream: true })).text()]
      }),
    )
    expect(bodies[0]).toEqual(bodies[1])
  })

  it('has wrong tools and bad arguments', async () => {
    const lab = await labWith(faults.unknownTool(), faults.badArguments('weather'))
    const bodies = [await (await ask(lab)).json(), await (await ask(lab, { tool: 'weather' })).json()]
    expect(bodies).toMatchObject([
      { output: [{ type: 'function_call', name: 'no_such_tool', arguments: '{}' }] },
      { output: [{ type: 'function_call', name: 'weather', arguments: '{"half": ' }] },
    ])
  })
})

function codeOf(run: () => void): string | undefined {
  try {
    run()
  } catch (error) {
    if (InputError.isInstance(error)) return error.code
  }
  return undefined
}
