import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { createManualClock } from '../../test/support/manual-clock.ts'
import { asks, says, scripted } from '../../test/support/scripted-model.ts'
import { viewOf } from '../../test/support/store-view.ts'
import { createMemoryStore } from '../checkpoint/memory-store.ts'
import type { CallApproval } from '../define/call-approval.ts'
import { END } from '../define/edge.ts'
import { defineState } from '../define/state.ts'
import { defineTool } from '../define/tool.ts'
import { auditRun } from '../replay/audit-run.ts'
import { forkRun } from '../replay/fork-run.ts'
import { replayRun } from '../replay/replay-run.ts'
import { createRuntime } from './create-runtime.ts'
import type { RunEvent } from './run-event.ts'
import type { Request, Run, Runtime, RuntimeOptions } from './runtime.ts'

const open: Runtime[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((runtime) => runtime.close()))
})

const Mail = z.object({ to: z.string(), text: z.string() })
const w = defineState({ task: z.string(), reply: z.string().optional() })

interface Terms {
  readonly approval?: CallApproval<z.output<typeof Mail>> | true
  readonly version?: number
  readonly policy?: 'fresh' | 'remembered'
}

// oxlint-disable-next-line typescript/explicit-function-return-type -- the type of a workflow is what inference makes of it
function mailerOf({ approval = { remember: 'workflow' }, version = 1, policy }: Terms = {}) {
  const send = defineTool({
    name: 'send',
    description: 'Sends a mail.',
    version,
    input: Mail,
    output: z.object({ sent: z.string() }),
    approval,
    run: ({ to }) => ({ sent: to }),
  })
  const n = w.nodes({
    clerk: w.agent({ model: 'fast', instructions: 'Help.', reads: ['task'], writes: ['reply'], tools: [send] }),
  })
  return w.workflow('mailer', {
    input: z.object({ task: z.string() }),
    output: ['reply'],
    nodes: n,
    start: n.clerk,
    edges: { clerk: { done: END } },
    ...(policy !== undefined && {
      policies: [{ never: send, without: 'approval' as const, ...(policy === 'remembered' && { remembered: true }) }],
    }),
  })
}
const mailer = mailerOf()

/** Sends one mail after the other, and then says so. */
function clerk(...mails: readonly z.output<typeof Mail>[]): NonNullable<RuntimeOptions['models']> {
  const turns = mails.map((mail) => asks(['send', mail]))
  return { fast: scripted(...turns, says({ reply: 'done' })) }
}

const ann = { to: 'ann', text: 'hello' }
const annAgain = { to: 'ann', text: 'and again' }
const bob = { to: 'bob', text: 'hello' }

function runtimeWith(options: RuntimeOptions): Runtime {
  const runtime = createRuntime({ clock: createManualClock(), ...options })
  open.push(runtime)
  return runtime
}

async function asked(run: Run<object>): Promise<readonly Request[]> {
  await run.result()
  return await run.requests()
}

async function only(run: Run<object>): Promise<Request> {
  const [request, ...others] = await asked(run)
  expect(others).toEqual([])
  if (request === undefined) throw new RangeError('nothing is asked')
  return request
}

const yes = { outcome: 'approved', by: 'ada', reason: 'known' }

describe('a decision that is remembered', () => {
  it.each(['run', 'workflow'] as const)(
    'does not outlive a patch of what was shown with it, for the %s: it is asked anew (H6, H7)',
    async (scope) => {
      const store = createMemoryStore()
      const clock = createManualClock()
      const runtime = runtimeWith({ store, clock, models: clerk(ann, bob, ann, ann) })
      const run = await runtime.start(mailer, { input: { task: 'mail' } })
      const first = await only(run)
      expect(await run.decide(first.id, { ...yes, remember: { scope } })).toMatchObject({ type: 'applied' })
      const other = await only(run)
      await clock.advance(1_000)
      const operator = { by: 'op', reason: 'wrong' }
      expect(await run.patch({ ...operator, state: { task: 'mail to somebody else' } })).toMatchObject({
        type: 'applied',
      })
      await clock.advance(1_000)
      const again = await only(run)
      expect(again.id).toBe(other.id)
      await run.decide(again.id, { ...yes, outcome: 'rejected' })
      // The same mail, and another task: what was said of the other one does not say so.
      const anew = await only(run)
      expect(anew.action[0]?.input).toEqual(ann)
      expect(anew.evidence).toEqual({ task: 'mail to somebody else' })
      await clock.advance(1_000)
      await run.decide(anew.id, { ...yes, remember: { scope } })
      expect(await run.result()).toMatchObject({ status: 'completed' })
      expect((await replayRun(store, mailer, run.runId)).divergence).toBeNull()
    },
  )

  it('decides calls with the same arguments for the rest of the run, each in a checkpoint of its own (H6)', async () => {
    const runtime = runtimeWith({ models: clerk(ann, ann, bob) })
    const run = await runtime.start(mailer, { input: { task: 'mail' } })
    const first = await only(run)
    expect(first.remember).toEqual({ approved: ['run', 'workflow'], rejected: ['run', 'workflow'] })
    expect(await run.decide(first.id, { ...yes, remember: { scope: 'run' } })).toMatchObject({ type: 'applied' })
    const second = await only(run)
    expect(second.action[0]?.input).toEqual(bob)
    expect(await run.rules()).toMatchObject([
      {
        id: first.id,
        scope: 'run',
        outcome: 'approved',
        node: 'clerk',
        tool: 'send',
        arguments: ann,
        isExact: true,
        by: 'ada',
      },
    ])
    await run.decide(second.id, { ...yes, outcome: 'rejected' })
    expect((await run.result({ until: 'end' })).status).toBe('completed')
    const events: RunEvent[] = []
    for await (const event of run.events()) events.push(event)
    expect(events.filter(({ type }) => type === 'rule.made')).toMatchObject([{ rule: first.id, scope: 'run' }])
    expect(events.filter(({ type }) => type === 'request.opened')).toHaveLength(3)
    expect((await auditRun(runtime.store, run.runId)).people).toMatchObject([
      { outcome: 'approved', by: 'ada', through: 'api', remembered: 'run' },
      { outcome: 'approved', by: 'ada', through: 'rule', rule: first.id, arguments: ann },
      { outcome: 'rejected', by: 'ada', through: 'api' },
    ])
    expect(await replayRun(runtime.store, mailer, run.runId)).toMatchObject({ divergence: null })
  })

  it('is for the arguments that are named, or for all, and a no goes before a yes', async () => {
    const runtime = runtimeWith({ models: clerk(ann, annAgain, bob, ann) })
    const run = await runtime.start(mailer, { input: { task: 'mail' } })
    const first = await only(run)
    await run.decide(first.id, { ...yes, remember: { scope: 'run', arguments: { to: 'ann' } } })
    const second = await only(run)
    expect(second.action[0]?.input).toEqual(bob)
    await run.decide(second.id, { ...yes, outcome: 'rejected', remember: { scope: 'run', arguments: 'any' } })
    const { status } = await run.result({ until: 'end' })
    expect(status).toBe('completed')
    const { people } = await auditRun(runtime.store, run.runId)
    expect(people.map(({ outcome, through }) => `${outcome} ${through}`)).toEqual([
      'approved api',
      'approved rule',
      'rejected api',
      'rejected rule',
    ])
  })

  it('is for its run alone, and for no fork of it', async () => {
    const turns = [asks(['send', ann]), asks(['send', bob]), says({ reply: 'done' }), asks(['send', ann])]
    const runtime = runtimeWith({ models: { fast: scripted(...turns) } })
    const run = await runtime.start(mailer, { input: { task: 'mail' } })
    await run.decide((await only(run)).id, { ...yes, remember: { scope: 'run', arguments: 'any' } })
    await run.result({ until: 'end' })
    const fork = await runtime.open(await forkRun(runtime, run.runId, { at: 3, by: 'ada', reason: 'again' }))
    await fork.resume()
    expect(await asked(fork)).toHaveLength(1)
    expect(await fork.rules()).toEqual([])
  })

  it('in its workflow decides in later runs, of other processes too, until it expires (H6)', async () => {
    const store = createMemoryStore()
    const clock = createManualClock()
    const one = runtimeWith({ store, clock, models: clerk(ann) })
    const run = await one.start(mailer, { input: { task: 'mail' } })
    const first = await only(run)
    await run.decide(first.id, { ...yes, remember: { scope: 'workflow', expiresIn: '1d' } })
    await run.result({ until: 'end' })
    await one.delete(run.runId)
    const two = runtimeWith({ store, clock, models: clerk(ann, bob) })
    expect(await two.rules('mailer')).toMatchObject([{ id: first.id, scope: 'workflow', revoked: null }])
    const next = await two.start(mailer, { input: { task: 'mail' } })
    expect((await only(next)).action[0]?.input).toEqual(bob)
    await clock.advance(2 * 86_400_000)
    const three = runtimeWith({ store, clock, models: clerk(ann) })
    expect((await only(await three.start(mailer, { input: { task: 'mail' } }))).action[0]?.input).toEqual(ann)
  })

  it('is revoked, in the run and in the workflow, by name and with a reason', async () => {
    const runtime = runtimeWith({ models: clerk(ann, ann, ann, ann) })
    const run = await runtime.start(mailer, { input: { task: 'mail' } })
    const first = await only(run)
    await run.hold({ by: 'ops', reason: 'look' })
    await run.decide(first.id, { ...yes, remember: { scope: 'run' } })
    expect(await runtime.revokeRule(first.id, { by: 'ops', reason: 'too much' })).toEqual({ type: 'revoked' })
    await run.release({ by: 'ops', reason: 'go' })
    const second = await only(run)
    expect(await runtime.revokeRule(first.id, { by: 'ops', reason: 'again' })).toMatchObject({ reason: 'rule-unknown' })
    await run.decide(second.id, { ...yes, remember: { scope: 'workflow' } })
    await run.result({ until: 'end' })
    expect(await runtime.revokeRule(second.id, { by: 'ops', reason: 'no more' })).toEqual({ type: 'revoked' })
    expect(await runtime.revokeRule(second.id, { by: 'ops', reason: 'again' })).toMatchObject({
      reason: 'revoked-before',
    })
    expect(await runtime.rules()).toMatchObject([{ revoked: { by: 'ops', reason: 'no more' } }])
    await expect(runtime.revokeRule('nonsense', { by: 'o', reason: 'r' })).rejects.toMatchObject({
      code: 'WAYSTONE_INPUT_RULE',
    })
    const other = runtimeWith({ store: runtime.store, models: clerk(ann) })
    expect(await asked(await other.start(mailer, { input: { task: 'mail' } }))).toHaveLength(1)
  })

  it('does not decide when the tool has changed since', async () => {
    const store = createMemoryStore()
    const one = runtimeWith({ store, models: clerk(ann) })
    const run = await one.start(mailer, { input: { task: 'mail' } })
    await run.decide((await only(run)).id, { ...yes, remember: { scope: 'workflow', arguments: 'any' } })
    await run.result({ until: 'end' })
    const changed = runtimeWith({ store, models: clerk(ann) })
    const later = await changed.start(mailerOf({ version: 2 }), { input: { task: 'mail' } })
    expect(await asked(later)).toHaveLength(1)
  })

  it('is asked of a person where the store does not answer', async () => {
    const store = createMemoryStore()
    const one = runtimeWith({ store, models: clerk(ann) })
    const run = await one.start(mailer, { input: { task: 'mail' } })
    await run.decide((await only(run)).id, { ...yes, remember: { scope: 'workflow' } })
    await run.result({ until: 'end' })
    const silent = viewOf(store, (method) => {
      if (method === 'rules') throw new RangeError('not now')
    })
    const two = runtimeWith({ store: silent, models: clerk(ann) })
    expect(await asked(await two.start(mailer, { input: { task: 'mail' } }))).toHaveLength(1)
  })
})

describe('what is not remembered', () => {
  async function refused(terms: Terms, decision: object): Promise<unknown> {
    const runtime = runtimeWith({ models: clerk(ann) })
    const run = await runtime.start(mailerOf(terms), { input: { task: 'mail' } })
    return await run.decide((await only(run)).id, { ...yes, ...decision })
  }
  const remember = { scope: 'run' } as const

  it('is a yes that a policy wants anew each time, unless the policy says so (H6)', async () => {
    expect(await refused({ policy: 'fresh' }, { remember })).toEqual({
      type: 'refused',
      reason: 'not-remembered',
      message: 'a policy wants somebody to approve each run of tool send',
    })
    expect(await refused({ policy: 'fresh' }, { remember, outcome: 'rejected' })).toMatchObject({ type: 'applied' })
    const runtime = runtimeWith({ models: clerk(ann, ann) })
    const run = await runtime.start(mailerOf({ policy: 'remembered' }), { input: { task: 'mail' } })
    await run.decide((await only(run)).id, { ...yes, remember })
    await run.result({ until: 'end' })
    expect((await auditRun(runtime.store, run.runId)).policies).toMatchObject([{ violations: [] }])
  })

  it('is what the tool says is not, or not so far, or what several must say', async () => {
    expect(await refused({ approval: { remember: 'never' } }, { remember })).toMatchObject({ reason: 'not-remembered' })
    expect(await refused({ approval: true }, { remember: { scope: 'workflow' } })).toMatchObject({
      message: 'decisions on calls of tool send are remembered for run, not for the workflow',
    })
    expect(await refused({ approval: { quorum: { need: 2 } } }, { remember })).toMatchObject({
      reason: 'not-remembered',
    })
  })

  it('is another answer than yes and no, and what does not fit', async () => {
    expect(await refused({}, { remember, outcome: 'asked' })).toMatchObject({ reason: 'not-remembered' })
    await expect(refused({}, { remember: { scope: 'ever' } })).rejects.toMatchObject({
      code: 'WAYSTONE_INPUT_DECISION',
    })
    await expect(refused({}, { remember: { ...remember, arguments: {} } })).rejects.toThrow('arguments are "same"')
    await expect(refused({}, { remember: { ...remember, arguments: { whom: 'x' } } })).rejects.toThrow(
      'no argument whom',
    )
    await expect(refused({}, { remember: { ...remember, expiresIn: 'soon' } })).rejects.toThrow('expiresIn is "soon"')
  })
})
