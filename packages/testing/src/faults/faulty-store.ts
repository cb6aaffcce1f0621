import { storeError, type Store, type StoreError } from '@waystone/core/store'

/** The methods of a store that answer with a promise. */
export type StoreMethod = Exclude<keyof Store, 'name' | 'durability' | 'watch'>

/** What happens to one call. */
export type StoreFault =
  /** Refused: nothing is done. Default error: WAYSTONE_STORE_FULL. */
  | { readonly type: 'fail'; readonly error?: StoreError }
  /** Torn: it is done, and then reported as failed. Default error: WAYSTONE_STORE_FAILED. */
  | { readonly type: 'tear'; readonly error?: StoreError }
  /** Waits before it begins, and after it is done but before it is reported. */
  | { readonly type: 'delay'; readonly before?: () => Promise<void>; readonly after?: () => Promise<void> }
  /** Does not begin before {@link FaultyStore.unblock}. */
  | { readonly type: 'block' }

/** One call that reached a faulty store. */
export interface StoreCall {
  readonly method: StoreMethod
  /** Calls of this method so far, from 1. */
  readonly count: number
  /** Calls of all methods so far, from 1. */
  readonly overall: number
}

/** Which fault a call meets; undefined: none. */
export type FaultPlan = (call: StoreCall) => StoreFault | undefined

/** A store that fails as planned. */
export interface FaultyStore extends Store {
  /** Every call with the fault it met. Order: as made. */
  readonly calls: readonly (StoreCall & { readonly fault: StoreFault | undefined })[]
  /** Lets every blocked call begin, also those blocked later. */
  unblock(): void
}

/** A plan from a list: the k-th call of a method meets its fault. */
export function faultsAt(
  ...faults: readonly { readonly method: StoreMethod; readonly count: number; readonly fault: StoreFault }[]
): FaultPlan {
  return (call) => faults.find(({ method, count }) => method === call.method && count === call.count)?.fault
}

const methods = [
  'create',
  'commit',
  'markStarted',
  'acquire',
  'renew',
  'release',
  'deliver',
  'inbox',
  'discard',
  'refused',
  'deleteRun',
  'rules',
  'revokeRule',
  'permits',
  'permitVersion',
  'line',
  'claimable',
  'row',
  'list',
  'load',
  'checkpoints',
  'keyframe',
  'after',
  'blob',
  'graph',
  'close',
] as const satisfies readonly StoreMethod[]

/**
 * Wraps a store so that chosen calls fail, tear, wait or block. Everything else goes through unchanged.
 *
 * @example
 * const store = faultyStore(createMemoryStore(), faultsAt({ method: 'commit', count: 3, fault: { type: 'tear' } }))
 */
export function faultyStore(store: Store, plan: FaultPlan): FaultyStore {
  const calls: (StoreCall & { readonly fault: StoreFault | undefined })[] = []
  const counts = new Map<StoreMethod, number>()
  const gate = Promise.withResolvers<void>()

  async function call(method: StoreMethod, args: readonly unknown[]): Promise<unknown> {
    const count = (counts.get(method) ?? 0) + 1
    counts.set(method, count)
    const made: StoreCall = { method, count, overall: calls.length + 1 }
    const fault = plan(made)
    calls.push({ ...made, fault })
    return withFault(fault, {
      made,
      blocked: gate.promise,
      perform: (): unknown => Reflect.apply(store[method], store, args),
    })
  }

  const wrapped = Object.fromEntries(
    methods.map((method) => [method, (...args: readonly unknown[]) => call(method, args)]),
  ) as unknown as Pick<Store, StoreMethod>
  return {
    ...wrapped,
    name: store.name,
    durability: store.durability,
    watch: (callback) => store.watch(callback),
    calls,
    unblock: () => gate.resolve(),
  }
}

interface FaultedCall {
  readonly made: StoreCall
  readonly blocked: Promise<void>
  readonly perform: () => unknown
}

async function withFault(fault: StoreFault | undefined, { made, blocked, perform }: FaultedCall): Promise<unknown> {
  switch (fault?.type) {
    case undefined:
      return perform()
    case 'fail':
      throw (
        fault.error ??
        storeError('WAYSTONE_STORE_FULL', `planned fault: ${made.method} ${made.count} finds the disk full`)
      )
    case 'tear':
      await perform()
      throw fault.error ?? storeError('WAYSTONE_STORE_FAILED', `planned fault: ${made.method} ${made.count} is torn`)
    case 'delay': {
      await fault.before?.()
      const result = await perform()
      await fault.after?.()
      return result
    }
    case 'block':
      await blocked
      return perform()
  }
}
