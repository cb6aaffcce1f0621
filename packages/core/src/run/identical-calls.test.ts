import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { createManualClock } from '../../test/support/manual-clock.ts'
import { asks, says, scripted } from '../../test/support/scripted-model.ts'
import { createMemoryStore } from '../checkpoint/memory-store.ts'
import { END } from '../define/edge.ts'
import { rule } from '../define/rule.ts'
import { defineState } from '../define/state.ts'
import { defineTool } from '../define/tool.ts'
import { replayRun } from '../replay/replay-run.ts'
import { createRuntime } from './create-runtime.ts'
import type { Run, Runtime } from './runtime.ts'

const open: Runtime[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((runtime) => runtime.close()))
})

const w = defineState({ city: z.string(), found: rule.append(z.string()) })

interface Call {
  readonly node: string
  readonly signal: AbortSignal
  readonly answer: (text: string) => void
  readonly fail: () => void
}

/** Two branches that look the same city up at once, the second by an agent or a tool node; `calls` are those that were made. */
function looking(second: 'agent' | 'tool', effect: 'pure' | 'idempotent' = 'pure', attempts = 1) {
  const calls: Call[] = []
  const look = defineTool({
    name: 'look',
    description: 'Looks up.',
    effect,
    retry: { attempts, backoff: '1s', jitter: 0 },
    input: z.object({ city: z.string() }),
    output: z.string(),
    run: (_, { node, signal }) =>
      new Promise<string>((answer, reject) => {
        calls.push({ node, signal, answer, fail: () => reject(new Error('closed')) })
      }),
  })
  let inputs = 0
  const apply = (text: string): { found: string[] } => ({ found: [text] })
  const byTool = () =>
    w.tool(look, {
      reads: ['city'],
      writes: ['found'],
      input: ({ state }) => {
        inputs += 1
        return { city: state.city }
      },
      apply,
    })
  const byAgent = () =>
    w.agent({ model: 'fast', instructions: 'x', tools: [look], writes: ['found'], retry: { attempts: 1 } })
  const n = w.nodes({
    begin: w.task({ effect: 'pure', writes: ['found'], run: () => ({ found: [] }) }),
    left: byTool(),
    right: second === 'agent' ? byAgent() : byTool(),
    both: w.join({ failed: 'keep' }),
  })
  const workflow = w.workflow('looking', {
    input: z.object({ city: z.string() }),
    output: ['found'],
    nodes: n,
    start: n.begin,
    edges: {
      begin: { done: { fork: [n.left, n.right], join: n.both } },
      left: { done: n.both },
      right: { done: n.both },
      both: { done: END },
    },
  })
  return { workflow, calls, inputs: () => inputs }
}

async function start(workflow: ReturnType<typeof looking>['workflow']) {
  const clock = createManualClock()
  const store = createMemoryStore()
  const fast = scripted(asks(['look', { city: 'Rome' }]), says({ found: ['told'] }))
  const runtime = createRuntime({ models: { fast }, store, clock })
  open.push(runtime)
  const run: Run<object> = await runtime.start(workflow, { input: { city: 'Rome' } })
  await clock.settle()
  return { run, clock, fast, store, runtime }
}

describe('identical pure calls of branches', () => {
  it.each([
    { second: 'agent', gives: 'told', inputsMade: 1 },
    // Made once for each attempt, however often it is compared; the one that waited is begun anew.
    { second: 'tool', gives: 'sunny', inputsMade: 3 },
  ] as const)('are made once; the other, by the $second, is answered with it (T6)', async (how) => {
    const { workflow, calls, inputs } = looking(how.second)
    const { run, clock, fast, store } = await start(workflow)
    expect(calls.map(({ node }) => node)).toEqual(['left'])
    calls[0]?.answer('sunny')
    await clock.settle()
    expect(await run.result()).toMatchObject({
      status: 'completed',
      output: { found: ['sunny', how.gives] },
      usage: { toolCalls: 1 },
    })
    expect(calls).toHaveLength(1)
    expect(inputs()).toBe(how.inputsMade)
    const toldToModel = fast.requests[1]?.messages.filter(({ role }) => role === 'tool')
    expect(JSON.stringify(toldToModel ?? 'sunny')).toContain('sunny')
    expect(await replayRun(store, workflow, run.runId)).toMatchObject({ divergence: null })
  })

  it('are made again when the first has failed', async () => {
    const { workflow, calls } = looking('agent')
    const { run, clock } = await start(workflow)
    calls[0]?.fail()
    await clock.settle()
    expect(calls.map(({ node }) => node)).toEqual(['left', 'right'])
    calls[1]?.answer('rain')
    expect(await run.result()).toMatchObject({ status: 'completed', usage: { toolCalls: 2 } })
  })

  it('are not tried again when another has ended well meanwhile', async () => {
    const { workflow, calls } = looking('agent', 'pure', 2)
    const { run, clock } = await start(workflow)
    calls[0]?.fail()
    await clock.settle()
    expect(calls.map(({ node }) => node)).toEqual(['left', 'right'])
    calls[1]?.answer('rain')
    await clock.advance(1_000)
    expect(await run.result()).toMatchObject({ output: { found: ['rain', 'told'] }, usage: { toolCalls: 2 } })
    expect(calls).toHaveLength(2)
  })

  it('are each made where the tool is not pure', async () => {
    const { workflow, calls } = looking('agent', 'idempotent')
    await start(workflow)
    expect(calls.map(({ node }) => node)).toEqual(['left', 'right'])
  })

  it('that wait are taken back by a hold, and asked for again by its release', async () => {
    const { workflow, calls } = looking('agent')
    const { run, clock } = await start(workflow)
    await run.hold({ by: 'ann', reason: 'look' })
    calls[0]?.fail()
    await clock.settle()
    expect(calls).toHaveLength(1)
    await run.release({ by: 'ann', reason: 'go' })
    await clock.settle()
    expect(calls.map(({ node }) => node)).toEqual(['left', 'right'])
    calls[1]?.answer('rain')
    expect((await run.result()).status).toBe('completed')
  })

  it('that wait are cancelled with the run', async () => {
    const { workflow, calls } = looking('agent')
    const { run, clock } = await start(workflow)
    await run.cancel({ by: 'ann', reason: 'x' })
    const result = run.result()
    await clock.advance(1_000)
    expect((await result).status).toBe('cancelled')
    expect(calls).toHaveLength(1)
  })
})
