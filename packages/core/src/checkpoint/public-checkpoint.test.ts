import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { Json } from '../base/json.ts'
import { END } from '../define/edge.ts'
import { defineState } from '../define/state.ts'
import { buildGraph } from '../graph/build.ts'
import type { Graph } from '../graph/graph.ts'
import type { Checkpoint } from '../snapshot/checkpoint.ts'
import type { EngineEvent } from '../snapshot/event.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'
import { publicCheckpoint, publicSnapshot, type Public } from './public-checkpoint.ts'
import { publicEvent } from './public-event.ts'
import { putBack, type PrivateMark } from './unsealing.ts'

/** Stands in everything that is private to the group. */
const mark = 'PRIVATE-77'

const inner = defineState({ topic: z.string(), found: z.string().optional() })
const lab = inner.group('vault', { state: { sample: z.string().optional() }, own: ['store'] })
const innerNodes = inner.nodes({
  look: lab.task({ effect: 'pure', writes: ['sample'], run: () => ({ sample: 's' }) }),
})
const looking = inner.workflow('looking', {
  input: z.object({ topic: z.string() }),
  output: [],
  nodes: innerNodes,
  start: innerNodes.look,
  edges: { look: { done: END } },
})

function graphOf(): Graph {
  const w = defineState({ order: z.string(), paid: z.string().optional(), list: z.array(z.string()).optional() })
  const vault = w.group('vault', {
    state: { card: z.string().optional(), bag: z.record(z.string(), z.string()).optional() },
    exports: ['paid'],
    verdicts: ['heard'],
    own: ['store'],
  })
  const help = { description: 'Help.', contract: z.object({ what: z.string() }), slice: 'contract' } as const
  const mine = w.event('mine', z.object({ text: z.string() }))
  const shared = w.event('shared', z.object({ text: z.string() }))
  const n = w.nodes({
    clerk: vault.agent({ model: 'm', instructions: 'x', reads: ['card'], handoffs: { help } }),
    helper: vault.agent({ model: 'm', instructions: 'x', reads: ['card'] }),
    heard: vault.gate({ reads: ['card'], outcomes: ['yes'], decide: () => 'yes' }),
    unheard: vault.gate({ reads: ['card'], outcomes: ['yes'], decide: () => 'yes' }),
    wait: vault.wait({ for: [mine, shared] }),
    other: w.wait({ for: shared }),
    each: vault.map({ over: 'list', maxItems: 2, effect: 'pure', run: () => 1 }),
    sub: w.nested(looking, { reads: ['order'], input: ({ state }) => ({ topic: state.order }) }),
    own: vault.nested(looking, { reads: ['order'], input: () => ({ topic: 't' }) }),
    out: w.agent({ model: 'm', instructions: 'x' }),
  })
  const { graph } = buildGraph(
    w.workflow('all', {
      input: z.object({ order: z.string() }),
      output: [],
      nodes: n,
      start: n.clerk,
      edges: {
        clerk: { done: n.heard, help: n.helper },
        helper: { done: END },
        heard: { yes: n.unheard },
        unheard: { yes: n.wait },
        wait: { mine: n.other, shared: n.other },
        other: { received: n.sub },
        sub: { done: n.out },
        out: { done: END },
        each: { done: END },
        own: { done: END },
      },
    } as never),
  )
  return graph
}

const graph = graphOf()
const step = (node: string, more: object = {}): object => ({
  node,
  visit: 1,
  kind: 'task',
  attempt: 1,
  since: 0,
  ...more,
})
const vote = { outcome: 'approved', by: 'ada', reason: mark, at: 0, digest: mark }
const made = (from: string, to: string, text: string): object => ({
  from,
  visit: 1,
  handoff: 'help',
  to,
  reason: text,
  digest: text,
  step: 0,
  at: 0,
})
const going = (to: string, from: string, text: string): object => ({
  to,
  entry: { type: 'handoff', from, handoff: 'help', reason: text, contract: { what: text } },
})

/** Every part of a context that may hold something private; what is not private says `open`. */
const snapshot = {
  value: 'clerk',
  context: {
    state: { order: 'open', card: mark, bag: { [mark]: mark }, paid: 'open' },
    private: { out: { entries: ['open'] }, clerk: { entries: [mark], modelCalls: 1, repairs: 0 } },
    verdicts: { unheard: { reasons: [mark] }, heard: { reasons: ['open'] } },
    steps: 9,
    visits: { clerk: 1 },
    taken: {},
    open: {
      1: step('clerk', { votes: [vote], kind: 'approval', approved: mark, callId: mark, tool: 'open' }),
      2: step('sub', { kind: 'workflow' }),
      3: step('own', { kind: 'workflow' }),
      4: step('wait', { awaits: { events: ['mine'], key: mark } }),
      5: step('out', { votes: ['open'] }),
    },
    closing: { 6: step('helper', { questions: [{ text: mark }] }) },
    children: {
      2: {
        value: 'look',
        context: {
          state: { topic: 'open', sample: mark },
          private: {},
          verdicts: {},
          open: { 7: step('look', { questions: [{ text: mark }] }) },
          closing: {},
          error: null,
        },
      },
      3: { value: 'look', context: { state: { topic: mark }, closing: {} } },
    },
    forks: { join: { seen: { nodes: ['out'], values: { card: mark, paid: 'open' }, absent: [] } } },
    maps: { each: { items: [mark], results: [[mark]] } },
    received: {
      'e-1': { event: 'mine', key: mark, payload: { text: mark } },
      'e-2': { event: 'shared', key: 'open', payload: { text: 'open' } },
    },
    rules: [
      { id: 'r/1', node: 'out', tool: 't', arguments: { a: 'open' }, digest: 'open', reason: 'open' },
      { id: 'r/2', node: 'clerk', tool: 't', arguments: { a: mark }, digest: mark, reason: mark },
    ],
    cached: {
      open: { tool: 't', step: 1, result: 'open' },
      [mark]: { tool: 't', step: 2, result: mark, group: 'vault' },
    },
    degraded: { 'clerk:otherwise': { node: 'clerk', by: 'otherwise', step: 1, why: mark, times: 1 } },
    handoffs: {
      made: [made('clerk', 'helper', mark), made('clerk', 'out', 'open'), made('out', 'clerk', 'open')],
      going: [going('helper', 'clerk', mark), going('clerk', 'out', 'open')],
    },
    undone: {
      done: 0,
      failed: [{ node: 'clerk', step: 1, outcome: 'failed', error: { name: 'E', code: 'C', message: mark } }],
    },
    error: null,
    ending: null,
  },
} as unknown as Snapshot

/** Puts everything back that was withheld, as it is done after reading. */
function whole(shown: Public<unknown>): unknown {
  const record = structuredClone(shown.record) as object
  const places = shown.withheld.map(({ path, isPart }) => (isPart === true ? ['+', ...path] : path))
  const marks: PrivateMark[] = [{ group: 'vault', reference: 'r', places }]
  expect(putBack(record, marks, () => ({ values: shown.withheld.map(({ value }) => value), length: 0 }))).toEqual([])
  return record
}

function checkpointOf(event: unknown, patch: unknown, decision: unknown = null): Checkpoint {
  return { runId: 'run', sequence: 3, event, patch, decision, step: null } as unknown as Checkpoint
}

describe('publicSnapshot', () => {
  const shown = publicSnapshot(graph, snapshot)

  it('leaves nothing private in any part of a snapshot, and everything else (M3)', () => {
    const text = JSON.stringify(shown.record)
    expect(text).not.toContain(mark)
    const count = (of: string): number => of.split('open').length
    expect(count(text)).toBe(count(JSON.stringify(snapshot)))
    expect(new Set(shown.withheld.map(({ group }) => group))).toEqual(new Set(['vault']))
  })

  it('gets it back to the byte, the order of keys included, but for results that are found by key', () => {
    const back = whole(shown) as typeof snapshot
    expect(back).toEqual(snapshot)
    const { cached: _, ...context } = back.context
    const { cached: __, ...before } = snapshot.context
    expect(JSON.stringify(context)).toBe(JSON.stringify(before))
  })

  it('is the snapshot itself, read without the store of the group, with gaps', () => {
    const record = structuredClone(shown.record) as unknown as Snapshot
    const places = shown.withheld.map(({ path, isPart }) => (isPart === true ? ['+', ...path] : path))
    expect(putBack(record, [{ group: 'vault', reference: 'r', places }])).toEqual(['vault'])
    expect(record.context).toMatchObject({
      state: { order: 'open', card: 'private to group vault', bag: 'private to group vault' },
      verdicts: { heard: {} },
      open: { 1: { node: 'clerk', kind: 'approval', tool: 'open' } },
      maps: {},
    })
    expect(Object.keys(record.context.private)).toEqual(['out'])
    expect(Object.keys(record.context.children ?? {})).toEqual(['2'])
  })
})

describe('publicCheckpoint', () => {
  const { context } = snapshot as unknown as { readonly context: { readonly [part: string]: Json } }

  it('hides every operation on a private part, wherever it begins', () => {
    const event = { type: 'timer.due', id: 't', at: 1, from: 'timer', payload: { timer: 'duration' } }
    const parts = Object.keys(context).filter((part) => !['visits', 'taken', 'steps'].includes(part))
    const patch = [
      ['set', ['context'], { v: context }],
      ...parts.map((part) => ['set', ['context', part], { v: context[part] }]),
      ...parts.flatMap((part) => {
        const value = context[part]
        if (typeof value !== 'object' || value === null || Array.isArray(value)) return []
        return Object.entries(value).map(([key, item]) => ['set', ['context', part, key], { v: item }])
      }),
      ['append', ['context', 'handoffs', 'made'], { v: [made('clerk', 'out', 'open')] }],
      [
        'append',
        ['context', 'handoffs', 'going'],
        { l: [{ v: going('helper', 'clerk', mark) }, { v: going('clerk', 'out', 'open') }] },
      ],
      ['append', ['context', 'rules'], { v: [context['rules'] as Json].flat().slice(1) }],
      ['set', ['context', 'state', 'bag', mark], { v: mark }],
      ['unset', ['context', 'state', 'bag', mark]],
      ['unset', ['context', 'state', 'card']],
      ['set', ['context', 'open', '1', 'votes'], { v: [vote] }],
      ['set', ['context', 'open', '1', 'escalatesAt'], { v: 5 }],
      ['append', ['context', 'private', 'clerk', 'entries'], { v: [mark] }],
      ['set', ['context', 'degraded', 'clerk:otherwise', 'why'], { v: mark }],
      ['set', ['context', 'children', '2', 'context', 'state', 'sample'], { v: mark }],
      ['set', ['context', 'children', '3', 'context', 'state', 'topic'], { v: mark }],
      ['set', ['context', 'steps'], { v: 10 }],
    ]
    const checkpoint = checkpointOf(event, patch)
    const shown = publicCheckpoint(graph, checkpoint, snapshot)
    expect(JSON.stringify(shown.record)).not.toContain(mark)
    expect(whole(shown)).toEqual(checkpoint)
    expect(shown.record.patch).toContainEqual(['unset', ['context', 'state', 'card']])
    expect(shown.record.patch).toContainEqual(['set', ['context', 'open', '1', 'escalatesAt'], { v: 5 }])
    expect(shown.record.patch.at(-1)).toEqual(['set', ['context', 'steps'], { v: 10 }])
  })

  it('tells of a step what is nobody’s secret, and points to nothing that it does not tell', () => {
    const payload = {
      step: 1,
      attempt: 1,
      outcome: 'help',
      startedAt: 0,
      patch: { card: mark, paid: 'open' },
      message: { role: 'assistant', content: [{ type: 'text', text: mark }], calls: [] },
      handoff: { callId: 'c', handoff: 'help', contract: { what: mark }, reason: mark },
      error: { name: 'E', code: 'C', message: mark, failure: 'conflict', details: { mark } },
      usage: { modelCalls: 1 },
      log: [{ at: 0, message: mark }],
    }
    const event = { type: 'effect.ended', id: 'run/1/1', at: 1, from: 'effect', payload }
    const decision = {
      node: 'clerk',
      visit: 1,
      outcome: 'help',
      candidates: [
        { edge: 'clerk.help', verdict: 'taken', guards: [{ guard: 'g', result: true, read: { card: mark } }] },
      ],
      taken: 'clerk.help',
      to: 'helper',
      handoff: { reason: mark },
    }
    const patch = [
      ['set', ['context', 'state', 'paid'], { e: ['patch', 'paid'] }],
      ['set', ['context', 'error'], { e: ['error', 'details'] }],
      ['append', ['context', 'handoffs', 'made'], { l: [{ e: ['handoff', 'contract'] }] }],
    ]
    const inside = checkpointOf(event, patch, decision)
    const shown = publicCheckpoint(graph, inside, snapshot)
    expect(JSON.stringify(shown.record)).not.toContain(mark)
    expect(shown.record.event.payload).toEqual({
      step: 1,
      attempt: 1,
      outcome: 'help',
      patch: { card: 'private to group vault', paid: 'open' },
      error: { name: 'E', code: 'C', failure: 'conflict', message: 'private to group vault' },
      usage: { modelCalls: 1 },
      startedAt: 0,
    })
    expect(shown.record.patch[0]).toEqual(patch[0])
    expect(whole(shown)).toEqual(inside)

    const outside = checkpointOf(event, [], { ...decision, candidates: [], to: 'out' })
    expect(publicCheckpoint(graph, outside, snapshot).record.event.payload).toHaveProperty('handoff')
    expect(publicCheckpoint(graph, outside, snapshot).record.decision?.handoff).toEqual({ reason: mark })
  })
})

describe('publicEvent', () => {
  const base = { id: 'e', at: 1 }
  const events: readonly (readonly [string, object])[] = [
    [
      'request.decided',
      {
        step: 1,
        outcome: 'edited',
        digest: mark,
        reason: mark,
        by: 'ada',
        through: 'api',
        patch: { card: mark },
        arguments: mark,
        result: mark,
        remember: { scope: 'run', arguments: { a: mark } },
      },
    ],
    ['request.asked', { step: 1, digest: mark, text: mark, by: 'ada', through: 'api' }],
    ['request.answered', { step: 1, question: 1, text: mark, by: 'ada', through: 'api' }],
    ['event.received', { message: { event: 'mine', key: mark, payload: mark } }],
    ['run.patch', { state: { card: mark, order: 'open' }, by: 'ada', reason: 'r' }],
    [
      'run.forked',
      {
        from: { runId: 'r', sequence: 1, hash: 'h' },
        snapshot,
        patch: { card: mark, paid: 'open' },
        by: 'ada',
        reason: 'r',
        tags: {},
      },
    ],
  ]

  it.each(events)('hides what is private in %s, and gets it back', (type, payload) => {
    const event = { ...base, type, payload } as unknown as EngineEvent
    const shown = publicEvent(event, { graph, node: 'clerk' })
    expect(JSON.stringify(shown.event)).not.toContain(mark)
    expect(whole({ record: shown.event, withheld: shown.withheld })).toEqual(event)
  })

  it.each(events.slice(0, 3))('leaves %s about a node outside as it is', (type, payload) => {
    const event = { ...base, type, payload } as unknown as EngineEvent
    expect(publicEvent(event, { graph, node: 'out' })).toEqual({ event, withheld: [] })
  })

  it('leaves an event that others may take as it is', () => {
    const payload = { message: { event: 'shared', key: null, payload: 'open' } }
    const event = { ...base, type: 'event.received', payload } as unknown as EngineEvent
    expect(publicEvent(event, { graph, node: undefined })).toEqual({ event, withheld: [] })
  })
})
