import { join } from 'node:path'
import { createRuntime, defineState, defineTool, END, readHistory, replayRun, rule } from '@waystone/core'
import { createSqliteStore } from '@waystone/sqlite'
import { scriptedModel, virtualClock, type VirtualClock } from '@waystone/testing'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { temporaryFolder } from './shared/folder.ts'

const folder = temporaryFolder()

const w = defineState({ topic: z.string(), findings: rule.append(z.string()), summary: z.string().optional() })

/** Waits on the clock of the run. */
function wait(clock: VirtualClock, ms: number): Promise<void> {
  return new Promise((resolve) => void clock.at(clock.now() + ms, () => resolve()))
}

function research(clock: VirtualClock, ms: readonly [tool: number, task: number]) {
  const search = defineTool({
    name: 'search',
    description: 'Searches.',
    effect: 'pure',
    input: z.object({ topic: z.string() }),
    output: z.object({ findings: z.array(z.string()) }),
    run: async ({ topic }) => {
      await wait(clock, ms[0])
      return { findings: [`web: ${topic}`] }
    },
  })
  const n = w.nodes({
    plan: w.task({ effect: 'pure', run: () => undefined }),
    web: w.tool(search, { reads: ['topic'], writes: ['findings'] }),
    files: w.task({
      effect: 'pure',
      writes: ['findings'],
      run: async () => {
        await wait(clock, ms[1])
        return { findings: ['files: 3'] }
      },
    }),
    memory: w.agent({ model: 'good', instructions: 'Remember.', reads: ['topic'], writes: ['findings'] }),
    meet: w.join({ wait: 'all' }),
    sum: w.task({
      effect: 'pure',
      reads: ['findings'],
      writes: ['summary'],
      run: ({ state }) => ({ summary: state.findings.join(', ') }),
    }),
  })
  return w.workflow('research', {
    input: z.object({ topic: z.string() }),
    output: ['findings', 'summary'],
    nodes: n,
    start: n.plan,
    edges: {
      plan: { done: { fork: [n.web, n.files, n.memory], join: n.meet } },
      web: { done: n.meet },
      files: { done: n.meet },
      memory: { done: n.meet },
      meet: { done: n.sum },
      sum: { done: END },
    },
  })
}

describe('a fork of a tool, a task and an agent', () => {
  it('runs them beside each other, joins in branch order, and replays from SQLite (G7, R3)', async () => {
    const clock = virtualClock()
    const workflow = research(clock, [100, 50])
    const store = createSqliteStore({ path: join(folder, 'runs.db') })
    const models = { good: scriptedModel({ memory: [{ output: { findings: ['memory: none'] } }] }) }
    const runtime = createRuntime({ store, clock, models, workflows: [workflow] })
    const run = await runtime.start(workflow, { input: { topic: 'forks' } })
    const result = await clock.runUntil(run.result())
    expect(result).toMatchObject({
      status: 'completed',
      output: {
        findings: ['web: forks', 'files: 3', 'memory: none'],
        summary: 'web: forks, files: 3, memory: none',
      },
    })
    const history = await readHistory(store, run.runId)
    expect(history.checkpoints.map(({ decision }) => [decision?.taken, decision?.next?.taken])).toEqual([
      [undefined, undefined],
      ['plan.done', undefined],
      ['memory.done', undefined],
      ['files.done', undefined],
      ['web.done', 'meet.done'],
      ['sum.done', undefined],
    ])
    const began = history.checkpoints.flatMap(({ step }) => (step === null ? [] : [step])).slice(1, 4)
    expect(new Set(began.map(({ queuedAt }) => queuedAt)).size).toBe(1)
    expect(await replayRun(store, workflow, run.runId)).toMatchObject({ checkpoints: 6, divergence: null })
    await runtime.close()
    await store.close()
  })
  it.each([
    ['one after the other', [100, 100]],
    ['the slow one last', [30, 100]],
  ] as const)('takes as long as its longest branch, %s would take longer (G7)', async (_name, times) => {
    const clock = virtualClock()
    const workflow = research(clock, times)
    const models = { good: scriptedModel({ memory: [{ output: { findings: ['memory: none'] } }] }) }
    const runtime = createRuntime({ clock, models, workflows: [workflow] })
    const begun = clock.now()
    const run = await runtime.start(workflow, { input: { topic: 'forks' } })
    expect(await clock.runUntil(run.result())).toMatchObject({ status: 'completed' })
    expect(clock.now() - begun).toBe(100)
    await runtime.close()
  })
})
