import type { Store } from '../../src/checkpoint/store.ts'

/** Looks at a call before it reaches the store: may throw, wait or never go on. */
export type StoreHook = (method: keyof Store, args: readonly unknown[]) => void | Promise<void>

/** A store as one process sees it: the same data, and a hook before each call. */
export function viewOf(store: Store, hook: StoreHook): Store {
  return new Proxy(store, {
    get(target, name: keyof Store) {
      const value: unknown = Reflect.get(target, name)
      if (typeof value !== 'function') return value
      if (name === 'watch') return (callback: () => void) => target.watch(callback)
      return async (...args: readonly unknown[]) => {
        await hook(name, args)
        return Reflect.apply(value, target, args) as unknown
      }
    },
  })
}

/** A process that can die: after `kill`, nothing of it reaches the store any more. */
export interface MortalView {
  readonly store: Store
  kill(): void
}

/** A view whose process can die. @param before - looks at every call, e.g. to die in the middle of one */
export function mortalView(
  store: Store,
  before: (method: keyof Store, kill: () => void) => unknown = () => undefined,
): MortalView {
  let isDead = false
  const kill = (): void => {
    isDead = true
  }
  const view = viewOf(store, async (method) => {
    if (!isDead) before(method, kill)
    if (isDead) await new Promise(() => undefined)
  })
  return { store: view, kill }
}
