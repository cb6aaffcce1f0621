import { statSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import {
  createRuntime,
  defineState,
  defineTool,
  END,
  readHistory,
  replayRun,
  type History,
  type RunResult,
  type Workflow,
} from '@waystone/core'
import { createMemoryStore, type Store } from '@waystone/core/store'
import { createSqliteStore } from '@waystone/sqlite'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { temporaryFolder } from './shared/folder.ts'

const folder = temporaryFolder()

class Money {
  readonly amount = 3
}

/** Parsed from text as it may come from outside: an own key of that name, not a prototype. */
function polluted(): unknown {
  return JSON.parse('{"deep":{"__proto__":{"isAdmin":true}}}')
}

function cycle(): object {
  const value: { self?: object } = {}
  value.self = value
  return value
}

interface OddValue {
  readonly name: string
  /** Of key `order`. */
  readonly order: unknown
  /** What is said to have been found. */
  readonly found: string
  /** Where, below `order`; empty: it is the value itself. */
  readonly path: string
}

/** Values that do not survive JSON, as an author's code may well return them. */
const oddValues: readonly OddValue[] = [
  { name: 'a BigInt', order: { total: 10n }, found: 'the BigInt 10n', path: '.total' },
  { name: 'a Date', order: { at: new Date(0) }, found: 'an instance of Date', path: '.at' },
  { name: 'NaN', order: { total: Number.NaN }, found: 'NaN', path: '.total' },
  { name: 'an infinity', order: { rows: [1, [Number.POSITIVE_INFINITY]] }, found: 'Infinity', path: '.rows[1][0]' },
  { name: 'a class instance', order: { total: new Money() }, found: 'an instance of Money', path: '.total' },
  { name: 'a Map', order: new Map(), found: 'an instance of Map', path: '' },
  { name: 'a cycle', order: cycle(), found: 'a cycle', path: '.self' },
  { name: 'a __proto__ key', order: polluted(), found: 'a key named __proto__', path: '.deep.__proto__' },
  { name: 'undefined', order: { total: undefined }, found: 'undefined', path: '.total' },
  { name: 'a function', order: { total: () => 3 }, found: 'a function', path: '.total' },
  { name: 'a symbol', order: Symbol('order'), found: 'a symbol', path: '' },
]

async function runOnce(
  store: Store,
  workflow: Workflow<{ count: number }>,
): Promise<{ readonly result: RunResult; readonly history: History }> {
  const runtime = createRuntime({ store, workflows: [workflow] })
  const run = await runtime.start(workflow, { input: { count: 1 } })
  const result = (await run.result({ until: 'end' })) as RunResult
  await runtime.close()
  return { result, history: await readHistory(store, run.runId) }
}

function stores(): readonly (readonly [string, () => Store])[] {
  let count = 0
  return [
    ['in memory', createMemoryStore],
    ['on SQLite', () => createSqliteStore({ path: join(folder, `${(count += 1)}.db`) })],
  ]
}

/** What author code returns is not what its type says. */
const lie = (value: unknown): never => value as never

describe.each(stores())('values that do not survive JSON, %s', (_, createStore) => {
  it.each(oddValues)(
    'refuses $name in the patch of a task with its path, and stores nothing of it',
    async ({ order, found, path }) => {
      const w = defineState({ count: z.number(), order: z.json().optional() })
      const n = w.nodes({
        odd: w.task({
          effect: 'idempotent',
          retry: { attempts: 1 },
          writes: ['order', 'count'],
          run: () => lie({ count: 2, order }),
        }),
      })
      const workflow = w.workflow('odd', {
        input: z.object({ count: z.number() }),
        output: ['count'],
        nodes: n,
        start: n.odd,
        edges: { odd: { done: END } },
      })
      const { result, history } = await runOnce(createStore(), workflow)
      expect(result.status).toBe('failed')
      expect(result.error?.message).toContain(
        `key "order" of the patch of node "odd": found ${found} at ${path.slice(1) || 'its root'};`,
      )
      expect(history.at(history.last).snapshot.context.state).toEqual({ count: 1 })
    },
  )

  it.each(oddValues)(
    'refuses $name in the result of a tool with its path, and stores nothing of it',
    async ({ order, found, path }) => {
      const odd = defineTool({
        name: 'odd',
        description: 'Gives what it should not.',
        effect: 'idempotent',
        retry: { attempts: 1 },
        input: z.object({ count: z.number() }),
        output: z.object({ order: z.json() }),
        run: () => lie({ order }),
      })
      const w = defineState({ count: z.number(), order: z.json().optional() })
      const n = w.nodes({ odd: w.tool(odd, { reads: ['count'], writes: ['order'] }) })
      const workflow = w.workflow('odd', {
        input: z.object({ count: z.number() }),
        output: ['count'],
        nodes: n,
        start: n.odd,
        edges: { odd: { done: END } },
      })
      const { result, history } = await runOnce(createStore(), workflow)
      expect(result.status).toBe('failed')
      expect(result.error?.message).toContain(`output of tool "odd": found ${found} at order${path};`)
      expect(history.at(history.last).snapshot.context.state).toEqual({ count: 1 })
    },
  )
})

const megabyte = 1_048_576

describe('large values', () => {
  it('keeps a tool result of 5 MB once, as one blob, however many checkpoints hold it', async () => {
    const text = 'All work and no play. '.repeat(Math.ceil((5 * megabyte) / 22))
    const fetchAll = defineTool({
      name: 'fetch-all',
      description: 'Gives a lot.',
      effect: 'pure',
      maxOutputBytes: 6 * megabyte,
      input: z.object({ count: z.number() }),
      output: z.object({ text: z.string() }),
      run: () => ({ text }),
    })
    const w = defineState({ count: z.number(), text: z.string().optional(), copy: z.string().optional() })
    const n = w.nodes({
      fetch: w.tool(fetchAll, { reads: ['count'], writes: ['text'] }),
      copy: w.task({
        effect: 'pure',
        reads: ['text'],
        writes: ['copy'],
        run: ({ state }) => ({ copy: state.text ?? '' }),
      }),
      count: w.task({
        effect: 'pure',
        reads: ['count'],
        writes: ['count'],
        run: ({ state }) => ({ count: state.count + 1 }),
      }),
    })
    const workflow = w.workflow('large', {
      input: z.object({ count: z.number() }),
      output: ['text'],
      nodes: n,
      start: n.fetch,
      edges: { fetch: { done: n.copy }, copy: { done: n.count }, count: { done: [{ to: n.count, limit: 20 }, END] } },
    })
    const path = join(folder, 'large.db')
    const store = createSqliteStore({ path })
    const { result, history } = await runOnce(store, workflow)
    expect(result).toMatchObject({ status: 'completed', output: { text } })
    expect(history.at(history.last).snapshot.context.state['copy']).toBe(text)
    expect((await replayRun(store, workflow, result.runId)).divergence).toBeNull()
    await store.close()
    const database = new DatabaseSync(path)
    expect(database.prepare('SELECT count(*) AS blobs FROM blobs').get()).toEqual({ blobs: 1 })
    database.close()
    expect(statSync(path).size).toBeLessThan(6 * megabyte)
  })

  it('runs, restores and replays with a state of 10 MB', { timeout: 60_000 }, async () => {
    const w = defineState({
      count: z.number(),
      rows: z.array(z.object({ id: z.number(), name: z.string() })).optional(),
    })
    const n = w.nodes({
      fill: w.task({
        effect: 'pure',
        writes: ['rows'],
        run: () => ({
          rows: Array.from({ length: 10 * 1_024 }, (_, id) => ({ id, name: `row ${id} `.padEnd(1_000, 'x') })),
        }),
      }),
      step: w.task({
        effect: 'pure',
        reads: ['count', 'rows'],
        writes: ['count'],
        run: ({ state }) => ({ count: state.count + (state.rows?.length ?? 0) }),
      }),
      sign: w.approval({ show: ['count'] }),
    })
    const workflow = w.workflow('huge', {
      input: z.object({ count: z.number() }),
      output: ['count'],
      nodes: n,
      start: n.fill,
      edges: {
        fill: { done: n.step },
        step: { done: n.sign },
        sign: { approved: { to: n.step, limit: 3, otherwise: END }, rejected: END },
      },
      limits: { steps: 20 },
    })
    const store = createSqliteStore({ path: join(folder, 'huge.db') })
    const first = createRuntime({ store, workflows: [workflow] })
    const run = await first.start(workflow, { input: { count: 0 } })
    await run.result()
    await first.close()
    const second = createRuntime({ store, workflows: [workflow] })
    const again = await second.open(workflow, run.runId)
    for (const outcome of ['approved', 'rejected'] as const) {
      const [request] = await again.requests()
      if (request === undefined) throw new RangeError('a person should be asked')
      await again.decide(request, { outcome, by: 'ann', reason: 'large' })
      await again.result()
    }
    expect(await again.result()).toMatchObject({ status: 'completed', output: { count: 2 * 10 * 1_024 } })
    expect((await replayRun(store, workflow, run.runId)).divergence).toBeNull()
    await second.close()
    await store.close()
  })
})
