import { describe, expect, it } from 'vitest'
import { hideKey } from './call-failure.ts'
import { readChat, readChatStream } from './chat-answer.ts'
import { thrownBy } from '../test/ask.ts'

const place = { model: 'small', host: 'lab', secret: null, hide: hideKey(null) }

async function* chunks(...deltas: readonly object[]): AsyncGenerator {
  for (const delta of deltas) yield await Promise.resolve({ id: 'c1', model: 'm', choices: [{ delta }] })
  yield { id: 'c1', model: 'm', choices: [{ delta: {}, finish_reason: 'stop' }] }
}

async function streamed(...deltas: readonly object[]): Promise<ReturnType<typeof readChat>> {
  return readChat(place, 'here', await readChatStream(place, chunks(...deltas), () => {}))
}

describe('what other servers send', () => {
  it('keeps reasoning that the provider wants back, and what it hung on calls', async () => {
    const answer = await streamed(
      { reasoning_details: [{ type: 'reasoning.text', text: 'Ra' }] },
      { reasoning_details: [{ type: 'reasoning.encrypted', data: 'x' }], reasoning: 'Ra' },
      {
        tool_calls: [
          { index: 0, id: 'a', extra_content: { google: { thought_signature: 's' } }, function: { name: 'f' } },
        ],
      },
      { tool_calls: [{ index: 0, function: { arguments: '{}' } }] },
    )
    expect(answer.calls).toEqual([{ id: 'a', name: 'f', argumentsText: '{}' }])
    expect(answer.providerItems).toEqual([
      { origin: 'here' },
      {
        reasoning_details: [
          { type: 'reasoning.text', text: 'Ra' },
          { type: 'reasoning.encrypted', data: 'x' },
        ],
        reasoning: 'Ra',
        calls: { a: { extra_content: { google: { thought_signature: 's' } } } },
      },
    ])
  })

  it('tells calls apart that have no index, no id, or arguments that are no text', async () => {
    const whole = await streamed(
      { tool_calls: [{ id: 'a', function: { name: 'f', arguments: '{"x":1}' } }] },
      { tool_calls: [{ id: 'b', function: { name: 'f', arguments: { x: 2 } } }] },
    )
    expect(whole.calls.map(({ id, argumentsText }) => [id, argumentsText])).toEqual([
      ['a', '{"x":1}'],
      ['b', '{"x":2}'],
    ])
    const nameless = [{ function: { name: 'f', arguments: { x: 1 } } }, { function: { name: 'f' }, id: '' }]
    const { calls } = readChat(place, 'here', {
      choices: [{ message: { tool_calls: nameless }, finish_reason: 'stop' }],
    })
    expect(calls).toEqual([
      { id: 'call_0', name: 'f', argumentsText: '{"x":1}' },
      { id: 'call_1', name: 'f', argumentsText: '' },
    ])
  })

  it('believes the last usage of a stream that sends it with every chunk', async () => {
    async function* counting(): AsyncGenerator {
      for (const completion_tokens of [1, 2, 3])
        yield await Promise.resolve({
          choices: [{ delta: { content: 'x' } }],
          usage: { prompt_tokens: 5, completion_tokens },
        })
      yield { choices: [{ finish_reason: 'stop' }], usage: null }
    }
    const answer = readChat(place, 'here', await readChatStream(place, counting(), () => {}))
    expect(answer).toMatchObject({ text: 'xxx', usage: { inputTokens: 5, outputTokens: 3 } })
  })

  it.each([
    [{ prompt_tokens: -1, completion_tokens: 5 }],
    [{ prompt_tokens: 5, completion_tokens: 'many' }],
    [{ prompt_tokens: 0, completion_tokens: 0 }],
    [{}],
    [null],
  ])('takes %j for unknown usage', (usage) => {
    expect(readChat(place, 'here', { choices: [{ message: { content: 'x' } }], usage }).usage).toBeNull()
  })

  it('fails when the error stands in a whole answer', async () => {
    const given = {
      choices: [{ message: {}, finish_reason: 'error', error: { code: 'overloaded', message: 'later' } }],
    }
    const error = await thrownBy(Promise.resolve().then(() => readChat(place, 'here', given)))
    expect(error).toMatchObject({ retryable: true, message: expect.stringContaining('overloaded: later') as string })
  })

  it.each([
    [402, false],
    [429, true],
    [502, true],
    ['insufficient_quota', false],
  ])('tries again after an error of code %j in an answer: %s', async (code, retryable) => {
    const given = { choices: [{ message: {}, finish_reason: 'error', error: { code, message: 'no' } }] }
    expect(await thrownBy(Promise.resolve().then(() => readChat(place, 'here', given)))).toMatchObject({ retryable })
  })

  it.each([null, 'hello', {}, { choices: [] }, { choices: [{ text: 'old' }] }])(
    'fails when %j comes',
    async (given) => {
      const error = await thrownBy(Promise.resolve().then(() => readChat(place, 'here', given)))
      expect(error).toMatchObject({ code: 'WAYSTONE_NODE_MODEL_FAILED', retryable: true })
    },
  )
})
