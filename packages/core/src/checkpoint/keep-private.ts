import type { RunId } from '../base/ids.ts'
import type { PackedCheckpoint } from './pack.ts'
import type { NewRun, Store } from './store.ts'
import { groupStoresOf } from './with-group-stores.ts'

/** What is private to groups and a record that refers to it. */
export interface PrivateAndRecord<Stored> {
  readonly runId: RunId
  /** Keeps what is private, with the groups. */
  readonly keep: () => Promise<void>
  /** Stores the record. */
  readonly store: () => Promise<Stored>
}

/**
 * Keeps what is private to groups, then stores what refers to it. Where there is no such run, because it was deleted meanwhile or could not be
 * made, what was kept of it is forgotten: nobody would ever ask for it again, nor delete it.
 *
 * @throws what the two fail with
 */
export async function keepThenStore<Stored>(store: Store, record: PrivateAndRecord<Stored>): Promise<Stored> {
  try {
    await record.keep()
    return await record.store()
  } catch (error) {
    await forgetIfGone(store, record.runId)
    throw error
  }
}

/** Makes a run; what is private in its first checkpoint is kept before. @throws what either fails with */
export async function createKeeping(
  store: Store,
  { keepPrivate }: Pick<PackedCheckpoint, 'keepPrivate'>,
  run: NewRun,
): ReturnType<Store['create']> {
  if (keepPrivate === undefined) return await store.create(run)
  const answer = await keepThenStore(store, {
    runId: run.runId,
    keep: keepPrivate,
    store: () => store.create(run),
  })
  // There is one by that key, and none by this id.
  if (answer.type === 'exists') await forgetIfGone(store, run.runId)
  return answer
}

/** Forgets what groups have kept of a run that is not there. What fails is left: whoever calls has something worse to tell. */
async function forgetIfGone(store: Store, runId: RunId): Promise<void> {
  try {
    if ((await store.row(runId)) === undefined) await groupStoresOf(store).forget(runId)
  } catch {
    // The store is not well, or the group's.
  }
}
