import { existsSync, mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  buildGraph,
  check,
  createMemoryStore,
  createRuntime,
  readHistory,
  replayRun,
  type Request,
  type Run,
} from '@waystone/core'
import { faultsAt, faultyStore, scriptedModel, seededIds, virtualClock } from '@waystone/testing'
import { beforeEach, describe, expect, it } from 'vitest'
import { support } from './support.ts'

beforeEach(() => process.chdir(mkdtempSync(join(tmpdir(), 'support-'))))

// #region only-request
async function onlyRequest(run: Run<object>): Promise<Request> {
  const [request, ...others] = await run.requests()
  expect(others).toEqual([])
  if (request === undefined) throw new TypeError('nothing is asked')
  return request
}
// #endregion only-request

// #region outbox
function mailsSent(): number {
  return existsSync('outbox.txt') ? readFileSync('outbox.txt', 'utf8').trim().split('\n').length : 0
}
// #endregion outbox

describe('support', () => {
  // #region check
  it('is checked without a finding', () => {
    const report = check(buildGraph(support))
    expect(report.findings).toEqual([])
    expect(report.bounds.modelCalls.limited.max).toBe(6)
  })
  // #endregion check

  // #region approval
  it('sends a reply when a person approves it, and not before', async () => {
    const model = scriptedModel({ answer: [{ output: { reply: 'It comes on Monday.' } }] })
    const runtime = createRuntime({ workflows: [support], models: { writer: model } })
    const run = await runtime.start(support, { input: { mail: 'Where is my kettle?' } })
    expect(await run.result()).toMatchObject({ status: 'waiting' })

    const request = await onlyRequest(run)
    expect(request).toMatchObject({ node: 'approve', evidence: { reply: 'It comes on Monday.' } })
    expect(mailsSent()).toBe(0)

    await run.decide(request, { outcome: 'approved', by: 'ada' })
    expect(await run.result()).toMatchObject({ status: 'completed', output: { reply: 'It comes on Monday.' } })
    expect(mailsSent()).toBe(1)
    model.assertComplete()
    await runtime.close()
  })
  // #endregion approval

  // #region edge-limit
  it('gives up after the third rejection', async () => {
    const model = scriptedModel({ answer: ['one', 'two', 'three'].map((reply) => ({ output: { reply } })) })
    const runtime = createRuntime({ workflows: [support], models: { writer: model } })
    const run = await runtime.start(support, { input: { mail: 'Where is my kettle?' } })
    for (const reason of ['too short', 'too cold', 'too late']) {
      await run.result()
      await run.decide(await onlyRequest(run), { outcome: 'rejected', by: 'ada', reason })
    }
    expect(await run.result()).toMatchObject({ status: 'failed' })

    const [, second] = model.calls
    expect(JSON.stringify(second?.request.messages)).toContain('too short')
    model.assertComplete()
    await runtime.close()
  })
  // #endregion edge-limit

  // #region duration
  it('ends exhausted when nobody decides in two days', async () => {
    const clock = virtualClock()
    const runtime = createRuntime({ workflows: [support], models: { writer: scriptedModel({}) }, clock })
    const run = await runtime.start(support, { input: { mail: 'I want my money back.' } })
    expect(await run.result()).toMatchObject({ status: 'waiting' })

    await clock.advance(2 * 24 * 60 * 60 * 1000 + 1)
    expect(await run.result()).toMatchObject({ status: 'exhausted', limit: 'durationMs' })
    await runtime.close()
  })
  // #endregion duration

  // #region crash
  it.each([1, 2, 3, 4])('sends one mail when the process dies at commit %i', async (count) => {
    const disk = createMemoryStore()
    const models = {
      writer: scriptedModel({ answer: Array.from({ length: 2 }, () => ({ output: { reply: 'Soon.' } })) }),
    }
    const dying = faultyStore(disk, faultsAt({ method: 'commit', count, fault: { type: 'fail' } }))
    const before = createRuntime({ workflows: [support], models, store: dying, ids: seededIds('before') })
    const { runId } = await before.start(support, { input: { mail: 'Where is my kettle?' } })
    await driveAndApprove(await before.open(support, runId)).catch(() => 'died')
    await before.close()

    const after = createRuntime({ workflows: [support], models, store: disk, ids: seededIds('after') })
    const run = await after.open(support, runId)
    await run.resume()
    await driveAndApprove(run)
    expect(await run.result()).toMatchObject({ status: 'completed' })
    expect(mailsSent()).toBe(1)
    await after.close()
  })

  async function driveAndApprove(run: Run<object>): Promise<void> {
    while ((await run.result()).status === 'waiting') {
      const request = await onlyRequest(run)
      await run.decide(request, { outcome: request.kind === 'unknown' ? 'happened' : 'approved', by: 'ada' })
    }
  }
  // #endregion crash

  // #region replay
  it('is derived again from its events', async () => {
    const runtime = createRuntime({ workflows: [support], models: { writer: scriptedModel({}) }, ids: seededIds(1) })
    const run = await runtime.start(support, { input: { mail: 'I want my money back.' } })
    await run.result()
    expect((await replayRun(runtime.store, support, run.runId)).divergence).toBeNull()

    const { checkpoints } = await readHistory(runtime.store, run.runId)
    expect(checkpoints.map(({ decision }) => decision?.taken)).toEqual([undefined, 'sort.done.0', 'explain.done'])
    await runtime.close()
  })
  // #endregion replay
})
