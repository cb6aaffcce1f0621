import type { Json } from '../base/json.ts'
import type { RunId } from '../base/ids.ts'
import { readCheckpoints, restoreAt } from '../checkpoint/load.ts'
import type { Store } from '../checkpoint/store.ts'
import type { CompiledWorkflow } from '../compile/compiled-workflow.ts'
import { placeOfStep, rootPlace } from '../compile/place.ts'
import { invariantError } from '../errors/invariant-error.ts'
import type { EngineEvent } from '../snapshot/event.ts'
import type { OpenStep, RunContext } from '../snapshot/snapshot.ts'
import type { UndoEntry } from '../snapshot/undo.ts'

/** A step that has ended, as the run's history has it. */
export interface PastStep {
  /** The workflow it belongs to, as it was when the step ended, before what it gave was applied. */
  readonly context: RunContext
  readonly open: OpenStep
  /** What ended it. */
  readonly event: EngineEvent
  /** For an item of a map: the list it is of. */
  readonly items?: readonly Json[]
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

/**
 * Reads from the store what is to be undone: the ledger only points there.
 *
 * @throws {StoreError} WAYSTONE_STORE_CORRUPT, WAYSTONE_STORE_RUN_UNKNOWN
 */
export async function readPastStep(
  store: Store,
  run: { readonly runId: RunId; readonly compiled: CompiledWorkflow },
  { step, sequence, list }: UndoEntry,
): Promise<PastStep> {
  const { runId, compiled } = run
  const { snapshot } = await restoreAt(store, runId, sequence - 1)
  const read = async (at: number): Promise<EngineEvent | undefined> => {
    const stored = await store.checkpoints(runId, at, at)
    return (await readCheckpoints(store, stored, compiled.hashes.graph))[0]?.checkpoint.event
  }
  const event = await read(sequence)
  const made = list === undefined ? undefined : await read(list.sequence)
  const place = placeOfStep(rootPlace(compiled, snapshot), step)
  const context = place?.snapshot.context
  const open = context?.open[step] ?? context?.closing[step]
  if (context === undefined || open === undefined || event === undefined) {
    throw invariantError(
      'WAYSTONE_BUG_STUCK',
      `step ${step} of run ${runId} is to be undone, but checkpoint ${sequence} did not end it`,
    )
  }
  const items = made?.type === 'effect.ended' ? made.payload.items : undefined
  return { context, open, event, ...(items !== undefined && { items }) }
}
