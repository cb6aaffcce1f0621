import { createRuntime, defineState, defineTool, END, type Runtime } from '@waystone/core'
import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { closeLabs, key, labWith, modelAt, ways } from './ask.ts'

const open: Runtime[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((runtime) => runtime.close()))
  await closeLabs()
})

const ran: string[] = []
const shape = { input: z.object({ order: z.string() }), output: z.object({ done: z.boolean() }) }
const run = (name: string) => (): { done: boolean } => {
  ran.push(name)
  return { done: true }
}
const lookUp = defineTool({ ...shape, name: 'look-up', description: 'Looks up.', effect: 'pure', run: run('look-up') })
const refund = defineTool({ ...shape, name: 'refund', description: 'Refunds.', effect: 'keyed', run: run('refund') })

const w = defineState({ order: z.string(), isVerified: z.boolean(), reply: z.string().optional() })
const isVerified = w.guard('isVerified', ['isVerified'], (state) => state.isVerified)
const n = w.nodes({
  clerk: w.agent({
    model: 'fast',
    instructions: 'Help.',
    tools: [lookUp, refund],
    toolRules: { refund: { when: isVerified, after: ['look-up'] } },
    reads: ['order'],
    writes: ['reply'],
    maxModelCalls: 4,
  }),
})
const workflow = w.workflow('desk', {
  input: z.object({ order: z.string(), isVerified: z.boolean() }),
  output: ['reply'],
  nodes: n,
  start: n.clerk,
  edges: { clerk: { done: END } },
})

const asks = (name: string): object => ({ calls: [{ name, arguments: { order: 'A1' } }] })

describe.each(ways)('tools in requests over $api, stream: $stream', (way) => {
  it.each([
    [true, [['look-up'], ['look-up'], ['look-up', 'refund'], ['look-up', 'refund']], ['look-up', 'refund']],
    [false, [['look-up'], ['look-up'], ['look-up'], ['look-up']], ['look-up']],
  ])('are those that may be called now; verified: %s (T1, T3)', async (verified, offered, done) => {
    ran.length = 0
    const lab = await labWith(asks('refund'), asks('look-up'), asks('refund'), { json: { reply: 'Done.' } })
    const runtime = createRuntime({ models: { fast: modelAt(lab, way) }, secrets: () => key })
    open.push(runtime)
    const started = await runtime.start(workflow, { input: { order: 'A1', isVerified: verified } })
    expect(await started.result()).toMatchObject({ status: 'completed', output: { reply: 'Done.' } })
    expect(lab.entries.map(({ request }) => request?.tools)).toEqual(offered)
    const bodies = lab.entries.map(({ request }) => JSON.stringify(request))
    expect(bodies[0]).not.toContain('Refunds.')
    expect(ran).toEqual(done)
    lab.assertComplete()
  })
})
