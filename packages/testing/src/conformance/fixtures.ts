import {
  firstPacking,
  noUsage,
  packCheckpoint,
  sha256,
  type Blob,
  type Checkpoint,
  type Commit,
  type EngineEvent,
  type Lease,
  type NewCheckpoint,
  type NewRun,
  type Owner,
  type Packing,
  type RefusedEvent,
  type RunId,
  type RunSummary,
  type Snapshot,
  type Store,
} from '@waystone/core/store'
import { expect } from 'vitest'

/** When everything begins, ms since the epoch. */
export const start = 1_790_000_000_000

/** A run id. */
export function id(name: string): RunId {
  return name as RunId
}

/** An owner by name. */
export function owner(name: string): Owner {
  return { id: name, host: 'here', pid: 4711, processStartedAt: 'Mon' }
}

/** A summary, running unless said otherwise. */
export function summary(change: Partial<RunSummary> = {}): RunSummary {
  return {
    status: 'running',
    nodes: ['draft'],
    usage: noUsage,
    steps: 1,
    nextDueAt: null,
    requests: 0,
    errorCode: null,
    ...change,
  }
}

/** A checkpoint that only a store has to understand. */
export function checkpoint(
  runId: RunId,
  sequence: number,
  text = `{"seq":${sequence},"run":"${runId}"}`,
): NewCheckpoint {
  return { runId, sequence, text, hash: sha256(text), keyframe: null }
}

/** A blob of a JSON text. */
export function blob(text: string): Blob {
  return { hash: sha256(text), text }
}

/** A new run, owned by `ann`. */
export function newRun(name: string, change: Partial<NewRun> = {}): NewRun {
  const runId = id(name)
  return {
    runId,
    workflow: 'letters',
    workflowVersion: 3,
    graphHash: sha256('graph'),
    behaviourHash: sha256('behaviour'),
    graph: '{"format":1}',
    key: null,
    tags: {},
    forkedFrom: null,
    owner: owner('ann'),
    leaseMs: 5000,
    checkpoint: checkpoint(runId, 0),
    blobs: [],
    summary: summary(),
    at: start,
    ...change,
  }
}

/** A commit of the next checkpoint. */
export function nextCommit(
  runId: RunId,
  sequence: number,
  change: Partial<Commit> & { readonly text?: string } = {},
): Commit {
  const { text, ...rest } = change
  return {
    fence: 1,
    checkpoint: checkpoint(runId, sequence, text),
    blobs: [],
    summary: summary({ steps: sequence + 1 }),
    consumed: [],
    at: start + sequence,
    ...rest,
  }
}

/** Creates a run and fails the case when it cannot. */
export async function created(store: Store, run: NewRun): Promise<Lease> {
  const answer = await store.create(run)
  expect(answer.type).toBe('created')
  return answer.type === 'created' ? answer.lease : { runId: run.runId, fence: 0, owner: run.owner, expiresAt: 0 }
}

/** An operator's event. */
export function event(name: string): EngineEvent {
  return {
    id: name,
    at: start,
    type: 'run.hold',
    from: 'operator',
    payload: { by: 'ops', reason: `because of ${name}` },
  }
}

/** What is kept of an event that could not be used. */
export function refusal(name: string): RefusedEvent {
  const message = `${name} does not fit`
  return { id: name, type: 'run.hold', by: 'ops', deliveredAt: start, at: start + 1, reason: 'not-held', message }
}

/** The code that a call fails with. */
export async function codeOf(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => 'it succeeded',
    (error: unknown) => (error instanceof Error && 'code' in error ? String(error.code) : String(error)),
  )
}

/** Everything a store holds of a run, to be compared before and after. */
export async function contents(store: Store, runId: RunId): Promise<unknown> {
  return {
    row: await store.row(runId),
    loaded: await store.load(runId),
    checkpoints: await store.checkpoints(runId, 0, 1000),
    log: await store.after(0, 1000),
  }
}

/** A run with real checkpoints: a list in the state grows by `item` at each step. */
export class RealRun {
  readonly runId: RunId
  /** The snapshot after each sequence. */
  readonly snapshots: Snapshot[] = []
  readonly #graphHash = sha256('graph')
  #packing: Packing = firstPacking
  #last: NewCheckpoint | undefined

  constructor(name: string) {
    this.runId = id(name)
  }

  first(): NewRun {
    const snapshot = { value: 'draft', context: { state: { notes: [], count: 0 }, steps: 0 } } as unknown as Snapshot
    const begin: EngineEvent = {
      id: 'start',
      at: start,
      type: 'run.started',
      from: 'caller',
      payload: { input: {}, tags: {} },
    }
    const packed = this.#pack(begin, [['set', [], { v: snapshot as unknown as never }]], snapshot)
    return newRun(this.runId, packed)
  }

  /** @param item - what the step writes to the list */
  next(item: string): Commit {
    const before = this.snapshots.at(-1)
    const notes = Reflect.get(before?.context.state ?? {}, 'notes') as readonly string[]
    const count = notes.length + 1
    const snapshot = { value: 'draft', context: { state: { notes: [...notes, item], count }, steps: count } }
    const end: EngineEvent = {
      id: `${this.runId}/${count}/1`,
      at: start + count,
      type: 'effect.ended',
      from: 'effect',
      payload: { step: count, attempt: 1, outcome: 'done', startedAt: start + count, patch: { notes: [item] } },
    }
    const patch: Checkpoint['patch'] = [
      ['append', ['context', 'state', 'notes'], { e: ['patch', 'notes'] }],
      ['set', ['context', 'state', 'count'], { v: count }],
      ['set', ['context', 'steps'], { v: count }],
    ]
    const packed = this.#pack(end, patch, snapshot as unknown as Snapshot)
    return { ...nextCommit(this.runId, this.snapshots.length - 1), ...packed }
  }

  #pack(
    happened: EngineEvent,
    patch: Checkpoint['patch'],
    snapshot: Snapshot,
  ): { readonly checkpoint: NewCheckpoint; readonly blobs: readonly Blob[] } {
    const { runId } = this
    const before = this.#last
    const whole: Checkpoint = {
      format: 1,
      runId,
      sequence: this.snapshots.length,
      parent: before === undefined ? null : { runId, sequence: before.sequence, hash: before.hash },
      graphHash: this.#graphHash,
      event: happened,
      decision: null,
      patch,
      step: null,
      usage: null,
      left: {},
      status: 'running',
      commands: [],
    }
    const packed = packCheckpoint(whole, snapshot, this.#packing)
    this.#packing = packed.packing
    this.#last = packed.checkpoint
    this.snapshots.push(snapshot)
    return { checkpoint: packed.checkpoint, blobs: packed.blobs }
  }
}
