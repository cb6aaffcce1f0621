import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { HandRun } from '../../test/engine/hand-run.ts'
import { END } from '../define/edge.ts'
import { defineState } from '../define/state.ts'
import { compile } from './compile.ts'

const w = defineState({ text: z.string() })
const input = z.object({ text: z.string() })
const error = { name: 'NodeError', code: 'WAYSTONE_NODE_ABORTED', message: 'told to stop', retryable: false }

const leaf = w.nodes({ print: w.task({ run: () => ({}) }) })
const printing = w.workflow('printing', {
  input,
  output: [],
  nodes: leaf,
  start: leaf.print,
  edges: { print: { done: END } },
})
const shared = { exclusive: 'printer' } as const
const list = { over: () => ['a', 'b'], maxItems: 2, concurrency: 2, ...shared } as const

/** What holds the name: a nested workflow, or a map whose items are tasks or workflows. */
const holders = {
  nested: () => w.nested(printing, { reads: ['text'], ...shared }),
  tasks: () => w.map({ ...list, run: () => 'printed', apply: () => ({}) }),
  workflows: () => w.map({ ...list, item: printing, input: (text) => ({ text }), apply: () => ({}) }),
}

/** `holder` and `next` share a name; `stop` ends `holder`, or not. */
function begun(kind: keyof typeof holders, stops: boolean): HandRun {
  const n = w.nodes({
    begin: w.task({ effect: 'pure', run: () => ({}) }),
    stop: w.task({ effect: 'pure', run: () => ({}) }),
    holder: holders[kind](),
    next: w.task({ effect: 'pure', run: () => ({}), ...shared }),
    meet: w.join({ failed: 'keep' }),
  })
  const workflow = w.workflow('shop', {
    input,
    output: [],
    nodes: n,
    start: n.begin,
    edges: {
      begin: { done: { fork: [n.stop, n.holder, n.next], join: n.meet } },
      stop: { done: stops ? { to: n.meet, cancels: [n.holder] } : n.meet },
      holder: { done: n.meet },
      next: { done: n.meet },
      meet: { done: END },
    },
  })
  const run = new HandRun(compile(workflow))
  run.start({ text: 'x' })
  run.end(0)
  return run
}

/** Everything that is open, wherever it is: step and kind. */
function openIn(run: HandRun): readonly string[] {
  const inside = Object.values(run.context.children ?? {}).flatMap(({ context }) => Object.entries(context.open))
  return [...Object.entries(run.context.open), ...inside].map(([index, { node, kind }]) => `${index}:${node}:${kind}`)
}

function status(run: HandRun): unknown {
  return run.context.forks?.['meet']?.branches['next']
}

describe('a name that a nested workflow holds', () => {
  it('is free once the workflow has ended and what it gave has been taken over (G7, G8)', () => {
    const run = begun('nested', false)
    run.end(1)
    run.end(2, 'begun', { output: { text: 'x' } })
    expect([openIn(run), status(run)]).toEqual([['2:holder:workflow', '3:print:task'], 'ready'])
    run.end(3)
    expect([openIn(run), status(run)]).toEqual([['2:holder:output'], 'ready'])
    run.end(2)
    expect([openIn(run), status(run)]).toEqual([['4:next:task'], 'running'])
    run.end(4)
    expect(run.last.status).toBe('completed')
  })

  it('is held until what is nested in it has stopped, when it is cancelled (G7, G8)', () => {
    const run = begun('nested', true)
    run.end(2, 'begun', { output: { text: 'x' } })
    run.end(1)
    expect([openIn(run), status(run), run.last.status]).toEqual([[], 'ready', 'running'])
    expect(run.end(3, 'failed', { error })).toMatchObject({ type: 'applied' })
    expect(run.last.decision).toMatchObject({ taken: 'meet:freed', starts: ['next'] })
    expect([openIn(run), status(run)]).toEqual([['4:next:task'], 'running'])
    expect(run.context).not.toHaveProperty('children')
    run.end(4)
    expect(run.last.status).toBe('completed')
  })
})

describe('a name that a map holds', () => {
  it('is free once its results have been applied, not when an item ends (G7)', () => {
    const run = begun('tasks', false)
    run.end(1)
    run.end(2, 'done', { items: ['a', 'b'] })
    run.end(3, 'done', { output: 1 })
    expect(status(run)).toBe('ready')
    run.end(4, 'done', { output: 2 })
    expect([openIn(run), status(run)]).toEqual([['5:holder:collect'], 'ready'])
    run.end(5)
    expect([openIn(run), status(run)]).toEqual([['6:next:task'], 'running'])
  })

  it('is held until the last of its items has stopped, when it is cancelled (G7)', () => {
    const run = begun('tasks', true)
    run.end(2, 'done', { items: ['a', 'b'] })
    run.end(1)
    expect([openIn(run), status(run), run.last.status]).toEqual([[], 'ready', 'running'])
    expect(run.end(4, 'failed', { error })).toMatchObject({ type: 'late' })
    expect(status(run)).toBe('ready')
    expect(run.end(3, 'failed', { error })).toMatchObject({ type: 'applied' })
    expect([openIn(run), status(run)]).toEqual([['5:next:task'], 'running'])
  })

  it('is held until everything in its items has stopped, whose workflows end at different times (G7, G8)', () => {
    const run = begun('workflows', true)
    run.end(2, 'done', { items: ['a', 'b'] })
    run.end(3, 'begun', { output: { text: 'a' } })
    expect(openIn(run)).toEqual(['1:stop:task', '3:holder:workflow', '4:holder:input', '5:print:task'])
    run.end(1)
    expect([openIn(run), status(run), run.last.status]).toEqual([[], 'ready', 'running'])
    expect(run.end(4, 'failed', { error })).toMatchObject({ type: 'late' })
    expect(run.end(5, 'unknown')).toMatchObject({ type: 'applied' })
    expect([openIn(run), status(run)]).toEqual([['6:next:task'], 'running'])
    run.end(6)
    expect(run.last.status).toBe('completed')
  })
})
