import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { createManualClock } from '../../test/support/manual-clock.ts'
import { mortalView } from '../../test/support/store-view.ts'
import { events, orders } from '../../test/waits/orders.ts'
import { createMemoryStore } from '../checkpoint/memory-store.ts'
import { END } from '../define/edge.ts'
import { defineState } from '../define/state.ts'
import type { Workflow } from '../define/workflow.ts'
import { auditRun } from '../replay/audit-run.ts'
import { forkRun } from '../replay/fork-run.ts'
import { readHistory } from '../replay/history.ts'
import { replayRun } from '../replay/replay-run.ts'
import { createRuntime } from './create-runtime.ts'
import type { Liveness } from './liveness.ts'
import type { RunEvent } from './run-event.ts'
import type { Runtime, RuntimeOptions } from './runtime.ts'

const open: Runtime[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((runtime) => runtime.close()))
})

function runtimeWith(options: RuntimeOptions = {}): Runtime {
  const runtime = createRuntime(options)
  open.push(runtime)
  return runtime
}

const dead: Liveness = { self: () => ({ host: 'here', pid: 1, processStartedAt: '1' }), stateOf: () => 'dead' }
const start = { input: { order: 'o-1' }, key: 'o-1' }
const mine = { key: 'o-1' }
const hourMs = 3_600_000

/** A task of the author's and a wait, side by side. */
function beside(run: () => Promise<undefined>): Workflow {
  const w = defineState({ done: z.boolean().optional() })
  const n = w.nodes({
    begin: w.task({ effect: 'pure', run: () => undefined }),
    work: w.task({ effect: 'pure', run }),
    wait: w.wait({ for: w.event('ready') }),
    both: w.join(),
  })
  return w.workflow('beside', {
    input: z.object({}),
    output: [],
    nodes: n,
    start: n.begin,
    edges: {
      begin: { done: { fork: [n.work, n.wait], join: n.both } },
      work: { done: n.both },
      wait: { received: n.both },
      both: { done: END },
    },
  })
}

describe('a wait', () => {
  it('takes the event it waits for, by its key, and holds no process meanwhile (WCP-16)', async () => {
    const clock = createManualClock()
    const runtime = runtimeWith({ clock })
    const run = await runtime.start(orders, start)
    expect(await run.result()).toMatchObject({ status: 'waiting' })
    expect(await run.waits()).toEqual([
      {
        step: 0,
        node: 'settle',
        events: ['paid', 'cancelled'],
        key: 'o-1',
        since: clock.now(),
        expiresAt: clock.now() + 48 * hourMs,
      },
    ])
    expect(await run.send(events.paid, { amountUsd: 7 }, { key: 'o-2' })).toMatchObject({ type: 'applied' })
    expect((await run.result()).unread).toMatchObject([{ event: 'paid', key: 'o-2' }])
    const bank = { by: 'the bank', through: 'webhook' }
    expect(await run.send(events.paid, { amountUsd: 5 }, { ...mine, ...bank })).toMatchObject({ type: 'applied' })
    expect(await run.result()).toMatchObject({ status: 'waiting' })
    expect(await run.waits()).toMatchObject([{ node: 'ship', events: ['shipped'], key: null, expiresAt: null }])
    await run.send('shipped', { by: 'rail' }, { id: 's-1', by: 'ann' })
    expect(await run.result()).toMatchObject({ status: 'waiting' })
    expect(await run.waits()).toMatchObject([{ node: 'rest', events: [], expiresAt: clock.now() + hourMs }])
    await clock.advance(hourMs)
    expect(await run.result({ until: 'end' })).toMatchObject({
      status: 'completed',
      output: { amountUsd: 5, how: 'by rail' },
      unread: [{ event: 'paid', key: 'o-2' }],
    })
    const { divergence, checkpoints } = await replayRun(runtime.store, orders, run.runId)
    expect(divergence).toBeNull()
    const history = await readHistory(runtime.store, run.runId)
    expect(history.at(checkpoints - 1).snapshot.context.received).toMatchObject({})
    const audit = await auditRun(runtime.store, run.runId)
    expect(audit.chain.isIntact).toBe(true)
    expect(audit.transitions.filter(({ event }) => event === 'event.received').map(({ actor }) => actor)).toEqual([
      'the caller',
      'the bank',
      'ann',
    ])
    expect(audit.events).toMatchObject([
      { sequence: 2, event: 'paid', key: 'o-2', taken: null },
      { sequence: 3, event: 'paid', key: 'o-1', ...bank, taken: { node: 'settle', sequence: 4 } },
      { id: 'sent/s-1', event: 'shipped', key: null, by: 'ann', through: 'api', taken: { node: 'ship' } },
    ])
    expect(audit.events[0]).not.toHaveProperty('by')
  })

  it('takes at once what came before it, each event once, oldest first', async () => {
    const clock = createManualClock()
    const runtime = runtimeWith({ clock })
    const run = await runtime.start(orders, start)
    await run.result()
    expect(await run.send(events.shipped, { by: 'road' }, { id: 's-1' })).toMatchObject({ type: 'applied' })
    expect(await run.send(events.shipped, { by: 'air' }, { id: 's-2' })).toMatchObject({ type: 'applied' })
    expect(await run.send(events.shipped, { by: 'road' }, { id: 's-1' })).toEqual({ type: 'duplicate' })
    expect((await run.result()).unread).toHaveLength(2)
    await run.send(events.paid, { amountUsd: 1 }, mine)
    expect(await run.result()).toMatchObject({ status: 'waiting', unread: [{ id: 'sent/s-2' }] })
    expect(await run.waits()).toMatchObject([{ node: 'rest' }])
    await clock.advance(hourMs)
    expect(await run.result({ until: 'end' })).toMatchObject({ output: { how: 'by road' } })
    // De-duplicated by its id after it was used up, too, and after the end.
    expect(await run.send(events.shipped, { by: 'road' }, { id: 's-1' })).toEqual({ type: 'duplicate' })
    expect(await run.send(events.shipped, { by: 'sea' }, { id: 's-1' })).toMatchObject({ reason: 'id-taken' })
    expect(await run.send(events.shipped, { by: 'sea' }, { id: 's-3' })).toMatchObject({ reason: 'run-ended' })
    expect(await run.send(events.shipped, { by: 'sea' })).toMatchObject({ reason: 'run-ended' })
  })

  it('goes on at once when its key is made and its event is there already', async () => {
    const runtime = runtimeWith()
    const run = await runtime.start(orders, start)
    // Not awaited: it comes while the key is made.
    expect(await run.send(events.paid, { amountUsd: 1 }, mine)).toMatchObject({ type: 'applied' })
    expect(await run.result()).toMatchObject({ status: 'waiting' })
    expect(await run.waits()).toMatchObject([{ node: 'ship' }])
    expect((await replayRun(runtime.store, orders, run.runId)).divergence).toBeNull()
  })

  it('does not take one event twice, also when it was used up', async () => {
    const runtime = runtimeWith()
    const run = await runtime.start(orders, start)
    await run.result()
    await run.send(events.paid, { amountUsd: 1 }, { key: 'o-1', id: 'p-1' })
    await run.result()
    expect(await run.send(events.paid, { amountUsd: 1 }, { key: 'o-1', id: 'p-1' })).toEqual({ type: 'duplicate' })
    expect(await run.result()).not.toHaveProperty('unread')
  })

  it('refuses another event under the id of one that came, and says what differs, without a word of the one before (H4)', async () => {
    const store = createMemoryStore()
    const runtime = runtimeWith({ store })
    const run = await runtime.start(orders, start)
    await run.result()
    const sent = { key: 'o-1', id: 'p-1', isRecordedOnly: true }
    await run.send(events.paid, { amountUsd: 1 }, sent)
    const other = (what: string): string =>
      `id "p-1" belongs to an event that came to the run before, with another ${what}; one id is for one event`
    // While it waits in the inbox, and when it is used up.
    for (const isUsed of [false, true]) {
      if (isUsed) await run.resume().then(() => run.result())
      expect(await run.send(events.paid, { amountUsd: 9 }, sent)).toEqual({
        type: 'refused',
        reason: 'id-taken',
        message: other('payload'),
      })
      expect(await run.send(events.paid, { amountUsd: 1 }, { ...sent, key: 'o-2' })).toMatchObject({
        message: other('key'),
      })
      expect(await run.send(events.shipped, { by: 'sea' }, { id: 'p-1' })).toMatchObject({
        message: other('name, key, payload'),
      })
      expect(await run.send(events.paid, { amountUsd: 1 }, sent)).toEqual({ type: 'duplicate' })
    }
    expect(await run.refused()).toEqual([])
  })

  it('refuses again what was refused under its id', async () => {
    const runtime = runtimeWith()
    const run = await runtime.start(orders, start)
    await run.result()
    const payload = { message: { event: 'unheard', key: null, payload: null } }
    await runtime.store.deliver(run.runId, { id: 'sent/x', at: 1, type: 'event.received', from: 'caller', payload })
    await run.resume()
    await expect.poll(async () => (await run.refused()).length).toBe(1)
    expect(await run.send(events.shipped, { by: 'sea' }, { id: 'x' })).toMatchObject({
      type: 'refused',
      reason: 'not-awaited',
      message: expect.stringContaining('an event with id "x" had come before and was refused') as string,
    })
  })

  it('keeps early events over the death of every process', async () => {
    const store = createMemoryStore()
    const clock = createManualClock()
    const first = mortalView(store)
    // What has died closes nothing.
    const run = await createRuntime({ store: first.store, clock, liveness: dead }).start(orders, start)
    await run.result()
    await run.send(events.shipped, { by: 'road' })
    first.kill()
    const second = runtimeWith({ workflows: [orders], store, clock, liveness: dead })
    const again = await second.open(orders, run.runId)
    expect(await second.send({ workflow: orders, key: 'o-1' }, events.paid, { amountUsd: 2 }, mine)).toMatchObject({
      type: 'applied',
    })
    expect(await again.result()).toMatchObject({ status: 'waiting' })
    expect(await again.waits()).toMatchObject([{ node: 'rest' }])
    await clock.advance(hourMs)
    expect(await again.result({ until: 'end' })).toMatchObject({ output: { amountUsd: 2, how: 'by road' } })
  })

  it('takes by its moment what came while nobody drove it, event or time, and says nothing of what is over', async () => {
    const store = createMemoryStore()
    const clock = createManualClock()
    const notices: unknown[] = []
    const again = runtimeWith({ store, clock, workflows: [orders], onNotice: (notice) => notices.push(notice) })
    const first = runtimeWith({ store, clock })
    const inTime = await first.start(orders, start)
    const tooLate = await first.start(orders, { input: { order: 'o-1' } })
    await Promise.all([inTime.result(), tooLate.result()])
    await first.close()
    const recorded = { ...mine, isRecordedOnly: true }
    await (await again.open(inTime.runId)).send('paid', { amountUsd: 3 }, recorded)
    await clock.advance(49 * hourMs)
    await (await again.open(tooLate.runId)).send('paid', { amountUsd: 3 }, recorded)
    for (const { runId } of [inTime, tooLate]) await (await again.open(runId)).resume()
    const firstOf = async ({ runId }: { readonly runId: string }): Promise<string | undefined> => {
      await (await again.open(runId)).result()
      return (await readHistory(store, runId)).checkpoints[2]?.event.type
    }
    expect([await firstOf(inTime), await firstOf(tooLate)]).toEqual(['event.received', 'timer.due'])
    expect(notices).toEqual([])
  })

  it('refuses an operator once: whoever asked is told, and nobody else', async () => {
    const notices: unknown[] = []
    const runtime = runtimeWith({ onNotice: (notice) => notices.push(notice) })
    const run = await runtime.start(orders, start)
    await run.result()
    await run.hold({ by: 'ann', reason: 'look' })
    expect(await run.hold({ by: 'ann', reason: 'look' })).toMatchObject({ type: 'refused' })
    expect(notices).toEqual([])
  })

  it('takes what another process sends while its run is driven here', async () => {
    const store = createMemoryStore()
    const slow = Promise.withResolvers<undefined>()
    const workflow = beside(() => slow.promise)
    const run = await runtimeWith({ store }).start(workflow, { input: {} })
    await expect.poll(async () => (await run.waits()).length).toBe(1)
    const sender = runtimeWith({ workflows: [workflow], store })
    expect(await sender.send(run.runId, 'ready', null)).toEqual({
      type: 'delivered',
      eventId: expect.any(String) as string,
    })
    await expect.poll(async () => (await run.waits()).length).toBe(0)
    slow.resolve(undefined)
    expect(await run.result()).toMatchObject({ status: 'completed' })
  })

  it('is a deferred choice: the first of several events decides, or its time', async () => {
    const clock = createManualClock()
    const runtime = runtimeWith({ clock })
    const run = await runtime.start(orders, start)
    await run.result()
    await run.send(events.cancelled, null, mine)
    expect(await run.result()).toMatchObject({ status: 'failed', error: { code: 'WAYSTONE_NODE_FAIL_TAKEN' } })
    const late = await runtime.start(orders, { input: { order: 'o-2' } })
    await late.result()
    await clock.advance(48 * hourMs)
    expect(await late.result()).toMatchObject({ status: 'waiting' })
    const { snapshot } = (await readHistory(runtime.store, late.runId)).at((await late.result()).sequence)
    expect(snapshot.context.state).toMatchObject({ how: 'reminded' })
    expect(await late.waits()).toMatchObject([{ node: 'settle', step: 2, expiresAt: clock.now() + 48 * hourMs }])
  })

  it('refuses what none of its waits could ever take, and what does not fit, before anything is stored', async () => {
    const store = createMemoryStore()
    const runtime = runtimeWith({ store })
    const run = await runtime.start(orders, start)
    const { sequence } = await run.result()
    expect(await run.send('refunded', null)).toMatchObject({
      type: 'refused',
      reason: 'not-awaited',
      message: 'no wait of workflow "orders" takes event "refunded"; it waits for paid, cancelled, shipped',
    })
    expect(await run.send(events.paid, { amountUsd: 1 })).toMatchObject({ type: 'refused', reason: 'key-expected' })
    await expect(run.send(events.paid, { amountUsd: -1 }, mine)).rejects.toMatchObject({
      code: 'WAYSTONE_INPUT_EVENT',
      message: expect.stringContaining('amountUsd') as string,
    })
    await expect(run.send('shipped', { by: 3 })).rejects.toMatchObject({ code: 'WAYSTONE_INPUT_EVENT' })
    await expect(run.send('shipped', { by: 'road' }, { by: '' })).rejects.toMatchObject({
      code: 'WAYSTONE_INPUT_EVENT',
    })
    await expect(run.send(events.paid, { amountUsd: 1 }, { key: '' })).rejects.toMatchObject({
      code: 'WAYSTONE_INPUT_EVENT',
    })
    expect(await run.status()).toMatchObject({ sequence })
    expect(await store.inbox([run.runId])).toEqual(new Map())
    await expect(runtime.send({ workflow: 'orders', key: 'none' }, 'paid', null)).rejects.toMatchObject({
      code: 'WAYSTONE_STORE_RUN_UNKNOWN',
    })
    await expect(runtime.send('run-none', 'paid', null)).rejects.toMatchObject({ code: 'WAYSTONE_STORE_RUN_UNKNOWN' })
  })

  it('drops, and says so, what another process put into the inbox and does not fit', async () => {
    const store = createMemoryStore()
    const notices: string[] = []
    const runtime = runtimeWith({
      store,
      onNotice: (notice) => void (notice.type === 'event.dropped' && notices.push(notice.message)),
    })
    const run = await runtime.start(orders, start)
    const { sequence } = await run.result()
    await store.deliver(run.runId, {
      id: 'sent/bad',
      at: 1,
      type: 'event.received',
      from: 'caller',
      payload: { message: { event: 'paid', key: 'o-1', payload: { amountUsd: 'much' } } },
    })
    await run.resume()
    expect(await run.result()).toMatchObject({ status: 'waiting', sequence })
    expect(notices).toEqual([expect.stringContaining('event "paid" carries what its schema does not allow')])
    expect(await store.inbox([run.runId])).toEqual(new Map())
  })

  it('tells its facts: opened, received, taken, ended', async () => {
    const clock = createManualClock()
    const runtime = runtimeWith({ clock })
    const run = await runtime.start(orders, start)
    await run.result()
    await run.send(events.shipped, { by: 'road' }, { id: 's' })
    await run.send(events.paid, { amountUsd: 1 }, { key: 'o-1', id: 'p' })
    await run.result()
    await run.cancel({ by: 'ada', reason: 'enough' })
    const facts: RunEvent[] = []
    for await (const event of run.events()) facts.push(event)
    const told = facts.flatMap((event) => {
      if (event.type === 'wait.opened') return [`opened ${event.node} ${event.events.join('|')} ${event.key ?? '-'}`]
      if (event.type === 'event.received') return [`received ${event.id} ${event.event} ${event.key ?? '-'}`]
      if (event.type === 'event.taken') return [`taken ${event.id} by ${event.node} ${event.step}`]
      if (event.type === 'step.ended') return [`ended ${event.node} ${event.kind} ${event.outcome}`]
      return event.type === 'wait.closed' || event.type === 'request.withdrawn' ? [`${event.type} ${event.step}`] : []
    })
    expect(told).toEqual([
      'ended settle prepare begun',
      'opened settle paid|cancelled o-1',
      'received sent/s shipped -',
      'received sent/p paid o-1',
      'taken sent/p by settle 0',
      'ended settle receive paid',
      'taken sent/s by ship 1',
      'ended ship receive received',
      'opened rest  -',
      'wait.closed 2',
    ])
  })

  it('goes on in a forked run with what was kept, its time anew', async () => {
    const clock = createManualClock()
    const store = createMemoryStore()
    const runtime = runtimeWith({ clock, store, workflows: [orders] })
    const run = await runtime.start(orders, start)
    await run.result()
    await run.send(events.shipped, { by: 'road' })
    const { sequence } = await run.result()
    await clock.advance(hourMs)
    const fork = await runtime.open(
      await forkRun(runtime, run.runId, { at: sequence, patch: {}, by: 'ada', reason: 'try' }),
    )
    expect(await fork.result()).toMatchObject({ status: 'waiting', unread: [{ event: 'shipped' }] })
    expect(await fork.waits()).toMatchObject([{ node: 'settle', key: 'o-1', expiresAt: clock.now() + 48 * hourMs }])
    await fork.send(events.paid, { amountUsd: 4 }, mine)
    expect(await fork.result()).not.toHaveProperty('unread')
    expect(await run.status()).toMatchObject({ sequence, unread: [{ event: 'shipped' }] })
  })

  it('takes events while the run is held, and goes on when it is released', async () => {
    const runtime = runtimeWith()
    const run = await runtime.start(orders, start)
    await run.result()
    await run.hold({ by: 'ada', reason: 'look' })
    await run.send(events.paid, { amountUsd: 1 }, mine)
    expect(await run.result()).toMatchObject({ status: 'held' })
    await run.release({ by: 'ada', reason: 'fine' })
    expect(await run.result()).toMatchObject({ status: 'waiting' })
    expect(await run.waits()).toMatchObject([{ node: 'ship' }])
  })
})

describe('the words of a wait', () => {
  const w = defineState({
    at: z.union([z.string(), z.number()]).optional(),
    who: z.string().optional(),
    seen: z.boolean(),
  })
  const ping = w.event('ping', z.object({ seen: z.boolean() }))
  const n = w.nodes({
    until: w.wait({ until: 'at' }),
    ping: w.wait({ for: ping, key: ({ state }) => `to ${state.who ?? ''}`, reads: ['who'], writes: ['seen'] }),
  })
  const timed = w.workflow('timed', {
    input: z.object({ at: z.union([z.string(), z.number()]).optional(), who: z.string().optional() }),
    output: ['seen'],
    nodes: n,
    start: n.until,
    edges: { until: { done: n.ping }, ping: { received: END } },
  })

  it('are a moment of the state, ISO or ms, and a key that a function makes of it', async () => {
    const clock = createManualClock()
    const runtime = runtimeWith({ clock })
    const moment = new Date(clock.now() + hourMs).toISOString()
    const run = await runtime.start(timed, { input: { at: moment, who: 'bo' } })
    expect(await run.result()).toMatchObject({ status: 'waiting' })
    expect(await run.waits()).toMatchObject([{ node: 'until', expiresAt: clock.now() + hourMs }])
    await clock.advance(hourMs)
    expect(await run.result()).toMatchObject({ status: 'waiting' })
    expect(await run.waits()).toMatchObject([{ node: 'ping', key: 'to bo' }])
    await run.send(ping, { seen: true }, { key: 'to bo' })
    expect(await run.result()).toMatchObject({ status: 'completed', output: { seen: true } })
  })

  it('end at once when the moment is over', async () => {
    const runtime = runtimeWith()
    const run = await runtime.start(timed, { input: { at: 1_000, who: 'bo' } })
    await expect.poll(async () => (await run.waits()).map(({ node }) => node)).toEqual(['ping'])
  })

  it.each([
    ['absent', {}],
    ['"tomorrow"', { at: 'tomorrow' }],
    ['"2027-01-31T12:00:00"', { at: '2027-01-31T12:00:00' }],
    ['-1', { at: -1 }],
  ])('fail the node when they are none: %s', async (shown, input) => {
    const run = await runtimeWith().start(timed, { input })
    expect(await run.result()).toMatchObject({
      status: 'failed',
      error: { code: 'WAYSTONE_NODE_BAD_WAIT', message: expect.stringContaining(`is ${shown}; expected`) as string },
    })
  })
})

describe('waits in nested workflows and branches', () => {
  const inner = defineState({ id: z.string(), got: z.string().optional() })
  const answer = inner.event('answer', z.object({ got: z.string() }))
  const innerNodes = inner.nodes({ wait: inner.wait({ for: answer, key: 'id', writes: ['got'] }) })
  const asking = inner.workflow('asking', {
    input: z.object({ id: z.string() }),
    output: ['got'],
    nodes: innerNodes,
    start: innerNodes.wait,
    edges: { wait: { received: END } },
  })
  const w = defineState({ left: z.string().optional(), right: z.string().optional() })
  const sides = {
    begin: w.task({ effect: 'pure', run: () => undefined }),
    left: w.nested(asking, {
      input: () => ({ id: 'left' }),
      writes: ['left'],
      apply: ({ got }) => ({ left: got ?? '' }),
    }),
    right: w.nested(asking, {
      input: () => ({ id: 'right' }),
      writes: ['right'],
      apply: ({ got }) => ({ right: got ?? '' }),
    }),
  }
  const n = w.nodes({ ...sides, join: w.join() })
  const m = w.nodes({ ...sides, join: w.join({ wait: 'any' }) })
  const pairOf = (name: string, nodes: typeof n | typeof m): Workflow =>
    w.workflow(name, {
      input: z.object({}),
      output: ['left', 'right'],
      nodes,
      start: nodes.begin,
      edges: {
        begin: { done: { fork: [nodes.left, nodes.right], join: nodes.join } },
        left: { done: nodes.join },
        right: { done: nodes.join },
        join: { done: END },
      },
    })
  const pair = pairOf('pair', n)

  it('take their own events, wherever they are, early ones too (G8)', async () => {
    const runtime = runtimeWith()
    const run = await runtime.start(pair, { input: {} })
    await run.result()
    expect(await run.waits()).toMatchObject([
      { node: 'left/wait', key: 'left' },
      { node: 'right/wait', key: 'right' },
    ])
    await run.send(answer, { got: 'R' }, { key: 'right' })
    expect(await run.result()).toMatchObject({ status: 'waiting' })
    await run.send(answer, { got: 'L' }, { key: 'left' })
    expect(await run.result()).toMatchObject({ status: 'completed', output: { left: 'L', right: 'R' } })
    expect((await replayRun(runtime.store, pair, run.runId)).divergence).toBeNull()
  })

  it('are closed with a branch that loses; nothing waits for them any more (R9)', async () => {
    const race = pairOf('race', m)
    const runtime = runtimeWith()
    const run = await runtime.start(race, { input: {} })
    await run.result()
    await run.send(answer, { got: 'R' }, { key: 'right' })
    expect(await run.result()).toMatchObject({ status: 'completed', output: { right: 'R' } })
    const closed: number[] = []
    for await (const event of run.events()) if (event.type === 'wait.closed') closed.push(event.step)
    expect(closed).toHaveLength(1)
    expect((await replayRun(runtime.store, race, run.runId)).divergence).toBeNull()
  })

  it('take their own events in items of a map, early ones too', async () => {
    const many = defineState({ ids: z.array(z.string()), all: z.array(z.string()).optional() })
    const nodes = many.nodes({
      each: many.map({
        over: 'ids',
        item: asking,
        input: (id) => ({ id }),
        maxItems: 3,
        concurrency: 2,
        writes: ['all'],
        apply: (results) => ({ all: results.map(({ output }) => output.got ?? '') }),
      }),
    })
    const workflow = many.workflow('many', {
      input: z.object({ ids: z.array(z.string()) }),
      output: ['all'],
      nodes,
      start: nodes.each,
      edges: { each: { done: END } },
    })
    const runtime = runtimeWith()
    const run = await runtime.start(workflow, { input: { ids: ['a', 'b', 'c'] } })
    await run.result()
    expect((await run.waits()).map(({ key }) => key)).toEqual(['a', 'b'])
    for (const id of ['c', 'b', 'a']) await run.send(answer, { got: id.toUpperCase() }, { key: id })
    expect(await run.result()).toMatchObject({ status: 'completed', output: { all: ['A', 'B', 'C'] } })
    expect((await replayRun(runtime.store, workflow, run.runId)).divergence).toBeNull()
  })
})

describe('a wait and operators', () => {
  const w = defineState({ note: z.string().optional() })
  const go = w.event('go')
  const n = w.nodes({
    wait: w.wait({ for: go, redirectable: true }),
    other: w.task({ effect: 'pure', redirectable: true, writes: ['note'], run: () => ({ note: 'by hand' }) }),
  })
  const workflow = w.workflow('redirected', {
    input: z.object({}),
    output: ['note'],
    nodes: n,
    start: n.wait,
    edges: { wait: { received: n.other }, other: { done: END } },
  })

  it('is closed by a redirect, and may be where one leads (H7)', async () => {
    const runtime = runtimeWith()
    const run = await runtime.start(workflow, { input: {} })
    await run.result()
    expect(await run.redirect({ to: 'wait', by: 'ada', reason: 'again' })).toMatchObject({ type: 'applied' })
    expect(await run.waits()).toMatchObject([{ node: 'wait', step: 1 }])
    expect(await run.redirect({ to: 'other', by: 'ada', reason: 'enough' })).toMatchObject({ type: 'applied' })
    expect(await run.result()).toMatchObject({ status: 'completed', output: { note: 'by hand' } })
    const closed: number[] = []
    for await (const event of run.events()) if (event.type === 'wait.closed') closed.push(event.step)
    expect(closed).toEqual([0, 1])
    expect(await run.send(go, null)).toMatchObject({ reason: 'run-ended' })
  })
})
