import { describe, expect, it } from 'vitest'
import { answer, compileFixture, HandRun, type HandRunOptions } from '../../test/engine/hand-run.ts'
import type { GraphNotation } from '../../test/graphs/graph-fixture.ts'
import type { HistoryRecord } from '../graph/graph.ts'
import type { EffectEnd } from '../snapshot/event.ts'

const summary: HistoryRecord['summary'] = {
  model: 'cheap',
  instructions: null,
  maxInputTokens: 500,
  maxOutputTokens: 50,
  otherwise: 'keep',
}
const history: HistoryRecord = { over: { answers: 2 }, keep: { answers: 1 }, summary }

function startChat(
  own: Partial<HistoryRecord> = {},
  more: Partial<GraphNotation> = {},
  options: HandRunOptions = {},
): HandRun {
  const run = new HandRun(
    compileFixture({
      state: { message: { schema: { type: 'string' } }, reply: { schema: { type: 'string' }, optional: true } },
      input: ['message'],
      nodes: {
        chat: {
          kind: 'agent',
          memory: 'continue',
          reads: ['message'],
          writes: ['reply'],
          maxOutputTokens: 100,
          maxInputTokens: 100,
          history: { ...history, ...own },
        },
        user: { kind: 'approval', outcomes: ['said', 'bye'], writes: ['message'] },
      },
      edges: { chat: { done: 'user' }, user: { said: 'chat', bye: ':end' } },
      ...more,
    }),
    options,
  )
  run.start({ message: 'm0' })
  return run
}

/** The next step in turn: what it is, then its end. */
function end(run: HandRun, outcome: string, more: Partial<EffectEnd> = {}): void {
  run.end(Number(Object.keys(run.context.open)[0]), outcome, more)
}

function say(run: HandRun, message: string): void {
  run.decide(Number(Object.keys(run.context.open)[0]), 'said', { patch: { message } })
}

function talk(run: HandRun, from: number, to: number): void {
  for (let index = from; index < to; index++) {
    end(run, 'done', answer({ reply: `r${index}` }))
    say(run, `m${index + 1}`)
  }
}

const told = (step: number, text = 'in short'): Partial<EffectEnd> => ({
  summary: { type: 'summary', text, step },
  usage: { inputTokens: 40, outputTokens: 4 },
})

describe('a summary in the plan', () => {
  it('is opened before the next model call, with its own reservation, and followed by that call', () => {
    const run = startChat()
    talk(run, 0, 3)
    expect(run.open).toEqual(['6:chat:summary/1'])
    expect(run.openStep(6).reserved).toEqual({ modelCalls: 1, inputTokens: 500, outputTokens: 50 })
    expect(run.last.commands).toEqual([{ type: 'effect', step: 6, node: 'chat', kind: 'summary', attempt: 1 }])
    end(run, 'done', told(6))
    expect(run.taken.at(-1)).toBe('chat:model')
    expect(run.open).toEqual(['7:chat:model/1'])
    expect(run.last.step).toMatchObject({ kind: 'summary', node: 'chat', visit: 4 })
    expect(run.context.private['chat']?.entries).toMatchObject([
      { type: 'summary', text: 'in short', step: 6 },
      { type: 'input', state: { message: 'm2' } },
      { role: 'assistant' },
      { type: 'input', state: { message: 'm3' } },
    ])
    expect(run.context.usage).toMatchObject({ modelCalls: 4, inputTokens: 3 * 100 + 40 })
  })

  it('is a model call of its visit: it may be tried while one is left for the answer', () => {
    const busy = { error: { name: 'NodeError', code: 'WAYSTONE_NODE_THREW', message: 'busy', retryable: true } }
    const retry = { attempts: 9, backoffMs: 0, factor: 1, maxBackoffMs: 0, jitter: 0 }
    const run = startChat(
      {},
      {
        nodes: {
          chat: {
            kind: 'agent',
            memory: 'continue',
            reads: ['message'],
            writes: ['reply'],
            maxModelCalls: 3,
            retry,
            history,
          },
          user: { kind: 'approval', outcomes: ['said', 'bye'], writes: ['message'] },
        },
      },
    )
    talk(run, 0, 3)
    end(run, 'failed', busy)
    expect(run.open).toEqual(['6:chat:summary/2'])
    end(run, 'lost')
    expect(run.open).toEqual(['7:chat:model/1'])
    expect(run.context.private['chat']).toMatchObject({ modelCalls: 2, hasNoSummary: true })
    expect(run.context.private['chat']?.entries).toHaveLength(7)
    end(run, 'done', answer({ reply: 'r3' }))
    say(run, 'm4')
    expect(run.open).toEqual(['9:chat:summary/1'])
  })

  it('stands before a limit of the workflow like any model call', () => {
    const run = startChat({}, { limits: { modelCalls: 3 } })
    talk(run, 0, 3)
    expect(run.last.decision).toMatchObject({ taken: 'limits.exhausted', limit: { name: 'modelCalls', used: 3 } })
    const tokens = startChat({}, { limits: { inputTokens: 400 } })
    talk(tokens, 0, 3)
    expect(tokens.last.decision).toMatchObject({ limit: { name: 'inputTokens', max: 400 } })
  })

  it('ends its node when it failed and that is declared', () => {
    const run = startChat({ summary: { ...summary, otherwise: 'fail' } })
    talk(run, 0, 3)
    end(run, 'failed')
    expect(run.last.decision).toMatchObject({ taken: 'chat.failed', to: ':fail' })
  })

  it('is cancelled with its run, and its late end only settles', () => {
    const run = startChat()
    talk(run, 0, 3)
    run.cancel()
    run.end(6, 'done', told(6))
    expect(run.last.decision).toBeNull()
    expect(run.context.usage.inputTokens).toBe(3 * 100 + 40)
  })
})

describe('a conversation of 1,000 messages', () => {
  const line = 'x'.repeat(200)

  function sizes(own: Partial<HistoryRecord>): { readonly largest: number; readonly stored: readonly number[] } {
    const run = startChat(own, {}, { isUnchecked: true })
    let largest = 0
    for (let index = 0; index < 1_000; index++) {
      if (run.open[0]?.includes('summary') === true)
        end(run, 'done', told(Number(Object.keys(run.context.open)[0]), line))
      end(run, 'done', answer({ reply: `${index} ${line}` }))
      say(run, `${index} ${line}`)
      largest = Math.max(largest, JSON.stringify(run.snapshot).length)
    }
    const texts = run.stored.map(({ text }) => text.length)
    const half = texts.length / 2
    const sum = (from: number, to: number): number =>
      texts.slice(Math.round(from), Math.round(to)).reduce((total, size) => total + size, 0)
    return { largest, stored: [sum(0, half), sum(half, texts.length)] }
  }

  it.each([
    ['forgotten', null],
    ['told in summaries', summary],
  ])('keeps a bounded snapshot and a store that grows with what is said, when older parts are %s', (_, how) => {
    const { largest, stored } = sizes({ over: { answers: 20 }, keep: { answers: 10 }, summary: how })
    // 20 exchanges of some 700 bytes.
    expect(largest).toBeLessThan(25_000)
    const [first = 0, second = 0] = stored
    expect(second / first).toBeLessThan(1.05)
    // 400 bytes are said each time; the rest is what checkpoints say about them.
    expect((first + second) / 1_000).toBeLessThan(4_000)
  })
})
