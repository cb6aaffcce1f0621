import type { RunId } from '../base/ids.ts'
import { readCheckpoints } from '../checkpoint/load.ts'
import type { PastSnapshots } from '../checkpoint/past-snapshots.ts'
import type { Store } from '../checkpoint/store.ts'
import type { CompiledWorkflow } from '../compile/compiled-workflow.ts'
import { placeOfStep, rootPlace } from '../compile/place.ts'
import { mayHaveHappened } from '../compile/undo-ledger.ts'
import { invariantError } from '../errors/invariant-error.ts'
import { nodeAt } from '../graph/nested-graphs.ts'
import type { Checkpoint } from '../snapshot/checkpoint.ts'
import type { EngineEvent } from '../snapshot/event.ts'
import type { OpenStep, RunContext } from '../snapshot/snapshot.ts'
import type { UndoEntry } from '../snapshot/undo.ts'

/** A step that has ended, as the run's history has it. */
export interface PastStep {
  /** The workflow it belongs to, as it was when the step was begun. */
  readonly context: RunContext
  readonly open: OpenStep
  /** What ended it. */
  readonly event: EngineEvent
}

/** Something that is read before it is needed. */
export class PastReader {
  readonly #load: () => Promise<PastStep>
  #step: PastStep | null = null

  constructor(load: () => Promise<PastStep>) {
    this.#load = load
  }

  /** Null until it has been read. */
  get step(): PastStep | null {
    return this.#step
  }

  async read(): Promise<void> {
    this.#step = await this.#load()
  }
}

/** A run whose past is read. */
export interface Past {
  readonly store: Store
  readonly runId: RunId
  readonly compiled: CompiledWorkflow
  /** Of the run: one for all that is undone of it, so that it is not read anew for each step. */
  readonly snapshots: PastSnapshots
}

/**
 * Reads from the store what is to be undone: the ledger only points there. Cost: that of {@link PastSnapshots}; where nobody could say when it
 * was begun also O(checkpoints since then).
 *
 * @throws {StoreError} WAYSTONE_STORE_CORRUPT, WAYSTONE_STORE_RUN_UNKNOWN
 */
export async function readPastStep(past: Past, entry: UndoEntry): Promise<PastStep> {
  const { step, sequence } = entry
  const snapshot = await past.snapshots.at(entry.begunAfter ?? (await begunAfter(past, entry)))
  const [ended] = await readFrom(past, sequence, sequence)
  const context = placeOfStep(rootPlace(past.compiled, snapshot), step)?.snapshot.context
  const open = context?.open[step] ?? context?.closing[step]
  if (context === undefined || open === undefined || ended === undefined) {
    throw invariantError(
      'WAYSTONE_BUG_STUCK',
      `step ${step} of run ${past.runId} is to be undone, but nothing before checkpoint ${sequence} began it`,
    )
  }
  return { context, open, event: ended.event }
}

const chunk = 32

/**
 * After which checkpoint the attempt was begun that may have happened. Who ended it may not know: a person, or a process that took the run over. Looked for
 * backwards: an attempt that could say so, or the checkpoint that asked for the one that nothing more is known of.
 */
async function begunAfter(past: Past, entry: UndoEntry): Promise<number> {
  /** The attempt whose end does not tell. */
  let attempt: number | undefined
  for (let to = entry.sequence; to >= 0; to -= chunk) {
    for (const { event, commands, sequence } of (await readFrom(past, to - chunk + 1, to)).toReversed()) {
      const asked = commands.find((one) => one.type === 'effect' && one.step === entry.step)
      if (asked?.type === 'effect' && asked.attempt === attempt && sequence < entry.sequence) return sequence
      if (attempt !== undefined || event.type !== 'effect.ended' || event.payload.step !== entry.step) continue
      if (!mayBeIt(past, entry, event)) continue
      if (event.payload.begunAfter !== undefined) return event.payload.begunAfter
      attempt = event.payload.attempt
    }
  }
  // Nobody ever asked for it: it stands there as it was opened.
  return entry.sequence - 1
}

/** Whether an attempt that ended so is one that may have happened. */
function mayBeIt(
  { compiled }: Past,
  entry: UndoEntry,
  { payload: end }: Extract<EngineEvent, { type: 'effect.ended' }>,
): boolean {
  const found = nodeAt(compiled.graph, entry.node)
  if (found === undefined) return false
  const { tool, item } = entry
  const step = tool === undefined || item !== undefined ? { kind: 'task' as const } : { kind: 'call' as const, tool }
  return mayHaveHappened(found.graph, { record: found.node, step, end })
}

async function readFrom({ store, runId, compiled }: Past, from: number, to: number): Promise<readonly Checkpoint[]> {
  const stored = await store.checkpoints(runId, Math.max(0, from), to)
  return (await readCheckpoints(store, stored, compiled.hashes.graph)).map(({ checkpoint }) => checkpoint)
}
