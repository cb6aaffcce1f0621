import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { asks, says, scripted, type ScriptedModel } from '../../test/support/scripted-model.ts'
import { END } from '../define/edge.ts'
import { defineState } from '../define/state.ts'
import type { ToolRules } from '../define/tool-rule.ts'
import { defineTool } from '../define/tool.ts'
import { createRuntime } from './create-runtime.ts'
import type { RunEvent } from './run-event.ts'
import type { Run, RunResult, Runtime } from './runtime.ts'

const open: Runtime[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((runtime) => runtime.close()))
})

const w = defineState({ isVerified: z.boolean(), secretScore: z.number(), reply: z.string().optional() })
const isVerified = w.guard('isVerified', ['isVerified', 'secretScore'], (state) => state.isVerified)
const isBroken = w.guard('isBroken', [], () => {
  throw new Error('out of order')
})

let ran: string[] = []
const lookUp = defineTool({
  name: 'look-up',
  description: 'Looks up.',
  effect: 'pure',
  retry: { attempts: 1 },
  input: z.object({ order: z.string() }),
  output: z.object({ found: z.string() }),
  run: ({ order }) => {
    ran.push(`look-up ${order}`)
    if (order === 'bad') throw new Error('no such order')
    return { found: order }
  },
})
const refund = defineTool({
  name: 'refund',
  description: 'Refunds.',
  effect: 'idempotent',
  input: z.object({ order: z.string() }),
  output: z.object({}),
  run: ({ order }) => {
    ran.push(`refund ${order}`)
    return {}
  },
})

interface Asked {
  readonly model: ScriptedModel
  readonly result: RunResult<object>
  readonly run: Run<object>
}

async function ask(
  toolRules: ToolRules<'look-up' | 'refund', { isVerified: boolean; secretScore: number; reply?: string }>,
  { answers, verified = true }: { readonly answers: readonly unknown[]; readonly verified?: boolean },
): Promise<Asked> {
  ran = []
  const n = w.nodes({
    desk: w.agent({
      model: 'fast',
      instructions: 'Help.',
      tools: [lookUp, refund],
      writes: ['reply'],
      maxModelCalls: 4,
      maxInputTokens: 100,
      maxOutputTokens: 100,
      toolRules,
    }),
  })
  const workflow = w.workflow('desk', {
    input: z.object({ isVerified: z.boolean(), secretScore: z.number() }),
    output: ['reply'],
    nodes: n,
    start: n.desk,
    edges: { desk: { done: END } },
  })
  const model = scripted(...answers)
  const runtime = createRuntime({ models: { fast: model } })
  open.push(runtime)
  const run = await runtime.start(workflow, { input: { isVerified: verified, secretScore: 77 } })
  return { model, run, result: await run.result() }
}

const done = says({ reply: 'done' })
const order = { order: 'o-1' }

function offered({ model }: Asked, call: number): readonly string[] | undefined {
  return model.requests[call]?.tools.map(({ name }) => name)
}

/** What the model is told of the calls of its answer before, in order. */
function told({ model }: Asked, call: number): readonly string[] {
  return (model.requests[call]?.messages ?? []).flatMap((message) =>
    message.role === 'tool' ? message.content.map((part) => (part.type === 'text' ? part.text : '')) : [],
  )
}

async function ends({ run }: Asked): Promise<readonly RunEvent[]> {
  const events: RunEvent[] = []
  for await (const event of run.events()) if (event.type === 'step.ended') events.push(event)
  return events
}

describe('a tool with a condition', () => {
  it('is offered and run while it holds (T1)', async () => {
    const asked = await ask({ refund: { when: isVerified } }, { answers: [asks(['refund', order]), done] })
    expect(offered(asked, 0)).toEqual(['look-up', 'refund'])
    expect(ran).toEqual(['refund o-1'])
    expect((await ends(asked))[0]).not.toHaveProperty('withheld')
  })

  it('is not in the request while it does not hold, and a call of it is not run (T1)', async () => {
    const asked = await ask(
      { refund: { when: w.all(isVerified) } },
      { answers: [asks(['refund', order], ['look-up', order], ['remove', {}]), done], verified: false },
    )
    expect(asked.result.status).toBe('completed')
    expect([offered(asked, 0), offered(asked, 1)]).toEqual([['look-up'], ['look-up']])
    expect(ran).toEqual(['look-up o-1'])
    expect(told(asked, 1)).toEqual([
      '{"error":"not run: refund only when isVerified; isVerified is false"}',
      '{"found":"o-1"}',
      '{"error":"there is no tool \\"remove\\"; the tools are: look-up"}',
    ])
    expect(asked.result.usage.toolCalls).toBe(1)
  })

  it('is recorded with what its guards read, which the model is not told', async () => {
    const answers = [asks(['refund', order]), done]
    const asked = await ask({ refund: { when: isVerified } }, { answers, verified: false })
    const [first] = await ends(asked)
    const message = 'not run: refund only when isVerified; isVerified is false'
    expect(first).toMatchObject({
      withheld: {
        refund: {
          rule: 'when',
          message,
          guards: [{ guard: 'isVerified', result: false, read: { isVerified: false, secretScore: 77 } }],
        },
      },
      refusedCalls: { 'call-0': { rule: 'when', message } },
    })
    expect(JSON.stringify(asked.model.requests)).not.toContain('77')
  })

  it('fails the node when the guard throws, with no call made and nothing charged', async () => {
    const asked = await ask({ refund: { when: isBroken } }, { answers: [] })
    expect(asked.result).toMatchObject({
      status: 'failed',
      error: { code: 'WAYSTONE_NODE_GUARD_ERROR' },
      usage: { inputTokens: 0, outputTokens: 0, estimatedCalls: 0 },
    })
    expect(asked.model.requests).toEqual([])
  })
})

describe('a tool that comes after another', () => {
  it('is offered once that one has ended well, and refused before (T3)', async () => {
    const asked = await ask(
      { refund: { after: ['look-up'] } },
      { answers: [asks(['refund', order]), asks(['look-up', order]), asks(['refund', order]), done] },
    )
    expect([0, 1, 2].map((call) => offered(asked, call))).toEqual([['look-up'], ['look-up'], ['look-up', 'refund']])
    expect(told(asked, 1)).toEqual([
      '{"error":"not run: refund only after look-up; look-up has not been called with success"}',
    ])
    expect(ran).toEqual(['look-up o-1', 'refund o-1'])
  })

  it('is out of order in the same turn, whichever is asked for first (T3)', async () => {
    const answers = [asks(['refund', order], ['look-up', order], ['refund', order]), done]
    const asked = await ask({ refund: { after: ['look-up'] } }, { answers })
    const refused =
      '{"error":"not run: refund only after look-up; look-up was asked for in the same turn and has not ended"}'
    expect(told(asked, 1)).toEqual([refused, '{"found":"o-1"}', refused])
    expect(ran).toEqual(['look-up o-1'])
  })

  it('waits for a call that ended well (T3)', async () => {
    const answers = [asks(['look-up', { order: 'bad' }]), asks(['refund', order]), done]
    const asked = await ask({ refund: { after: ['look-up'] } }, { answers })
    expect(ran).toEqual(['look-up bad'])
    expect(told(asked, 2).at(-1)).toContain('refund only after look-up')
  })
})

describe('a tool with a bound of calls', () => {
  it('is run so often in a visit and then not offered, also within one turn', async () => {
    const answers = [
      asks(['look-up', { order: 'a' }], ['look-up', { order: 'b' }]),
      asks(['look-up', { order: 'c' }]),
      done,
    ]
    const asked = await ask({ 'look-up': { maxCalls: 1 } }, { answers })
    expect(ran).toEqual(['look-up a'])
    expect([offered(asked, 0), offered(asked, 1)]).toEqual([['look-up', 'refund'], ['refund']])
    const refused = '{"error":"not run: at most 1 call of look-up allowed in one visit, and no more"}'
    expect(told(asked, 2)).toEqual(['{"found":"a"}', refused, refused])
  })
})
