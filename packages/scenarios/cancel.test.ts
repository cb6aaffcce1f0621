import { createRuntime, defineState, defineTool, END, readHistory, type Run, type Runtime } from '@waystone/core'
import { openAiModel } from '@waystone/openai'
import { faults, startModelLab, type LabScript, type ModelLab } from '@waystone/testing/lab'
import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { startToolServer, type ToolServer } from './shared/tool-server.ts'

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

interface Started {
  readonly run: Run<object>
  readonly runtime: Runtime
  readonly lab: ModelLab
  readonly server: ToolServer
}

const w = defineState({ order: z.string(), answer: z.string().optional() })

/** An agent whose tool asks a server that never answers, except for `witness`. */
async function start(script: LabScript, stream: boolean): Promise<Started> {
  const server = await startToolServer(({ path }) => (path === 'witness' ? null : new Promise<never>(() => undefined)))
  closing.push(() => server.close())
  const lab = await startModelLab({ script })
  closing.push(() => lab.close())
  const hold = defineTool({
    name: 'hold',
    description: 'Holds.',
    effect: 'keyed',
    input: z.object({ order: z.string() }),
    output: z.object({}),
    async run({ order }, { signal }) {
      await fetch(`${server.url}/hold-${order}`, { signal })
      return {}
    },
  })
  const n = w.nodes({
    clerk: w.agent({ model: 'fast', instructions: 'Hold.', tools: [hold], reads: ['order'], writes: ['answer'] }),
  })
  const workflow = w.workflow('holding', {
    input: z.object({ order: z.string() }),
    output: ['answer'],
    nodes: n,
    start: n.clerk,
    edges: { clerk: { done: END } },
  })
  const model = openAiModel({ model: 'small', api: 'responses', stream, baseUrl: lab.url, apiKey: null })
  const runtime = createRuntime({ workflows: [workflow], models: { fast: model } })
  closing.push(() => runtime.close())
  return { run: await runtime.start(workflow, { input: { order: 'A1' } }), runtime, lab, server }
}

const holds = ['A', 'B', 'C', 'D', 'E'].map((order) => ({ name: 'hold', arguments: { order } }))

/**
 * One request there and back, begun when the cancel was accepted. What is seen to be closed when it is back was closed in less time
 * than that takes: no clock is needed to know that it was at once.
 */
async function thereAndBack(url: string): Promise<void> {
  await (await fetch(`${url}/witness`)).text()
}

/** What the run stored, and whether anything was stored after its end that is more than a settled account. */
async function storedAfterEnd({ run, runtime }: Started): Promise<readonly string[]> {
  const { checkpoints } = await readHistory(runtime.store, run.runId)
  const at = checkpoints.findIndex(({ event }) => event.type === 'run.cancel')
  const ends = checkpoints.slice(at + 1)
  return ends.map(({ event, patch }) => {
    const touched = patch
      .map(([, path]) => path.join('.'))
      .filter((path) => !/^context\.(closing|usage|ending)/.test(path))
    return `${event.type} ${touched.join(' ')}`.trim()
  })
}

describe('a cancel', () => {
  it('closes the connections of five tool calls at once, and nothing is written after it (T7, R9)', async () => {
    const started = await start([{ calls: holds }], true)
    const { run, server, lab } = started
    await server.until(5)
    expect(await run.cancel({ by: 'ana', reason: 'enough' })).toMatchObject({ type: 'applied' })
    await thereAndBack(server.url)
    const left = server.log.filter((line) => line.startsWith('left ')).toSorted()
    expect(left).toEqual(holds.map((call) => `left hold-${call.arguments.order}`))
    expect((await run.result()).status).toBe('cancelled')
    expect(new Set(await storedAfterEnd(started))).toEqual(new Set(['effect.ended']))
    expect(lab.entries).toHaveLength(1)
    expect(server.calls).toHaveLength(6)
  })

  it.each([
    ['before the headers', faults.hang(), true],
    ['in the middle of a stream', faults.hang(2, 'The beginning of a text of many words.'), true],
    ['before the headers, not streamed', faults.hang(), false],
  ])('closes the connection of a model call at once, %s (T7, R9)', async (...[, fault, stream]) => {
    const started = await start([fault], stream)
    const { run, lab } = started
    await lab.until(([first]) => first !== undefined && first.frames === (fault.hangAfter === 'headers' ? 0 : 2))
    expect(await run.cancel({ by: 'ana', reason: 'enough' })).toMatchObject({ type: 'applied' })
    await thereAndBack(lab.url)
    expect(lab.entries[0]?.end).toMatchObject({ by: 'client', isWhole: false })
    expect((await run.result()).status).toBe('cancelled')
    expect(new Set(await storedAfterEnd(started))).toEqual(new Set(['effect.ended']))
    expect(lab.entries).toHaveLength(2)
  })
})
