import { afterEach, describe, expect, it } from 'vitest'
import { createManualClock } from '../../test/support/manual-clock.ts'
import { says, scripted } from '../../test/support/scripted-model.ts'
import { mortalView } from '../../test/support/store-view.ts'
import { threeLevels } from '../../test/nested/levels.ts'
import { createMemoryStore } from '../checkpoint/memory-store.ts'
import { compile } from '../compile/compile.ts'
import { plan } from '../compile/plan.ts'
import { auditRun } from '../replay/audit-run.ts'
import { blamePath } from '../replay/blame.ts'
import { forkRun } from '../replay/fork-run.ts'
import { readHistory } from '../replay/history.ts'
import { replayRun } from '../replay/replay-run.ts'
import { readStats } from '../replay/stats.ts'
import type { ModelCallOptions } from '../define/model.ts'
import type { Liveness } from './liveness.ts'
import { createRuntime } from './create-runtime.ts'
import type { RunEvent } from './run-event.ts'
import type { Runtime, RuntimeOptions } from './runtime.ts'
import { timerEvent } from './timers.ts'

const open: Runtime[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((runtime) => runtime.close()))
})

function runtimeWith(options: RuntimeOptions): Runtime {
  const runtime = createRuntime(options)
  open.push(runtime)
  return runtime
}

const drafts = ['one', 'two', 'three', 'four', 'five'].map((text) => says({ text }))
const start = { input: { topic: 'wind' } }
const yes = { outcome: 'approved', by: 'ada', reason: 'fine' }

const dead: Liveness = { self: () => ({ host: 'here', pid: 1, processStartedAt: '1' }), stateOf: () => 'dead' }

describe('a nested workflow', () => {
  it('runs inside the run, three levels deep, and gives its output up level by level (G8)', async () => {
    const workflow = threeLevels()
    const runtime = runtimeWith({ models: { writer: scripted(...drafts) } })
    const run = await runtime.start(workflow, start)
    expect(await run.result()).toMatchObject({ status: 'waiting' })
    const [request] = await run.requests()
    expect(request).toMatchObject({
      node: 'section/editor',
      workflow: 'report',
      role: 'editor',
      evidence: { checked: 'two!' },
      action: [
        { outcome: 'approved', node: ':end' },
        { outcome: 'rejected', node: 'draft' },
      ],
    })
    expect(await run.decide(request ?? '', yes)).toMatchObject({ type: 'applied' })
    expect(await run.result()).toMatchObject({
      status: 'completed',
      output: { out: 'published two!' },
      usage: { modelCalls: 2, inputTokens: 200 },
    })
    const replay = await replayRun(runtime.store, workflow, run.runId)
    expect(replay.divergence).toBeNull()
    const { snapshot } = (await readHistory(runtime.store, run.runId)).at(replay.checkpoints - 1)
    expect(snapshot.context).not.toHaveProperty('children')
    expect(snapshot.context).toMatchObject({ steps: 9, open: {}, closing: {} })
  })

  it('has one row of steps with the run, so that each effect id names one effect (G8)', async () => {
    const tasks: string[] = []
    const model = scripted(...drafts)
    const run = await runtimeWith({ models: { writer: model } }).start(
      threeLevels({ onTask: (effectId) => void tasks.push(effectId) }),
      start,
    )
    await run.result()
    expect([...model.effectIds, ...tasks].map((id) => id.slice(run.runId.length))).toEqual(['/2', '/4', '/3', '/5'])
  })

  it('tells its facts by path, in order (K3)', async () => {
    const runtime = runtimeWith({ models: { writer: scripted(...drafts) } })
    const run = await runtime.start(threeLevels({ rounds: 1 }), start)
    await run.result()
    await run.decide((await run.requests())[0] ?? '', yes)
    const events: RunEvent[] = []
    for await (const event of run.events()) events.push(event)
    expect(
      events.flatMap((event) =>
        event.type === 'step.started' || event.type === 'step.ended' || event.type === 'request.opened'
          ? [`${event.type} ${event.step} ${event.node} ${event.kind}`]
          : [],
      ),
    ).toEqual([
      'step.started 0 section input',
      'step.ended 0 section input',
      'step.started 1 section/draft input',
      'step.ended 1 section/draft input',
      'step.started 2 section/draft/write model',
      'step.ended 2 section/draft/write model',
      'step.started 3 section/draft/count task',
      'step.ended 3 section/draft/count task',
      'step.started 1 section/draft output',
      'step.ended 1 section/draft output',
      'step.started 4 section/check task',
      'step.ended 4 section/check task',
      'request.opened 5 section/editor approval',
      'step.ended 5 section/editor approval',
      'step.started 0 section output',
      'step.ended 0 section output',
      'step.started 6 publish task',
      'step.ended 6 publish task',
    ])
    const changes = events.flatMap((event) =>
      event.type === 'state.changed' ? [`${event.node}: ${event.within ?? 'run'} ${event.keys.join()}`] : [],
    )
    expect(changes).toEqual([
      'null: run topic',
      'section: section topic',
      'section/draft: section/draft theme',
      'section/draft/write: section/draft text',
      'section/draft/count: section/draft round',
      'section/draft: section body',
      'section/check: section checked',
      'section: run checked',
      'publish: run out',
    ])
  })
})

describe('limits around a nested workflow', () => {
  it('of the run stop a grandchild before the call that would break them (G8, B2)', async () => {
    const model = scripted(...drafts)
    const workflow = threeLevels({ rounds: 5, limits: { modelCalls: 2 } })
    const runtime = runtimeWith({ models: { writer: model } })
    const run = await runtime.start(workflow, start)
    expect(await run.result()).toMatchObject({ status: 'exhausted', limit: 'modelCalls', usage: { modelCalls: 2 } })
    expect(model.requests.length).toBe(2)
    expect((await replayRun(runtime.store, workflow, run.runId)).divergence).toBeNull()
    const { checkpoints } = await readHistory(runtime.store, run.runId)
    expect(checkpoints.at(-1)?.decision).toMatchObject({
      node: 'section/draft/count',
      taken: 'limits.exhausted',
      to: ':exhausted',
      limit: { name: 'modelCalls', used: 2, max: 2, up: 2 },
    })
  })

  it('of the workflow between end that one, and the run goes on', async () => {
    const model = scripted(...drafts)
    const run = await runtimeWith({ models: { writer: model } }).start(
      threeLevels({ rounds: 5, middle: { modelCalls: 3 }, limits: { modelCalls: 9 } }),
      start,
    )
    expect(await run.result()).toMatchObject({ status: 'completed', output: { out: 'sorry' } })
    expect(model.requests.length).toBe(3)
  })

  it('of its own end it exhausted', async () => {
    const run = await runtimeWith({ models: { writer: scripted(...drafts) } }).start(
      threeLevels({ rounds: 5, inner: { steps: 3 } }),
      start,
    )
    expect(await run.result()).toMatchObject({
      status: 'completed',
      output: { out: 'sorry' },
      usage: { modelCalls: 2 },
    })
  })

  it('count its steps for everybody, each once', async () => {
    const stopped = async (steps: number): Promise<unknown> => {
      const run = await runtimeWith({ models: { writer: scripted(...drafts) } }).start(
        threeLevels({ rounds: 5, middle: { steps } }),
        start,
      )
      await run.result()
      return (await run.status()).usage.modelCalls
    }
    // The step that holds the innermost one, then a model call and a count for each round.
    expect(await Promise.all([2, 3, 4, 5, 6].map(stopped))).toEqual([1, 1, 2, 2, 3])
  })

  it('on time end it while it waits, also inside', async () => {
    const clock = createManualClock()
    const run = await runtimeWith({ clock, models: { writer: scripted(...drafts) } }).start(
      threeLevels({ middle: { duration: '10m' } }),
      start,
    )
    await clock.settle()
    expect(await run.status()).toMatchObject({ status: 'waiting' })
    await clock.advance(600_000)
    expect(await run.status()).toMatchObject({ status: 'completed', output: { out: 'sorry' } })
  })
})

describe('a nested workflow that is over', () => {
  it('is not moved by the timer of its time, which was under way when it ended', async () => {
    const workflow = threeLevels({ rounds: 1, middle: { duration: '10m' } })
    const runtime = runtimeWith({ models: { writer: scripted(...drafts) } })
    const run = await runtime.start(workflow, start)
    await run.result()
    await run.decide((await run.requests())[0] ?? '', yes)
    await run.result()
    const history = await readHistory(runtime.store, run.runId)
    const last = history.checkpoints.findIndex(({ step }) => step?.node === 'section' && step.kind === 'output') - 1
    const { snapshot } = history.at(last)
    expect(snapshot.context.children?.[0]?.context.ending).toMatchObject({ status: 'completed' })
    const late = snapshot.context.startedAt + 3_600_000
    const position = { runId: run.runId, sequence: last + 1, parent: null }
    const timer = (name: string) => plan(compile(workflow), position, snapshot, timerEvent(name, late))
    expect(timer('duration/0')).toEqual({ type: 'stale', message: 'timer duration/0 is not set' })
  })

  it('while it is taken over has another event for its end than for its beginning, whoever tells of it', async () => {
    const workflow = threeLevels({ rounds: 1 })
    const store = createMemoryStore()
    let commits = 0
    const mortal = mortalView(store, (method, kill) => method === 'commit' && ++commits === 5 && kill())
    const clock = createManualClock()
    const models = { writer: scripted(...drafts) }
    const first = await createRuntime({ store: mortal.store, clock, liveness: dead, models }).start(workflow, start)
    await clock.settle()
    const run = await runtimeWith({ store, clock, liveness: dead, workflows: [workflow], models }).open(first.runId)
    expect(await run.cancel({ by: 'op', reason: 'enough' })).toMatchObject({ type: 'applied' })
    await clock.settle()
    const { checkpoints } = await readHistory(store, run.runId)
    expect(checkpoints.at(-1)).toMatchObject({ status: 'cancelled', step: { node: 'section/draft', kind: 'output' } })
    const ids = checkpoints.map(({ event }) => event.id)
    expect(new Set(ids).size).toBe(ids.length)
  })
})

describe('people and operators', () => {
  it('reach a nested workflow: expiry inside, hold and release of the whole', async () => {
    const clock = createManualClock()
    const run = await runtimeWith({ clock, models: { writer: scripted(...drafts) } }).start(threeLevels(), start)
    await clock.settle()
    await run.hold({ by: 'op', reason: 'look' })
    expect(await run.status()).toMatchObject({ status: 'held' })
    await run.release({ by: 'op', reason: 'seen' })
    await clock.advance(3_600_000)
    expect(await run.status()).toMatchObject({ status: 'completed', output: { out: 'published two!' } })
  })

  it('cancel it with the run: what it does is aborted, its end only settles what was used (R9)', async () => {
    const signals: AbortSignal[] = []
    const waits = ({ signal }: ModelCallOptions): Promise<unknown> => {
      signals.push(signal)
      return new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error))
      })
    }
    const workflow = threeLevels()
    const runtime = runtimeWith({ models: { writer: scripted(waits) } })
    const run = await runtime.start(workflow, start)
    for await (const event of run.events()) if (event.type === 'step.started' && event.kind === 'model') break
    await run.cancel({ by: 'op', reason: 'enough' })
    expect(await run.result({ until: 'end' })).toMatchObject({ status: 'cancelled' })
    const events: RunEvent[] = []
    for await (const event of run.events()) events.push(event)
    expect(signals.map(({ aborted }) => aborted)).toEqual([true])
    expect(events.at(-1)).toMatchObject({ type: 'step.ended', node: 'section/draft/write', isLate: true })
    const history = await readHistory(runtime.store, run.runId)
    const { context } = history.at(history.last).snapshot
    expect(context).toMatchObject({ open: {}, closing: {} })
    expect(context).not.toHaveProperty('children')
    expect((await replayRun(runtime.store, workflow, run.runId)).divergence).toBeNull()
  })
})

describe('a process that dies', () => {
  it.each([1, 2, 3, 4, 5, 6, 7])(
    'is followed by one that goes on inside the grandchild, after commit %i (G8)',
    async (at) => {
      const tasks: string[] = []
      const workflow = threeLevels({ onTask: (effectId) => void tasks.push(effectId) })
      const store = createMemoryStore()
      let commits = 0
      const mortal = mortalView(store, (method, kill) => method === 'commit' && ++commits === at && kill())
      const clock = createManualClock()
      const model = scripted(...drafts)
      const first = await createRuntime({
        store: mortal.store,
        clock,
        liveness: dead,
        models: { writer: model },
      }).start(workflow, start)
      await clock.settle()
      const run = await runtimeWith({
        store,
        clock,
        liveness: dead,
        workflows: [workflow],
        models: { writer: model },
      }).open(first.runId)
      await run.resume()
      await clock.settle()
      expect(await run.status()).toMatchObject({ status: 'waiting' })
      await run.decide((await run.requests())[0] ?? '', yes)
      expect(await run.result()).toMatchObject({ status: 'completed' })
      // What was under way when it died may have been done twice, under the same id; nothing that had ended is.
      expect(new Set(tasks).size).toBe(2)
      expect(tasks.length + model.requests.length).toBeLessThanOrEqual(5)
      expect((await replayRun(store, workflow, run.runId)).divergence).toBeNull()
    },
  )
})

describe('looking at a run with nested workflows', () => {
  it('forks it inside: what is open there is asked for again, and counts begin anew', async () => {
    const workflow = threeLevels({ rounds: 2 })
    const runtime = runtimeWith({ workflows: [workflow], models: { writer: scripted(...drafts) } })
    const run = await runtime.start(workflow, start)
    await run.result()
    const { checkpoints } = await readHistory(runtime.store, run.runId)
    const at = checkpoints.findIndex(({ step }) => step?.node === 'section/draft/count')
    const id = await forkRun(runtime, run.runId, { at, by: 'op', reason: 'try' })
    const fork = await runtime.open(workflow, id)
    await fork.resume()
    expect(await fork.result()).toMatchObject({ status: 'waiting', usage: { modelCalls: 1 } })
    expect(await fork.requests()).toMatchObject([{ node: 'section/editor', evidence: { checked: 'three!' } }])
    await fork.decide((await fork.requests())[0] ?? '', yes)
    expect(await fork.result()).toMatchObject({ status: 'completed', output: { out: 'published three!' } })
    expect((await replayRun(runtime.store, workflow, id)).divergence).toBeNull()
  })

  it('audits people inside, counts nodes by path, and blames the node that took the output over', async () => {
    const workflow = threeLevels({ rounds: 1 })
    const runtime = runtimeWith({ models: { writer: scripted(...drafts) } })
    const run = await runtime.start(workflow, start)
    await run.result()
    await run.decide((await run.requests())[0] ?? '', yes)
    await run.result()
    const audit = await auditRun(runtime.store, run.runId)
    expect(audit).toMatchObject({ chain: { isIntact: true }, people: [{ node: 'section/editor', by: 'ada' }] })
    const stats = await readStats(runtime.store)
    expect(stats.find(({ name }) => name === 'report/section/draft/write')).toMatchObject({ count: 1, group: 'node' })
    expect(stats.find(({ group }) => group === 'agent')).toMatchObject({ name: 'report/section/draft/write' })
    const history = await readHistory(runtime.store, run.runId)
    expect(blamePath(history, ['checked'])).toMatchObject({ writer: { node: 'section', kind: 'output' } })
  })
})
