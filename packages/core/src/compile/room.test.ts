import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { calls, compileFixture, HandRun } from '../../test/engine/hand-run.ts'
import type { GraphNotation, NodeNotation } from '../../test/graphs/graph-fixture.ts'
import { answering, wordOf } from '../../test/nested/items.ts'
import { says } from '../../test/support/scripted-model.ts'
import { defineAgent } from '../define/agent.ts'
import { END } from '../define/edge.ts'
import { defineState } from '../define/state.ts'
import type { Workflow } from '../define/workflow.ts'
import { replayRun } from '../replay/replay-run.ts'
import { createRuntime } from '../run/create-runtime.ts'
import type { Runtime } from '../run/runtime.ts'
import { standsAt } from './operator-policies.ts'
import { activeNodes } from './plan.ts'

const runtimes: Runtime[] = []
afterEach(async () => {
  await Promise.all(runtimes.splice(0).map((runtime) => runtime.close()))
})

const unsent = {
  isUnsent: true as const,
  error: { name: 'NodeError', code: 'WAYSTONE_NODE_THREW', message: 'no', retryable: false },
}
const once = { attempts: 1, backoffMs: 0, factor: 1, maxBackoffMs: 0, jitter: 0 }
const map: Extract<NodeNotation, { readonly kind: 'map' }> = {
  kind: 'map',
  effect: 'keyed',
  tool: 'look',
  maxItems: 100,
  concurrency: 2,
  failed: 'keep',
  retry: once,
}

/** Maps `left` and `right` beside each other, and what else is said. */
function beside(
  limits: GraphNotation['limits'],
  more: { readonly nodes?: GraphNotation['nodes']; readonly edges?: GraphNotation['edges'] } = {},
): GraphNotation {
  const inside = Object.keys(more.nodes ?? {}).filter((name) => name !== 'help')
  return {
    nodes: { begin: 'task', left: map, right: map, meet: { kind: 'join' }, ...more.nodes },
    tools: { look: 'keyed' },
    edges: {
      begin: { done: { fork: ['left', 'right', ...inside], join: 'meet' } },
      left: { done: 'meet' },
      right: { done: 'meet' },
      meet: { done: ':end' },
      ...more.edges,
    },
    ...(limits !== undefined && { limits }),
  }
}

/** Begun, with the lists of both maps there: steps 1 and 2 made them. */
function begun(notation: GraphNotation, lists: readonly [left: number, right: number]): HandRun {
  const run = new HandRun(compileFixture(notation))
  run.start()
  run.end(0)
  for (const [index, length] of lists.entries())
    run.end(index + 1, 'done', { items: Array.from({ length }, (_, item) => item) })
  return run
}

describe('what does not fit beside what others have set aside', () => {
  it('waits, and begins as soon as any of it is given back (B2)', () => {
    const run = begun(beside({ toolCalls: 2 }), [2, 1])
    expect(run.open).toEqual(['3:left:item/1', '4:left:item/1'])
    expect(run.context.short).toEqual({ nodes: ['right'], inside: [] })
    expect([activeNodes(run.context), standsAt(run.context)]).toEqual([
      ['left', 'right'],
      ['left', 'right'],
    ])
    run.end(3, 'failed', unsent)
    expect(run.last).toMatchObject({
      decision: {
        node: 'left',
        taken: 'left:item',
        next: { node: 'right', visit: 1, outcome: ':room', taken: 'right:items', to: null },
      },
      commands: [{ type: 'effect', step: 5, node: 'right', kind: 'item' }],
    })
    expect(run.context).not.toHaveProperty('short')
    run.end(5, 'done', { output: 1 })
    run.end(4, 'done', { output: 1 })
    run.end(6)
    run.end(7)
    expect(run.context.ending?.status).toBe('completed')
    expect(run.context.usage.toolCalls).toBe(2)
  })

  it('hits the limit once nothing that is under way could make it fit (B3)', () => {
    const run = begun(
      beside(
        { toolCalls: 2, exhausted: 'help' },
        { nodes: { help: 'approval' }, edges: { help: { approved: ':end', rejected: ':fail' } } },
      ),
      [2, 1],
    )
    run.end(4, 'done', { output: 1 })
    expect(run.open).toEqual(['3:left:item/1'])
    run.end(3, 'done', { output: 1 })
    expect(run.last.decision).toMatchObject({
      taken: 'left:collect',
      next: {
        node: 'right',
        outcome: ':room',
        candidates: [{ edge: 'right:items', verdict: 'exhausted' }],
        taken: 'limits.exhausted',
        to: 'help',
        limit: { name: 'toolCalls', used: 2, max: 2 },
      },
    })
    expect(run.open).toEqual(['6:help:approval/1'])
    expect(run.context).not.toHaveProperty('short')
  })

  it('does not wait for what nobody can give back: steps', () => {
    const run = begun(beside({ steps: 5 }), [2, 1])
    expect(run.context.ending).toMatchObject({ status: 'exhausted', limit: 'steps' })
  })

  it('is tried again in the order in which it began to wait; who has begun something comes last', () => {
    const run = begun(beside({ toolCalls: 2 }, { nodes: { more: map }, edges: { more: { done: 'meet' } } }), [2, 2])
    run.end(3, 'done', { items: [0, 1] })
    expect(run.context.short?.nodes).toEqual(['right', 'more'])
    const [first, second] = Object.keys(run.context.open)
    run.end(Number(first), 'failed', unsent)
    expect(run.context.short?.nodes).toEqual(['more', 'right'])
    run.end(Number(second), 'failed', unsent)
    expect(run.open).toEqual(['6:right:item/1', '7:left:collect/1', '8:more:item/1'])
    expect(run.context.short?.nodes).toEqual(['right', 'more'])
  })

  it('may be calls of an answer, and waits for a person where one decides about what is set aside', () => {
    const agent: NodeNotation = { kind: 'agent', tools: ['look'], writes: ['n'] }
    const approval = { when: 'always', reason: '', role: null, expiresInMs: null, canEdit: false } as const
    const asking = { pay: { approval: { ...approval, canAskBack: false } } }
    const run = new HandRun(
      compileFixture({
        ...beside(
          { toolCalls: 1 },
          {
            nodes: { clerk: agent, asks: { ...agent, toolRules: asking, tools: ['pay'], writes: [] } },
            edges: { clerk: { done: 'meet' }, asks: { done: 'meet' } },
          },
        ),
        tools: { look: 'keyed', pay: 'keyed' },
      }),
    )
    run.start()
    run.end(0)
    run.end(4, 'done', calls(['c1', 'pay']))
    expect(run.open).toContain('5:asks:approval/1')
    run.end(3, 'done', calls(['c1', 'look'], ['c2', 'look']))
    run.end(1, 'done', { items: [] })
    run.end(2, 'done', { items: [] })
    run.end(6)
    run.end(7)
    expect(run.open).toEqual(['5:asks:approval/1'])
    expect(run.last.status).toBe('waiting')
    run.decide(5, 'rejected')
    expect(run.last.decision?.next).toMatchObject({ node: 'clerk', outcome: ':room', taken: 'clerk:tools' })
    expect(run.open).toEqual(['8:asks:model/1', '9:clerk:call/1'])
  })

  it('begins no call of an agent that is about to end unknown', () => {
    const agent: NodeNotation = { kind: 'agent', tools: ['look'], writes: ['n'] }
    const approval = {
      when: 'always',
      reason: '',
      role: null,
      expiresInMs: null,
      canEdit: false,
      canAskBack: false,
    } as const
    const asks: NodeNotation = { ...agent, tools: ['pay'], toolRules: { pay: { approval } }, writes: [] }
    const run = new HandRun(
      compileFixture({
        ...beside(
          { toolCalls: 3 },
          {
            nodes: { clerk: agent, asks },
            edges: { clerk: { done: 'meet', unknown: 'meet' }, asks: { done: 'meet' } },
          },
        ),
        tools: { look: 'unsafe', pay: 'keyed' },
      }),
    )
    run.start()
    run.end(0)
    run.end(1, 'done', { items: [] })
    run.end(2, 'done', { items: [] })
    run.end(4, 'done', calls(['c1', 'pay']))
    run.end(3, 'done', calls(['c1', 'look'], ['c2', 'look'], ['c3', 'look']))
    const ofClerk = (): readonly string[] => run.open.filter((one) => one.includes('clerk'))
    expect(ofClerk()).toEqual(['8:clerk:call/1', '9:clerk:call/1'])
    run.end(8, 'unknown')
    run.decide(7, 'rejected')
    expect(ofClerk()).toEqual(['9:clerk:call/1'])
  })

  it('begins when what was cancelled has settled and gives back; until then the run is running', () => {
    const stop = { kind: 'task' } as const
    const run = begun(
      beside({ toolCalls: 2 }, { nodes: { stop }, edges: { stop: { done: { to: 'meet', cancels: ['left'] } } } }),
      [2, 1],
    )
    run.end(3)
    expect([run.open, Object.keys(run.context.closing), run.last.status]).toEqual([[], ['4', '5'], 'running'])
    const planned = run.end(4, 'failed', unsent)
    expect(planned.type).toBe('applied')
    expect(run.last.decision).toMatchObject({ node: 'right', outcome: ':room' })
    expect(run.open).toEqual(['6:right:item/1'])
    expect(run.end(5, 'failed', unsent).type).toBe('late')
  })

  it('is over with its branch, with the run, and does not wait in a run that is cancelled', () => {
    const run = begun(beside({ toolCalls: 2 }), [2, 1])
    run.hold()
    run.release()
    expect(run.context.short?.nodes).toEqual(['right'])
    run.cancel()
    expect(run.context).not.toHaveProperty('short')
    expect(run.end(3, 'failed', unsent).type).toBe('late')
  })
})

const w = defineState({
  words: z.array(z.string()),
  told: z.array(z.string()).optional(),
  said: z.array(z.string()).optional(),
})
const input = z.object({ words: z.array(z.string()) })
const teller = defineAgent({
  model: 'writer',
  instructions: 'Say what the word means.',
  maxInputTokens: 900,
  maxOutputTokens: 100,
  input: z.object({ word: z.string() }),
  output: z.object({ meaning: z.string() }),
})

function each(key: 'told' | 'said') {
  return w.map({
    over: 'words',
    writes: ['told', 'said'],
    item: teller,
    input: (word) => ({ word }),
    maxItems: 10,
    concurrency: 3,
    apply: (results) => {
      const meanings = results.map((one) => one.output?.meaning ?? '')
      return key === 'told' ? { told: meanings } : { said: meanings }
    },
  })
}

/** Maps of agents in branches beside each other, each in a workflow of its own. */
function tellers(tokens: number): Workflow<{ words: string[] }, { told?: string[] | undefined }> {
  const toldNodes = w.nodes({ each: each('told') })
  const told = w.workflow('told', {
    input,
    output: ['told'],
    nodes: toldNodes,
    start: toldNodes.each,
    edges: { each: { done: END } },
  })
  const saidNodes = w.nodes({ each: each('said') })
  const said = w.workflow('said', {
    input,
    output: ['said'],
    nodes: saidNodes,
    start: saidNodes.each,
    edges: { each: { done: END } },
  })
  const n = w.nodes({
    begin: w.task({ effect: 'pure', run: () => ({}) }),
    tell: w.nested(told, { reads: ['words'], writes: ['told'] }),
    say: w.nested(said, { reads: ['words'], writes: ['said'] }),
    meet: w.join(),
  })
  return w.workflow('tellers', {
    input,
    output: ['told', 'said'],
    nodes: n,
    start: n.begin,
    edges: {
      begin: { done: { fork: [n.tell, n.say], join: n.meet } },
      tell: { done: n.meet },
      say: { done: n.meet },
      meet: { done: END },
    },
    limits: { tokens },
  })
}

describe('maps of agents in workflows beside each other', () => {
  it('share a budget for one call at a time, and none exceeds it (B2, G8)', async () => {
    let now = 0
    let most = 0
    const model = answering(async (text) => {
      now += 1
      most = Math.max(most, now)
      await new Promise((resolve) => void setImmediate(resolve))
      now -= 1
      return says({ meaning: `of ${wordOf(text)}` })
    })
    const runtime = createRuntime({ models: { writer: model } })
    runtimes.push(runtime)
    const words = ['sun', 'moon', 'star']
    // Six calls of 110 each, and each sets 1,000 aside.
    const run = await runtime.start(tellers(1_600), { input: { words } })
    const meanings = words.map((word) => `of ${word}`)
    expect(await run.result()).toMatchObject({ status: 'completed', output: { told: meanings, said: meanings } })
    expect([most, model.requests.length]).toEqual([1, 6])
    expect(await replayRun(runtime.store, tellers(1_600), run.runId)).toMatchObject({ divergence: null })
    const less = await runtime.start(tellers(1_500), { input: { words } })
    expect(await less.result()).toMatchObject({ status: 'exhausted', usage: { modelCalls: 5 } })
  })
})
