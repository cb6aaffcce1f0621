import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { asks, says, scripted } from '../../test/support/scripted-model.ts'
import { END } from '../define/edge.ts'
import { defineState } from '../define/state.ts'
import { defineTool } from '../define/tool.ts'
import type { Workflow } from '../define/workflow.ts'
import { nodeError } from '../errors/node-error.ts'
import { createRuntime } from './create-runtime.ts'
import { requestSchema } from './request-schema.ts'
import type { Request, Run, Runtime, RuntimeOptions } from './runtime.ts'

const open: Runtime[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((runtime) => runtime.close()))
})

/** A service whose answers are lost on the way: what it was asked may have happened. */
function lost(): never {
  throw nodeError('WAYSTONE_NODE_OUTCOME_UNKNOWN', 'the line broke')
}

const Receipt = z.object({ receipt: z.string() })
const pay = defineTool({
  name: 'pay',
  description: 'Pays.',
  input: z.object({ order: z.string() }),
  output: Receipt,
  run: lost,
})
const ring = defineTool({
  name: 'ring',
  description: 'Rings a bell.',
  input: z.object({ order: z.string() }),
  output: z.null(),
  run: lost,
})
const w = defineState({ order: z.string(), receipt: z.string(), note: z.string().optional() })
const input = z.object({ order: z.string() })

const n = w.nodes({
  pay: w.tool(pay, { reads: ['order'], writes: ['receipt'] }),
  show: w.task({ effect: 'pure', reads: ['receipt'], writes: ['note'], run: ({ state }) => ({ note: state.receipt }) }),
})
const picked = w.workflow('picked', {
  input,
  output: ['receipt', 'note'],
  nodes: n,
  start: n.pay,
  edges: { pay: { done: n.show }, show: { done: END } },
})

const applied = w.nodes({
  pay: w.tool(pay, {
    reads: ['order'],
    writes: ['receipt'],
    apply: ({ receipt }) => {
      if (receipt === '') throw new RangeError('no receipt is empty')
      return { receipt: `paid: ${receipt}` }
    },
  }),
})
const withApply = w.workflow('with-apply', {
  input,
  output: ['receipt'],
  nodes: applied,
  start: applied.pay,
  edges: { pay: { done: END } },
})

const s = defineState({ order: z.string(), note: z.string().optional(), reply: z.string().optional() })

const oneNode = {
  ring: s.nodes({ one: s.tool(ring, { reads: ['order'], apply: () => ({}) }) }),
  silent: s.nodes({ one: s.tool(pay, { reads: ['order'] }) }),
  noted: s.nodes({
    one: s.tool(pay, { reads: ['order'], writes: ['note'], apply: ({ receipt }) => ({ note: receipt }) }),
  }),
  bell: s.nodes({ one: s.tool(ring, { reads: ['order'], writes: ['note'], apply: () => ({ note: 'rung' }) }) }),
  optional: s.nodes({ one: s.task({ effect: 'unsafe', reads: ['order'], writes: ['note'], run: lost }) }),
  clerk: s.nodes({
    one: s.agent({ model: 'fast', instructions: 'Pay.', reads: ['order'], writes: ['reply'], tools: [pay] }),
  }),
  caller: s.nodes({
    one: s.agent({ model: 'fast', instructions: 'Ring.', reads: ['order'], writes: ['reply'], tools: [ring] }),
  }),
}

/** A workflow of one node, which is asked about. */
function only(name: keyof typeof oneNode): Workflow {
  const nodes = oneNode[name]
  const edges = { one: { done: END } }
  return s.workflow(name, {
    input,
    output: name === 'bell' ? ['order', 'note'] : ['order'],
    nodes,
    start: nodes.one,
    edges,
  })
}

const t = defineState({ order: z.string(), usd: z.number().min(1), note: z.string().optional() })
const tasks = t.nodes({
  charge: t.task({
    effect: 'unsafe',
    reads: ['order'],
    writes: ['usd', 'note'],
    outcomes: ['paid', 'free'],
    run: lost,
  }),
})
const task = t.workflow('task', {
  input,
  output: ['usd', 'note'],
  nodes: tasks,
  start: tasks.charge,
  edges: { charge: { paid: END, free: END } },
})

const outer = w.nodes({ inner: w.nested(picked, { reads: ['order'], writes: ['receipt', 'note'] }) })
const nested = w.workflow('nested', {
  input,
  output: ['receipt'],
  nodes: outer,
  start: outer.inner,
  edges: { inner: { done: END } },
})

/** A run that asks what became of an effect. */
async function asking(
  workflow: Workflow,
  options: RuntimeOptions = {},
): Promise<{ run: Run<object>; request: Request }> {
  const runtime = createRuntime(options)
  open.push(runtime)
  const run = await runtime.start(workflow, { input: { order: 'o-1' } })
  expect((await run.result()).status).toBe('waiting')
  const [request] = await run.requests()
  if (request === undefined) throw new RangeError('nothing is asked')
  expect(request.kind).toBe('unknown')
  expect(
    z.fromJSONSchema(requestSchema as Parameters<typeof z.fromJSONSchema>[0]).safeParse(request).error,
  ).toBeUndefined()
  return { run, request }
}

const happened = { outcome: 'happened', by: 'ann' }
const models = (tool: string) => ({ fast: scripted(asks([tool, { order: 'o-1' }]), says({ reply: 'done' })) })

describe('what came of an effect that a person says has happened', () => {
  it.each<[string, Workflow]>([
    ['a tool whose output is what the node writes', picked],
    ['one whose output is applied', withApply],
    ['one in a nested workflow', nested],
  ])('is needed of %s, and the error says what fits', async (_name, workflow) => {
    const { run, request } = await asking(workflow)
    expect(request.result).toMatchObject({
      schema: { type: 'object', required: ['receipt'] },
      example: { receipt: '…' },
      neededFor: ['happened'],
    })
    const failure = await run.decide(request, happened).catch((error: unknown) => error)
    expect(failure).toMatchObject({
      code: 'WAYSTONE_INPUT_DECISION',
      message:
        'the decision cannot be taken: outcome "happened" needs `result`: what tool pay gave; it fits ' +
        '{"type":"object","properties":{"receipt":{"type":"string"}},"required":["receipt"],"additionalProperties":false}, ' +
        'for example {"receipt":"…"}',
    })
    expect(await run.requests()).toHaveLength(1)
    await run.decide(request, { ...happened, result: { receipt: 'r-1' } })
    expect((await run.result()).status).toBe('completed')
  })

  it('is needed of a call of an agent, whose model is told it', async () => {
    const { run, request } = await asking(only('clerk'), { models: models('pay') })
    await expect(run.decide(request, happened)).rejects.toThrow('needs `result`: what tool pay gave')
    await run.decide(request, { ...happened, result: { receipt: 'r-1' } })
    expect((await run.result()).status).toBe('completed')
  })

  it('is not needed where all that it writes may be absent, nor of a tool that gives nothing', async () => {
    for (const [workflow, output] of [
      [only('silent'), {}],
      [only('noted'), {}],
      [only('ring'), {}],
      [only('bell'), { note: 'rung' }],
      [only('optional'), {}],
    ] as const) {
      const { run, request } = await asking(workflow)
      expect(request.result?.neededFor ?? []).toEqual([])
      await run.decide(request, happened)
      expect(await run.result()).toMatchObject({ status: 'completed', output })
    }
    const { run, request } = await asking(only('caller'), { models: models('ring') })
    await run.decide(request, happened)
    expect((await run.result()).status).toBe('completed')
  })

  it('is the patch of a task, with every key that later nodes rely on', async () => {
    const { run, request } = await asking(task)
    expect(request.result).toMatchObject({
      schema: { properties: { usd: { type: 'number', minimum: 1 }, note: {} }, required: ['usd'] },
      example: { usd: 1 },
      neededFor: ['paid', 'free'],
    })
    await expect(run.decide(request, { outcome: 'paid', by: 'ann' })).rejects.toThrow(
      'outcome "paid" needs `result`: the keys that charge wrote; it fits',
    )
    await expect(run.decide(request, { outcome: 'paid', by: 'ann', result: { note: 'x' } })).rejects.toThrow(
      'the result lacks usd',
    )
    await run.decide(request, { outcome: 'paid', by: 'ann', result: { usd: 4 } })
    expect(await run.result()).toMatchObject({ status: 'completed', output: { usd: 4 } })
  })

  it('is refused when `apply` makes nothing of it, and the request stays open', async () => {
    const { run, request } = await asking(withApply)
    await expect(run.decide(request, { ...happened, result: { receipt: '' } })).rejects.toMatchObject({
      code: 'WAYSTONE_INPUT_DECISION',
      message: 'the decision cannot be taken: `apply` of pay made nothing of the result: no receipt is empty',
    })
    expect(await run.requests()).toHaveLength(1)
  })

  it('is not taken with other answers', async () => {
    const { run, request } = await asking(picked)
    await expect(run.decide(request, { outcome: 'failed', by: 'ann', result: { receipt: 'r' } })).rejects.toThrow(
      'only what happened has one',
    )
    await run.decide(request, { outcome: 'failed', by: 'ann', reason: 'not in the ledger' })
    expect((await run.result()).status).toBe('failed')
  })
})
