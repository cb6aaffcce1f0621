import type { RunId } from '../base/ids.ts'
import type { EngineEvent } from '../snapshot/event.ts'
import type { GroupStore } from './group-store.ts'
import { noGroupStores, type GroupStores, type OnMissing } from './group-stores.ts'
import type { LoadedRun, Store } from './store.ts'
import { openEvents } from './sealed-event.ts'

const bound = new WeakMap<object, GroupStores>()

/** The stores of groups that a store was bound with; none, when it was not. */
export function groupStoresOf(store: object): GroupStores {
  return bound.get(store) ?? noGroupStores
}

/**
 * Binds a store with the own stores of groups: what is read through it holds the values that stand there.
 *
 * @param groups - by name; those without a store are left out
 * @returns the same store when no group has one
 */
export function withGroupStores(
  store: Store,
  groups: { readonly [name: string]: { readonly store?: GroupStore } },
): Store {
  const stores = Object.entries(groups).flatMap(([name, group]) =>
    group.store === undefined ? [] : [[name, group.store] as const],
  )
  if (stores.length === 0) return store
  const isStored = async (runId: RunId): Promise<boolean> => (await store.row(runId)) !== undefined
  return boundTo(store, groupStoresOf(store).with(new Map(stores), isStored))
}

/** A store for somebody who only looks: what the stores of its groups cannot give is left out and said, as if they were not bound. */
export function leavingOutMissing(store: Store, onMissing: OnMissing | undefined): Store {
  return onMissing === undefined || !bound.has(store)
    ? store
    : boundTo(store, groupStoresOf(store).leavingOut(onMissing))
}

function boundTo(store: Store, groups: GroupStores): Store {
  const whole = new Proxy(store, new Bound(store, groups))
  bound.set(whole, groups)
  return whole
}

/** What is done otherwise than by the store alone; everything else is its own. */
class Bound implements ProxyHandler<Store> {
  readonly #own: Pick<Store, 'load' | 'inbox' | 'deleteRun'>
  /** Methods of the store, bound to it once. */
  readonly #methods = new Map<PropertyKey, unknown>()

  constructor(store: Store, groups: GroupStores) {
    this.#own = {
      async load(runId): Promise<LoadedRun | undefined> {
        const loaded = await store.load(runId)
        return loaded === undefined ? undefined : { ...loaded, inbox: await openEvents(groups, runId, loaded.inbox) }
      },
      async inbox(runIds) {
        const opened = new Map<RunId, readonly EngineEvent[]>()
        for (const [runId, events] of await store.inbox(runIds))
          opened.set(runId, await openEvents(groups, runId, events))
        return opened
      },
      async deleteRun(request) {
        const deletion = await store.deleteRun(request)
        // After the run itself: a deletion that was cut short can be repeated, and one that is refused has forgotten nothing.
        if (deletion.type === 'deleted' || deletion.type === 'missing') await groups.forget(request.runId)
        return deletion
      },
    }
  }

  get(store: Store, key: PropertyKey): unknown {
    if (Object.hasOwn(this.#own, key)) return Reflect.get(this.#own, key)
    const known = this.#methods.get(key)
    if (known !== undefined) return known
    const value: unknown = Reflect.get(store, key, store)
    if (typeof value !== 'function') return value
    const method: unknown = value.bind(store)
    this.#methods.set(key, method)
    return method
  }
}
