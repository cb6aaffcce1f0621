import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { END } from '../define/edge.ts'
import type { EffectClass } from '../define/effect-class.ts'
import { defineState } from '../define/state.ts'
import { defineTool } from '../define/tool.ts'
import { UNSET } from '../define/unset.ts'
import { nodeError } from '../errors/node-error.ts'
import { createRuntime } from './create-runtime.ts'
import type { Runtime, RunResult } from './runtime.ts'
import type { Workflow } from '../define/workflow.ts'

const open: Runtime[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((runtime) => runtime.close()))
})

const w = defineState({ text: z.string(), list: z.array(z.string()).optional(), other: z.string().optional() })

const listOf = (text: string): string[] => [text]

/** Runs one task that gives back anything at all. */
async function runTask(run: () => unknown, effect: EffectClass = 'pure'): Promise<RunResult<object>> {
  const n = w.nodes({
    work: w.task({
      effect,
      retry: { attempts: 1 },
      reads: ['text'],
      writes: ['list', 'text'],
      run: run as () => { text: string },
    }),
  })
  return await finish(
    w.workflow('one', {
      input: z.object({ text: z.string() }),
      output: ['text', 'list'],
      nodes: n,
      start: n.work,
      edges: { work: { done: END } },
    }),
  )
}

async function finish(workflow: Workflow): Promise<RunResult<object>> {
  const runtime = createRuntime()
  open.push(runtime)
  const run = await runtime.start(workflow, { input: { text: 'start' } })
  return await run.result()
}

describe('perform', () => {
  it('takes a patch, a promise of one, and nothing', async () => {
    expect((await runTask(() => ({ text: 'a' }))).output).toEqual({ text: 'a' })
    expect((await runTask(async () => ({ list: ['b'] }))).output).toEqual({ text: 'start', list: ['b'] })
    expect((await runTask(() => undefined)).output).toEqual({ text: 'start' })
  })

  it.each([
    [
      'an error',
      () => Promise.reject(new TypeError('broken')),
      { name: 'TypeError', code: 'WAYSTONE_NODE_THREW', message: 'broken' },
    ],
    [
      'a string',
      () => {
        throw 'plain text' as unknown as Error
      },
      { code: 'WAYSTONE_NODE_THREW', message: 'the text "plain text" was thrown, not an error' },
    ],
    ['undefined', () => Promise.reject(undefined), { message: 'undefined was thrown, not an error' }],
    ['null', () => Promise.reject(null), { message: 'null was thrown, not an error' }],
    [
      'a value that throws when looked at',
      () =>
        Promise.reject(
          new Proxy(new Error('x'), {
            get: () => {
              throw new Error('hands off')
            },
          }),
        ),
      { message: 'a value that cannot be looked at' },
    ],
    [
      'a node error',
      () => Promise.reject(nodeError('WAYSTONE_NODE_BAD_INPUT', 'not this', { details: { at: 3 } })),
      { code: 'WAYSTONE_NODE_BAD_INPUT', message: 'not this', details: { at: 3 }, retryable: false },
    ],
  ])('makes outcome failed of %s that is thrown', async (_, run, error) => {
    const result = await runTask(run)
    expect(result.status).toBe('failed')
    expect(result.error).toMatchObject(error)
    expect(JSON.stringify(result.error)).not.toContain('perform.test')
  })

  it('makes outcome unknown of an unsafe effect whose author says that nobody knows', async () => {
    const lost = (): never => {
      throw nodeError('WAYSTONE_NODE_OUTCOME_UNKNOWN', 'the line broke')
    }
    expect((await runTask(lost, 'unsafe')).status).toBe('waiting')
    expect((await runTask(lost, 'pure')).status).toBe('failed')
  })

  class Order {
    readonly id = 1
  }
  const cycle: { self?: unknown } = {}
  cycle.self = cycle
  it.each([
    ['BigInt', 1n, 'the BigInt 1n'],
    ['a Date', new Date(0), 'an instance of Date'],
    ['NaN', Number.NaN, 'NaN'],
    ['a class instance', new Order(), 'an instance of Order'],
    ['a cycle', cycle, 'a cycle'],
    ['a __proto__ key', JSON.parse('{"__proto__": 1}') as unknown, 'a key named __proto__'],
    ['undefined', undefined, 'undefined'],
  ])('refuses %s in a patch with its path, and nothing is half stored', async (_, bad, found) => {
    const result = await runTask(() => ({ text: 'new', list: { inside: [bad] } }))
    expect(result.status).toBe('failed')
    expect(result.error).toMatchObject({ code: 'WAYSTONE_INPUT_NOT_JSON' })
    expect(result.error?.message).toContain('key "list" of the patch of node "work"')
    expect(result.error?.message).toContain(found)
    const runtime = open.at(-1)
    const status = await (await runtime?.open(result.runId))?.status()
    expect(status).toMatchObject({ status: 'failed' })
  })

  it('refuses a key the node does not declare, and changes nothing (S2)', async () => {
    const result = await runTask(() => ({ text: 'new', other: 'mine' }))
    expect(result.error).toMatchObject({ code: 'WAYSTONE_NODE_WRITE_UNDECLARED' })
    expect(result.error?.message).toBe('node "work" wrote key "other"; it may write: list, text')
  })

  it('refuses a value that does not fit the state, naming key and issue', async () => {
    const result = await runTask(() => ({ list: ['a', 1] }))
    expect(result.error).toMatchObject({ code: 'WAYSTONE_NODE_BAD_PATCH' })
    expect(result.error?.message).toMatch(/key "list".*\[1\]: .*expected string/)
  })

  it('refuses a patch that is no object, and unsetting a required key', async () => {
    expect((await runTask(() => ['text'])).error).toMatchObject({ code: 'WAYSTONE_NODE_BAD_PATCH' })
    expect((await runTask(() => ({ text: UNSET }))).error).toMatchObject({ code: 'WAYSTONE_NODE_BAD_PATCH' })
  })

  it('unsets an optional key', async () => {
    const n = w.nodes({
      fill: w.task({ effect: 'pure', writes: ['list'], run: () => ({ list: listOf('x') }) }),
      clear: w.task({ effect: 'pure', writes: ['list'], run: () => ({ list: UNSET }) }),
    })
    const workflow = w.workflow('unset', {
      input: z.object({ text: z.string() }),
      output: ['text', 'list'],
      nodes: n,
      start: n.fill,
      edges: { fill: { done: n.clear }, clear: { done: END } },
    })
    expect((await finish(workflow)).output).toEqual({ text: 'start' })
  })

  it('takes an outcome that a task declares and refuses any other', async () => {
    const make = (outcome: string) => {
      const n = w.nodes({
        work: w.task({
          effect: 'pure',
          outcomes: ['left', 'right'],
          writes: ['text'],
          run: () => ({ outcome: outcome as 'left', patch: { text: outcome } }),
        }),
      })
      return w.workflow('choice', {
        input: z.object({ text: z.string() }),
        output: ['text'],
        nodes: n,
        start: n.work,
        edges: { work: { left: END, right: END } },
      })
    }
    expect((await finish(make('right'))).output).toEqual({ text: 'right' })
    expect((await finish(make('up'))).error).toMatchObject({
      code: 'WAYSTONE_NODE_BAD_OUTCOME',
      message: expect.stringContaining('left, right') as string,
    })
  })

  it('gives author functions frozen values (S1)', async () => {
    const n = w.nodes({
      work: w.task({
        effect: 'pure',
        retry: { attempts: 1 },
        reads: ['text', 'list'],
        writes: ['text'],
        run: (given) => {
          Reflect.apply(Array.prototype.push, given.state.list ?? [], ['x'])
          return { text: 'done' }
        },
      }),
      fill: w.task({ effect: 'pure', writes: ['list'], run: () => ({ list: listOf('a') }) }),
    })
    const workflow = w.workflow('frozen', {
      input: z.object({ text: z.string() }),
      output: ['text'],
      nodes: n,
      start: n.fill,
      edges: { fill: { done: n.work }, work: { done: END } },
    })
    expect((await finish(workflow)).error?.message).toContain('not extensible')
  })
})

describe('executeTool', () => {
  const calls: unknown[] = []
  const make = (input: unknown, output: unknown) => {
    const tool = defineTool({
      name: 'look-up',
      description: 'Finds.',
      effect: 'pure',
      retry: { attempts: 1 },
      input: z.object({ id: z.number() }),
      output: z.object({ text: z.string() }),
      run: (given) => {
        calls.push(given)
        return output as { text: string }
      },
    })
    const n = w.nodes({
      find: w.tool(tool, { reads: ['text'], writes: ['text'], input: () => input as { id: number } }),
    })
    return w.workflow('tool', {
      input: z.object({ text: z.string() }),
      output: ['text'],
      nodes: n,
      start: n.find,
      edges: { find: { done: END } },
    })
  }

  it('maps state to input and output to patch', async () => {
    calls.length = 0
    expect((await finish(make({ id: 1 }, { text: 'found' }))).output).toEqual({ text: 'found' })
    expect(calls).toEqual([{ id: 1 }])
  })

  it('does not run on input that does not fit (T2)', async () => {
    calls.length = 0
    expect((await finish(make({ id: 'one' }, { text: 'found' }))).error).toMatchObject({
      code: 'WAYSTONE_NODE_BAD_INPUT',
    })
    expect(calls).toEqual([])
  })

  it('does not believe output that does not fit (T2)', async () => {
    expect((await finish(make({ id: 1 }, { text: 7 }))).error).toMatchObject({ code: 'WAYSTONE_NODE_BAD_OUTPUT' })
    expect((await finish(make({ id: 1 }, { text: 10n }))).error).toMatchObject({ code: 'WAYSTONE_INPUT_NOT_JSON' })
  })
})

describe('executeGate', () => {
  const make = (verdict: unknown) => {
    const n = w.nodes({
      check: w.gate({ reads: ['text'], outcomes: ['pass', 'revise', 'escalate'], decide: () => verdict as 'pass' }),
      echo: w.task({
        effect: 'pure',
        hears: ['check'],
        writes: ['list'],
        run: ({ heard }) => ({ list: listOf(JSON.stringify(heard.check)) }),
      }),
    })
    return w.workflow('gate', {
      input: z.object({ text: z.string() }),
      output: ['list'],
      nodes: n,
      start: n.check,
      edges: { check: { pass: n.echo, revise: n.echo, escalate: END }, echo: { done: END } },
    })
  }

  it('takes an outcome or a verdict, which nodes may hear (Q1)', async () => {
    expect((await finish(make('pass'))).output).toEqual({ list: ['{"outcome":"pass","reasons":[]}'] })
    const verdict = { outcome: 'revise', reasons: ['line 3 has no source'], score: 0.4, positions: [{ line: 3 }] }
    expect((await finish(make(verdict))).output).toEqual({ list: [JSON.stringify(verdict)] })
    expect(await finish(make('escalate'))).toMatchObject({ status: 'completed', output: {} })
  })

  it.each([
    ['fail'],
    [7],
    [{ outcome: 'pass', score: 2 }],
    [{ outcome: 'pass', reasons: 'no list' }],
    [{ outcome: 'pass', positions: 1 }],
    ['failed'],
    [null],
  ])('refuses the verdict %j', async (verdict) => {
    expect((await finish(make(verdict))).error).toMatchObject({ code: 'WAYSTONE_NODE_BAD_VERDICT' })
  })
})
