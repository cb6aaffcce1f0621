import { afterEach, expect, it, describe } from 'vitest'
import { z } from 'zod'
import { createManualClock } from '../../test/support/manual-clock.ts'
import { asks, says, scripted } from '../../test/support/scripted-model.ts'
import { END } from '../define/edge.ts'
import { rule } from '../define/rule.ts'
import { defineState } from '../define/state.ts'
import { defineTool, type Tool } from '../define/tool.ts'
import { readHistory } from '../replay/history.ts'
import { replayRun } from '../replay/replay-run.ts'
import { createRuntime } from './create-runtime.ts'
import type { Runtime, RuntimeOptions } from './runtime.ts'

const open: Runtime[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((runtime) => runtime.close()))
})

type Look = Tool<'look', { city: string }, string>

/** A tool that notes its calls. @param isLong - takes more than the other, so that it is another tool of that name */
function lookUp(calls: string[], wait: () => Promise<void> = async () => undefined, isLong = false): Look {
  return defineTool({
    name: 'look',
    description: 'Looks up.',
    effect: 'pure',
    input: z.object({ city: isLong ? z.string().max(80) : z.string() }),
    output: z.string(),
    run: async ({ city }, { effectId }) => {
      calls.push(effectId.slice(effectId.indexOf('/')))
      await wait()
      return `${city}!`
    },
  })
}

const w = defineState({ city: z.string(), found: rule.append(z.string()) })
const input = z.object({ city: z.string(), found: z.array(z.string()) })
const shape = { reads: ['city'], writes: ['found'] } as const
const apply = (text: string): { found: string[] } => ({ found: [text] })

/** Three levels that look the same city up: a tool node in each, and an agent in the innermost. */
function levels(outer: Look, inner: Look) {
  const i = w.nodes({
    look: w.tool(inner, { ...shape, apply }),
    asker: w.agent({ model: 'fast', instructions: 'x', tools: [inner], ...shape }),
  })
  const innermost = w.workflow('innermost', {
    input,
    output: ['found'],
    nodes: i,
    start: i.look,
    edges: { look: { done: i.asker }, asker: { done: END } },
  })
  const nested = { ...shape, input: ({ state }: { state: { city: string } }) => ({ city: state.city, found: [] }) }
  const m = w.nodes({ deep: w.nested(innermost, nested), look: w.tool(outer, { ...shape, apply }) })
  const middle = w.workflow('middle', {
    input,
    output: ['found'],
    nodes: m,
    start: m.deep,
    edges: { deep: { done: m.look }, look: { done: END } },
  })
  const n = w.nodes({ middle: w.nested(middle, nested), look: w.tool(outer, { ...shape, apply }) })
  return w.workflow('outermost', {
    input,
    output: ['found'],
    nodes: n,
    start: n.middle,
    edges: { middle: { done: n.look }, look: { done: END } },
  })
}

async function runOf(workflow: ReturnType<typeof levels>, options: RuntimeOptions = {}) {
  const models = { fast: scripted(asks(['look', { city: 'Rome' }]), says({ found: ['asked'] })) }
  const runtime = createRuntime({ models, ...options })
  open.push(runtime)
  const run = await runtime.start(workflow, { input: { city: 'Rome', found: [] } })
  return { runtime, run }
}

describe('pure calls in nested workflows', () => {
  it('run once for all levels of a run (T6, G8)', async () => {
    const calls: string[] = []
    const look = lookUp(calls)
    const workflow = levels(look, look)
    const { runtime, run } = await runOf(workflow)
    expect(await run.result()).toMatchObject({
      status: 'completed',
      output: { found: ['Rome!', 'asked', 'Rome!', 'Rome!'] },
    })
    expect(calls).toEqual(['/2'])
    expect((await replayRun(runtime.store, workflow, run.runId)).divergence).toBeNull()
    // Stored once, where the run itself keeps it.
    const history = await readHistory(runtime.store, run.runId)
    const { cached, children } = history.at(4).snapshot.context
    expect(Object.values(cached ?? {})).toMatchObject([{ tool: 'look', step: 2, result: 'Rome!' }])
    expect(JSON.stringify(children)).not.toContain('"cached":{')
  })

  it('wait for an identical one of another level that is under way', async () => {
    const calls: string[] = []
    const first = Promise.withResolvers<void>()
    const look = lookUp(calls, () => first.promise)
    const i = w.nodes({ look: w.tool(look, { ...shape, apply }) })
    const inside = w.workflow('inside', {
      input,
      output: ['found'],
      nodes: i,
      start: i.look,
      edges: { look: { done: END } },
    })
    const n = w.nodes({
      begin: w.task({ effect: 'pure', run: () => undefined }),
      nested: w.nested(inside, { ...shape, input: ({ state }) => ({ city: state.city, found: [] }) }),
      look: w.tool(look, { ...shape, apply }),
      both: w.join(),
    })
    const workflow = w.workflow('outside', {
      input,
      output: ['found'],
      nodes: n,
      start: n.begin,
      edges: {
        begin: { done: { fork: [n.nested, n.look], join: n.both } },
        nested: { done: n.both },
        look: { done: n.both },
        both: { done: END },
      },
    })
    const clock = createManualClock()
    const runtime = createRuntime({ clock })
    open.push(runtime)
    const run = await runtime.start(workflow, { input: { city: 'Rome', found: [] } })
    await clock.settle()
    expect(calls.length).toBe(1)
    first.resolve()
    expect(await run.result()).toMatchObject({ status: 'completed', output: { found: ['Rome!', 'Rome!'] } })
    expect(calls.length).toBe(1)
  })

  it('of another tool of the same name run on their own', async () => {
    const calls: string[] = []
    const { run } = await runOf(levels(lookUp(calls), lookUp(calls, undefined, true)))
    expect(await run.result()).toMatchObject({ status: 'completed' })
    expect(calls).toEqual(['/2', '/5'])
  })
})
