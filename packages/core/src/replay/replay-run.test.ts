import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { compileFixture, HandRun, throughText } from '../../test/engine/hand-run.ts'
import { driveRandomly } from '../../test/engine/random-script.ts'
import { storeOf, tampered } from '../../test/engine/stored-run.ts'
import type { GraphNotation } from '../../test/graphs/graph-fixture.ts'
import { randomGraph } from '../../test/graphs/random-graph.ts'
import type { Slice } from '../graph/registry.ts'
import { replayRun, replayTransitions } from './replay-run.ts'

function randomRun(seed: number): HandRun {
  const compiled = compileFixture(randomGraph(seed, { limits: seed % 2 === 0 }))
  return driveRandomly(new HandRun(compiled, { runId: `run-${seed}` }), seed + 5000)
}

const notation: GraphNotation = {
  input: ['n'],
  guards: { isBig: ['n'] },
  nodes: { work: { kind: 'task', writes: ['n'] }, big: 'task', small: 'task' },
  edges: {
    work: { done: [{ when: 'isBig', to: 'big' }, 'small'] },
    big: { done: { to: 'work', limit: 3, otherwise: ':end' } },
    small: { done: { to: 'work', limit: 3, otherwise: ':end' } },
  },
}

function guarded(isBig: (slice: Slice) => boolean): ReturnType<typeof compileFixture> {
  return compileFixture(notation, { guards: new Map([['isBig', isBig]]) })
}

/** Writes 1, then 5, then 1. */
function driven(): HandRun {
  const run = new HandRun(guarded(({ n }) => Number(n) > 3))
  run.start({ n: 0 })
  for (const [step, n] of [1, 5, 1].entries()) {
    run.end(step * 2, 'done', { patch: { n } })
    run.end(step * 2 + 1)
  }
  return run
}

describe('replayRun', () => {
  it('derives 100 stored runs again, byte for byte (R3)', async () => {
    let checkpoints = 0
    for (let seed = 0; seed < 100; seed++) {
      const run = randomRun(seed)
      const replay = await replayRun(await storeOf(run), compileFixture(run.compiled.graph), run.runId)
      expect(replay.divergence).toBeNull()
      expect(replay.checkpoints).toBe(run.checkpoints.length)
      expect(JSON.stringify(replay.snapshot)).toBe(JSON.stringify(run.snapshot))
      checkpoints += replay.checkpoints
    }
    expect(checkpoints).toBeGreaterThan(400)
  })

  it('derives 100 runs in a process whose sockets are refused (R3)', () => {
    const script = fileURLToPath(new URL('../../test/engine/replay-offline.ts', import.meta.url))
    const { status, stdout, stderr } = spawnSync(process.execPath, ['--conditions=@waystone/source', script], {
      encoding: 'utf8',
    })
    expect({ status, stdout, stderr: status === 0 ? '' : stderr }).toEqual({
      status: 0,
      stdout: '100 runs, 0 connections\n',
      stderr: '',
    })
  }, 60_000)

  it('names the first transition that a changed guard takes another way (R3)', async () => {
    const run = driven()
    const replay = await replayRun(
      await storeOf(run),
      guarded(({ n }) => Number(n) > 5),
      run.runId,
    )
    expect(replay.checkpoints).toBe(3)
    expect(replay.divergence).toMatchObject({
      sequence: 3,
      what: 'decision',
      node: 'work',
      stored: { taken: 'work.done.0' },
      derived: { taken: 'work.done.1' },
      message: 'at 3 work.done took work.done.0; now it takes work.done.1',
    })
  })

  it('tells a guard that reads or says something else from one that leads elsewhere', async () => {
    const run = driven()
    const alwaysSmall: GraphNotation = { ...notation, guards: { isBig: [] } }
    const replay = await replayRun(
      await storeOf(run),
      compileFixture(alwaysSmall, { guards: new Map([['isBig', () => false]]) }),
      run.runId,
    )
    expect(replay.divergence).toMatchObject({
      sequence: 1,
      message: 'at 1 work.done takes work.done.1 as before, but a guard or what it read differs',
    })
  })

  it('names an event that is not taken any more', async () => {
    const asking: GraphNotation = {
      nodes: { ask: { kind: 'approval', show: ['n'] } },
      edges: { ask: { approved: ':end', rejected: ':end' } },
    }
    const run = new HandRun(compileFixture(asking))
    run.start({ n: 1 })
    run.decide(0, 'approved')
    const shows = { ...asking, nodes: { ask: { kind: 'approval', show: [] } } } as const
    const replay = await replayRun(await storeOf(run), compileFixture(shows), run.runId)
    expect(replay.divergence).toMatchObject({
      sequence: 1,
      what: 'plan',
      stored: 'request.decided',
      derived: 'refused',
    })
  })

  it('refuses another definition with a list of what differs', async () => {
    const run = driven()
    const other = compileFixture({
      ...notation,
      name: 'fixture',
      edges: { ...notation.edges, small: { done: ':fail' } },
    })
    const renamed = { ...other, hashes: { graph: 'another', behaviour: 'behaviour' } }
    await expect(replayRun(await storeOf(run), renamed, run.runId)).rejects.toMatchObject({
      code: 'WAYSTONE_REPLAY_GRAPH_DIFFERS',
      details: {
        runId: 'run',
        differences: expect.arrayContaining([expect.stringContaining('edges.small.done')]) as string[],
      },
    })
  })

  it('says that there is no such run', async () => {
    const run = driven()
    await expect(replayRun(await storeOf(run), run.compiled, 'none')).rejects.toMatchObject({
      code: 'WAYSTONE_STORE_RUN_UNKNOWN',
    })
  })

  it('refuses a history in which one text was changed', async () => {
    const run = driven()
    const store = tampered(await storeOf(run), 2, (text) => text.replace('"at":', '"at": '))
    await expect(replayRun(store, run.compiled, run.runId)).rejects.toMatchObject({
      code: 'WAYSTONE_STORE_CORRUPT',
      details: { sequence: 2 },
    })
  })
})

describe('replayTransitions', () => {
  it('needs nothing but events and hashes: no snapshot and no patch (R3)', () => {
    for (let seed = 0; seed < 100; seed++) {
      const run = randomRun(seed)
      const transitions = run.events.map((event, sequence) => ({
        event: throughText(event),
        hash: run.stored[sequence]?.hash ?? '',
        stored: null,
      }))
      const replay = replayTransitions(
        compileFixture(run.compiled.graph),
        { runId: run.runId, parent: null },
        transitions,
      )
      expect(replay).toMatchObject({ divergence: null, checkpoints: run.events.length })
      expect(JSON.stringify(replay.snapshot)).toBe(JSON.stringify(run.snapshot))
    }
  })

  it('says where the hashes part when nothing else is at hand', () => {
    const run = driven()
    const transitions = run.events.map((event, sequence) => ({
      event,
      hash: run.stored[sequence]?.hash ?? '',
      stored: null,
    }))
    const replay = replayTransitions(
      guarded(() => false),
      { runId: run.runId, parent: null },
      transitions,
    )
    expect(replay.divergence).toMatchObject({ sequence: 3, what: 'hash', node: 'work', stored: null })
  })
})
