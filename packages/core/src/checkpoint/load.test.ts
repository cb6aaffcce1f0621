import { describe, expect, it } from 'vitest'
import { sha256 } from '../base/hash.ts'
import type { RunId } from '../base/ids.ts'
import type { Json } from '../base/json.ts'
import { StoreError, storeError } from '../errors/store-error.ts'
import type { Checkpoint } from '../snapshot/checkpoint.ts'
import type { Patch } from '../snapshot/patch.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'
import { keyframeFactor } from './keyframe.ts'
import { readCheckpoints, restoreAt, restoreRun } from './load.ts'
import { createMemoryStore } from './memory-store.ts'
import { firstPacking, packCheckpoint, type Packing } from './pack.ts'
import type { LoadedRun, NewCheckpoint, RunSummary, Store, StoredCheckpoint } from './store.ts'

const runId = '01h2x3y4z5a6b7c8d' as RunId
const graphHash = sha256('graph')
const at = 1_790_000_000_000
const summary: RunSummary = {
  status: 'running',
  nodes: [],
  usage: {
    modelCalls: 0,
    toolCalls: 0,
    inputTokens: 0,
    outputTokens: 0,
    cachedTokens: 0,
    reasoningTokens: 0,
    costUsd: 0,
    estimatedCalls: 0,
  },
  steps: 0,
  nextDueAt: null,
  requests: 0,
  errorCode: null,
}

interface Written {
  readonly store: Store
  readonly snapshots: readonly Snapshot[]
  readonly stored: readonly StoredCheckpoint[]
  readonly packing: Packing
}

type State = { readonly [key: string]: Json }

function snapshotOf(state: State): Snapshot {
  return { value: 'work', context: { state } } as unknown as Snapshot
}

function wholeCheckpoint(sequence: number, patch: Patch, before: NewCheckpoint | undefined): Checkpoint {
  return {
    format: 1,
    runId,
    sequence,
    parent: before === undefined ? null : { runId, sequence: before.sequence, hash: before.hash },
    graphHash,
    event: { id: `e${sequence}`, at, type: 'run.hold', from: 'operator', payload: { by: 'ops', reason: '' } },
    decision: null,
    patch,
    step: null,
    usage: null,
    left: {},
    status: 'running',
    commands: [],
  }
}

/** A stored run whose steps set state keys. */
async function write(states: readonly State[]): Promise<Written> {
  const store = createMemoryStore()
  const snapshots = states.map(snapshotOf)
  let packing = firstPacking
  let before: NewCheckpoint | undefined
  for (const [sequence, state] of states.entries()) {
    const set = (key: string): Patch[number] => ['set', ['context', 'state', key], { v: state[key] ?? null }]
    const changed = Object.keys(state).filter((key) => state[key] !== states[sequence - 1]?.[key])
    const first: Patch = [['set', [], { v: snapshotOf(state) as unknown as Json }]]
    const whole = wholeCheckpoint(sequence, before === undefined ? first : changed.map(set), before)
    const packed = packCheckpoint(whole, snapshotOf(state), packing)
    const { checkpoint, blobs } = packed
    await (before === undefined
      ? store.create({
          runId,
          workflow: 'w',
          workflowVersion: 1,
          graphHash,
          behaviourHash: 'b',
          graph: '{}',
          key: null,
          tags: {},
          forkedFrom: null,
          owner: { id: 'o', host: 'h', pid: 1, processStartedAt: '' },
          leaseMs: 1,
          at,
          checkpoint,
          blobs,
          summary,
        })
      : store.commit({ fence: 1, checkpoint, blobs, summary, consumed: [], at }))
    packing = packed.packing
    before = checkpoint
  }
  return { store, snapshots, stored: await store.checkpoints(runId, 0, states.length), packing }
}

async function loaded(store: Store): Promise<LoadedRun> {
  const run = await store.load(runId)
  if (run === undefined) throw storeError('WAYSTONE_STORE_RUN_UNKNOWN', 'the run of the test is not there')
  return run
}

async function refusal(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => 'it succeeded',
    (error: unknown) => (StoreError.isInstance(error) ? `${error.code}: ${error.message}` : String(error)),
  )
}

const counting = Array.from({ length: 200 }, (_, count): State => ({ count, note: `the note of step ${count}` }))
const growing = Array.from({ length: 100 }, (_, count): State =>
  Object.fromEntries(Array.from({ length: count + 1 }, (_item, key) => [`k${key}`, 'x'.repeat(500)])),
)

describe('packCheckpoint', () => {
  it('writes keyframes of a state that keeps its size, for at most their share of the deltas', async () => {
    const { stored } = await write(counting)
    const keyframes = stored.flatMap(({ keyframe }) => (keyframe === null ? [] : [keyframe.length]))
    const deltas = stored.reduce((sum, { text }) => sum + text.length, 0)
    const total = keyframes.reduce((sum, length) => sum + length, 0)
    expect(keyframes.length).toBeGreaterThan(5)
    expect(total * keyframeFactor).toBeLessThanOrEqual(deltas)
  })

  it('writes no keyframe of a state that only grows', async () => {
    const { stored } = await write(growing)
    expect(stored.filter(({ keyframe }) => keyframe !== null)).toEqual([])
  })
})

describe('restoreRun', () => {
  it.each([
    ['counts', counting],
    ['grows', growing],
    [
      'holds large values',
      [{ a: 'x'.repeat(70_000) }, { a: 'x'.repeat(70_000), b: 1 }, { a: 'y'.repeat(80_000), b: 1 }],
    ],
  ])('restores a run that %s, and goes on packing as if it had not stopped', async (_, states) => {
    const { store, snapshots, packing } = await write(states)
    const restored = await restoreRun(store, await loaded(store))
    expect(restored.snapshot).toEqual(snapshots.at(-1))
    expect(Object.isFrozen(restored.snapshot.context.state)).toBe(true)
    expect(restored.packing.graphHash).toBe(graphHash)
    expect(restored.packing.meter.deltaLength).toBe(packing.meter.deltaLength)
  })

  it('reads no more than the last keyframe and what came after it', async () => {
    const { store } = await write(counting)
    expect((await loaded(store)).checkpoints.length).toBeLessThan(40)
  })

  it('refuses a text, a chain or a keyframe that was changed, naming run and sequence (O3)', async () => {
    const { store, stored } = await write(counting.slice(0, 195))
    const run = await loaded(store)
    // The newest keyframe of this run has several checkpoints after it.
    const [first, second] = run.checkpoints as [StoredCheckpoint, StoredCheckpoint]
    const restored = (checkpoints: readonly StoredCheckpoint[]): Promise<string> =>
      refusal(restoreRun(store, { ...run, checkpoints }))
    const changed = { ...second, text: second.text.replace('note of', 'nose of') }
    expect(await restored([first, changed])).toBe(
      `WAYSTONE_STORE_CORRUPT: checkpoint ${second.sequence} of run ${runId} is damaged: its text does not have its hash`,
    )
    const rehashed = { ...changed, hash: sha256(changed.text) }
    expect(await restored([first, rehashed, ...run.checkpoints.slice(2)])).toContain(
      `checkpoint ${second.sequence + 1} of run ${runId} is damaged: it does not name the hash of the checkpoint before it`,
    )
    expect(await restored([first, ...run.checkpoints.slice(2)])).toContain('it follows on checkpoint')
    expect(await restored([{ ...first, keyframe: first.keyframe?.replace('count', 'comet') ?? '' }])).toContain(
      'a keyframe cannot be used: its digest does not hold',
    )
    const other = stored.find(({ keyframe, sequence }) => keyframe !== null && sequence !== first.sequence)
    expect(await restored([{ ...first, keyframe: other?.keyframe ?? '' }])).toContain(
      'it belongs to another checkpoint',
    )
    expect(await restored([second])).toContain('it is the first one read and has no keyframe')
    expect(await restored([])).toContain('WAYSTONE_STORE_CORRUPT')
  })
})

describe('restoreAt', () => {
  it('gives the snapshot after any sequence', async () => {
    const { store, snapshots } = await write(counting)
    for (const sequence of [0, 1, 7, 100, 198, 199]) {
      expect((await restoreAt(store, runId, sequence)).snapshot).toEqual(snapshots[sequence])
    }
    expect(await refusal(restoreAt(store, runId, 200))).toBe(
      `WAYSTONE_STORE_RUN_UNKNOWN: run ${runId} has no sequence 200: its last sequence is 199`,
    )
  })
})

describe('readCheckpoints', () => {
  it('decodes a range and checks its chain', async () => {
    const { store, stored } = await write(counting)
    const read = await readCheckpoints(store, stored.slice(50, 60), graphHash)
    expect(read.map(({ checkpoint }) => checkpoint.sequence)).toEqual([50, 51, 52, 53, 54, 55, 56, 57, 58, 59])
    const gap = stored.filter(({ sequence }) => sequence !== 55)
    expect(await refusal(readCheckpoints(store, gap, graphHash))).toContain('checkpoint 56 of run')
  })
})
