import { keyedHash } from '../base/hash.ts'
import type { RunId } from '../base/ids.ts'
import type { Json } from '../base/json.ts'
import { StoreError, storeError } from '../errors/store-error.ts'
import type { Graph } from '../graph/graph.ts'
import { groupsWith } from '../graph/group-at.ts'
import type { GroupStore } from './group-store.ts'
import { blobReferences, joinLargeValues } from './large-values.ts'
import type { Sealer } from './sealing.ts'
import type { PrivateMark, PrivateSource, PrivateValues } from './unsealing.ts'

/** Hears, once for each group, that its store could not give what was asked for, and that this is left out. */
export type OnMissing = (group: string, error: StoreError) => void

/** Whether a run is there. */
type IsStored = (runId: RunId) => Promise<boolean>

/** The stores of groups that are bound at one place, by the names of their groups. */
export class GroupStores {
  readonly #stores: ReadonlyMap<string, GroupStore>
  readonly #onMissing: OnMissing | undefined
  /** Each asked once; a failure is asked again. */
  readonly #keys = new Map<string, Promise<string>>()

  readonly #isStored: IsStored

  /** @param onMissing - values that are not to be had are left out, as those of stores that are not bound; absent: they are errors */
  constructor(stores: ReadonlyMap<string, GroupStore>, isStored: IsStored, onMissing?: OnMissing) {
    this.#stores = stores
    this.#isStored = isStored
    this.#onMissing = onMissing
  }

  /** The same stores for somebody who only looks. */
  leavingOut(onMissing: OnMissing): GroupStores {
    return new GroupStores(this.#stores, this.#isStored, onceForEach(onMissing))
  }

  /** These and others; of two for one group the other. @param isStored - asked about a run of which a value is missing */
  with(others: ReadonlyMap<string, GroupStore>, isStored: IsStored): GroupStores {
    return new GroupStores(new Map([...this.#stores, ...others]), isStored)
  }

  /** Groups of a workflow whose own stores are not bound here. */
  lacking(graph: Graph): readonly string[] {
    return groupsWith(graph, 'store').filter((group) => !this.#stores.has(group))
  }

  /**
   * What seals values of a run; undefined: none of its groups has a store of its own.
   *
   * @throws {StoreError} WAYSTONE_STORE_PRIVATE when one of these stores is not bound here; what the store fails with
   */
  async sealerFor(runId: RunId, graph: Graph): Promise<Sealer | undefined> {
    const groups = groupsWith(graph, 'store')
    if (groups.length === 0) return undefined
    requireStores(graph, runId, this)
    const keys = new Map<string, string>()
    for (const group of groups) keys.set(group, await this.#runKey(group, runId))
    return {
      runId,
      graph,
      referenceOf: (group, text) => keyedHash(keys.get(group) ?? '', text),
      keep: async (sealed) => {
        for (const [group, values] of sealed) await this.#ask(group, (store) => store.put(runId, values))
      },
    }
  }

  /**
   * Reads what the marks of some records of a run refer to, from those stores that are bound here.
   *
   * @throws {StoreError} WAYSTONE_STORE_PRIVATE_MISSING when a bound store does not have a value, or has another one; WAYSTONE_STORE_RUN_UNKNOWN when
   * that is because the run has just been deleted; what the store fails with
   */
  async read(runId: RunId, marks: readonly PrivateMark[]): Promise<PrivateSource> {
    const opened = new Map<string, ReadonlyMap<string, PrivateValues | undefined>>()
    for (const [group, ofGroup] of Map.groupBy(marks, (mark) => mark.group)) {
      if (!this.#stores.has(group)) continue
      const references = [...new Set(ofGroup.map(({ reference }) => reference))]
      try {
        const texts = await this.#textsOf(group, runId, references)
        const key = await this.#runKey(group, runId)
        const valuesOf = (one: string): PrivateValues | undefined => this.#openOr({ group, runId, key }, one, texts)
        opened.set(group, new Map(references.map((one) => [one, valuesOf(one)])))
      } catch (error) {
        await this.#refuseDeleted(runId, error)
        this.#leaveOut(group, error)
      }
    }
    return (group, reference) => {
      return opened.get(group)?.get(reference)
    }
  }

  /** Forgets a run in every store that is bound here. */
  async forget(runId: RunId): Promise<void> {
    for (const group of this.#stores.keys()) await this.#ask(group, (store) => store.forget(runId))
  }

  /** Of one run, so that equal values of two runs have nothing in common that can be seen. */
  async #runKey(group: string, runId: RunId): Promise<string> {
    const asked = this.#keys.get(group) ?? this.#ask(group, (store) => store.key())
    this.#keys.set(group, asked)
    try {
      return keyedHash(await asked, runId)
    } catch (error) {
      if (this.#keys.get(group) === asked) this.#keys.delete(group)
      throw error
    }
  }

  async #textsOf(group: string, runId: RunId, references: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const texts = new Map<string, string>()
    for (let asked = references; asked.length > 0;) {
      const found = await this.#ask(group, (store) => store.get(runId, asked))
      for (const [reference, text] of found) texts.set(reference, text)
      asked = [...found.values()].flatMap(blobReferences).filter((reference) => !texts.has(reference))
    }
    return texts
  }

  /** What a deleted run had kept is not missing. */
  async #refuseDeleted(runId: RunId, error: unknown): Promise<void> {
    const isMissing = StoreError.isInstance(error) && error.code === 'WAYSTONE_STORE_PRIVATE_MISSING'
    if (isMissing && !(await this.#isStored(runId)))
      throw storeError('WAYSTONE_STORE_RUN_UNKNOWN', `run ${runId} was deleted while it was read`, { runId }, error)
  }

  /** Throws what was caught, unless somebody only looks. */
  #leaveOut(group: string, error: unknown): void {
    if (this.#onMissing === undefined || !StoreError.isInstance(error)) throw error
    this.#onMissing(group, error)
  }

  #openOr(of: KeyedRun, reference: string, texts: ReadonlyMap<string, string>): PrivateValues | undefined {
    try {
      return this.#open(of, reference, texts)
    } catch (error) {
      this.#leaveOut(of.group, error)
      return undefined
    }
  }

  #open({ group, runId, key }: KeyedRun, reference: string, texts: ReadonlyMap<string, string>): PrivateValues {
    const text = texts.get(reference)
    const name = this.#stores.get(group)?.name ?? ''
    if (text === undefined || keyedHash(key, text) !== reference)
      throw missingValue({ group, runId, name }, text === undefined ? 'is not there' : 'is damaged')
    try {
      const content = joinLargeValues(
        text,
        (hash) => texts.get(hash),
        (part) => keyedHash(key, part),
      )
      const [of, , ...values] = Array.isArray(content) ? (content as readonly Json[]) : []
      if (of === runId) return { values, length: lengthWithBlobs(text, texts) }
    } catch (error) {
      throw missingValue({ group, runId, name }, 'cannot be read', error)
    }
    throw missingValue({ group, runId, name }, 'is of another run')
  }

  async #ask<Answer>(group: string, ask: (store: GroupStore) => Promise<Answer>): Promise<Answer> {
    const store = this.#stores.get(group)
    if (store === undefined) throw unboundStore([group], 'what was asked')
    try {
      return await ask(store)
    } catch (error) {
      const code = StoreError.isInstance(error) ? error.code : 'WAYSTONE_STORE_FAILED'
      const why = error instanceof Error ? error.message : String(error)
      throw storeError(code, `the store of group ${group} (${store.name}) failed: ${why}`, { group }, error)
    }
  }
}

/** A run in the store of a group, with the key of its references. */
interface KeyedRun {
  readonly group: string
  readonly runId: RunId
  readonly key: string
}

function onceForEach(onMissing: OnMissing): OnMissing {
  const told = new Set<string>()
  return (group, error) => {
    if (told.has(group)) return
    told.add(group)
    onMissing(group, error)
  }
}

function lengthWithBlobs(text: string, texts: ReadonlyMap<string, string>): number {
  return blobReferences(text).reduce((sum, one) => sum + lengthWithBlobs(texts.get(one) ?? '', texts), text.length)
}

/** No group's store is bound. */
export const noGroupStores: GroupStores = new GroupStores(new Map(), () => Promise.resolve(true))

function missingValue(
  { group, runId, name }: { readonly group: string; readonly runId: string; readonly name: string },
  why: string,
  cause?: unknown,
): Error {
  const message = `run ${runId} needs a value that is private to group ${group}, and it ${why} in the group's store (${name})`
  return storeError('WAYSTONE_STORE_PRIVATE_MISSING', message, { group, runId }, cause)
}

function unboundStore(groups: readonly string[], what: string): Error {
  const names = groups.map((group) => JSON.stringify(group)).join(', ')
  return storeError(
    'WAYSTONE_STORE_PRIVATE',
    `${what} needs values that are private to ${groups.length === 1 ? 'group' : 'groups'} ${names}, whose own store is not bound here`,
    { groups },
  )
}

/** Refuses what cannot be done without the stores of a workflow's groups. @throws {StoreError} WAYSTONE_STORE_PRIVATE */
export function requireStores(graph: Graph, runId: string, stores: GroupStores): void {
  const groups = stores.lacking(graph)
  if (groups.length > 0) throw unboundStore(groups, `run ${runId}`)
}
