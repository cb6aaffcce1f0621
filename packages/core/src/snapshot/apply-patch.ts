import { formatPath, type Json, type JsonPath } from '../base/json.ts'
import { own } from '../base/own.ts'
import { withIndex, withoutIndex } from '../base/with-index.ts'
import { storeError } from '../errors/store-error.ts'
import type { EngineEvent } from './event.ts'
import type { Patch, PatchOperation, PatchValue } from './patch.ts'
import type { Snapshot } from './snapshot.ts'

/**
 * Applies a checkpoint's patch to the snapshot before it. Runs no guard and no author code.
 *
 * What the patch does not touch is shared with the snapshot before; everything is frozen.
 *
 * Cost: O(size of the patch + length of the lists it appends to).
 *
 * @param snapshot - null before the first checkpoint, whose patch sets everything
 * @param event - the same checkpoint's event, which the patch points into; deeply frozen
 * @throws {StoreError} WAYSTONE_STORE_CORRUPT when the patch does not fit the snapshot or points to nothing
 */
export function applyPatch(snapshot: Snapshot | null, patch: Patch, event: EngineEvent): Snapshot {
  return applyAll(snapshot, patch, { event, copies: new Set() })
}

function applyAll(snapshot: Snapshot | null, patch: Patch, applying: Applying): Snapshot {
  let root: Json | undefined = snapshot === null ? undefined : asJson(snapshot)
  for (const operation of patch) {
    try {
      root = applyAt(root, operation, 0, applying)
    } catch (error) {
      if (applying.isKnownOnly !== true) throw error
    }
  }
  for (const copy of applying.copies) Object.freeze(copy)
  if (typeof root !== 'object' || root === null || !Object.hasOwn(root, 'value') || !Object.hasOwn(root, 'context')) {
    throw storeError(
      'WAYSTONE_STORE_CORRUPT',
      'a patch left no snapshot; the first checkpoint of a run must set it whole',
    )
  }
  return root as unknown as Snapshot
}

/**
 * Applies what is known of a checkpoint's patch to what is known of the snapshot before it: operations on parts that were left out are left out.
 *
 * @throws {StoreError} WAYSTONE_STORE_CORRUPT when that leaves no snapshot
 */
export function applyKnown(snapshot: Snapshot | null, patch: Patch, event: EngineEvent): Snapshot {
  return applyAll(snapshot, patch, { event, copies: new Set(), isKnownOnly: true })
}

/** A snapshot is JSON by construction; its interfaces only lack an index signature. */
function asJson(snapshot: Snapshot): Json {
  return snapshot as unknown as Json
}

/** One patch being applied. */
interface Applying {
  readonly event: EngineEvent
  /** Objects and lists that this patch has copied already: the next operation changes them where they are. */
  readonly copies: Set<object>
  /** What does not fit is left out. */
  readonly isKnownOnly?: true
}

function applyAt(
  target: Json | undefined,
  operation: PatchOperation,
  depth: number,
  applying: Applying,
): Json | undefined {
  const [verb, path] = operation
  const key = path[depth]
  if (key === undefined) return applyHere(target, operation, applying.event)
  if (Array.isArray(target)) {
    if (typeof key !== 'number' || !Number.isInteger(key) || key < 0 || key > target.length) throw misfit(path, depth)
    const list = target as Json[]
    const item = applyAt(list[key], operation, depth + 1, applying)
    if (item === undefined) throw misfit(path, depth)
    const copy = copyOf(list, applying, () => [...list])
    copy[key] = item
    return copy
  }
  if (typeof target !== 'object' || target === null) throw misfit(path, depth)
  const object = target as { [key: string]: Json }
  if (verb === 'unset' && depth === path.length - 1) {
    if (!Object.hasOwn(object, key)) throw misfit(path, depth)
    if (isIndex(key)) return withoutIndex(object, key)
    const { [key]: _, ...rest } = object
    applying.copies.add(rest)
    return rest
  }
  const item = applyAt(own(object, key), operation, depth + 1, applying)
  if (item === undefined) throw misfit(path, depth)
  if (isIndex(key)) return withIndex(object, key, item)
  // An assignment would set the prototype; a checkpoint that names it is damaged, but nothing worse.
  if (key === '__proto__') return Object.freeze({ ...object, [key]: item })
  const copy = copyOf(object, applying, () => ({ ...object }))
  copy[key] = item
  return copy
}

/** The value itself when this patch made it, else a copy that it may change. */
function copyOf<Value extends object>(value: Value, { copies }: Applying, copy: () => Value): Value {
  if (copies.has(value)) return value
  const own = copy()
  copies.add(own)
  return own
}

/** Whether an object's key is a number: those of the ledgers are. */
function isIndex(key: string | number): boolean {
  return typeof key === 'number' || /^(0|[1-9]\d{0,8})$/.test(key)
}

function applyHere(target: Json | undefined, operation: PatchOperation, event: EngineEvent): Json {
  if (operation[0] === 'unset') throw misfit(operation[1], 0)
  const value = resolveValue(operation[2], event)
  if (operation[0] === 'set') return value
  if (!Array.isArray(target) || !Array.isArray(value)) throw misfit(operation[1], operation[1].length)
  return Object.freeze([...(target as readonly Json[]), ...(value as readonly Json[])])
}

/** The value a patch value stands for. @throws {StoreError} WAYSTONE_STORE_CORRUPT when it points to nothing */
export function resolveValue(value: PatchValue, event: EngineEvent): Json {
  if ('v' in value) return value.v
  if ('l' in value) return Object.freeze(value.l.map((item) => resolveValue(item, event)))
  let found: unknown = event.payload
  for (const key of value.e) {
    const isThere =
      typeof found === 'object' &&
      found !== null &&
      Object.hasOwn(found, key) &&
      (typeof key === 'number' || !Array.isArray(found))
    found = isThere ? Reflect.get(Object(found), key) : undefined
  }
  if (found === undefined) {
    throw storeError(
      'WAYSTONE_STORE_CORRUPT',
      `a patch points to ${formatPath(value.e)} of its event, which is not there`,
      {
        path: value.e,
      },
    )
  }
  return found as Json
}

function misfit(path: JsonPath, depth: number): Error {
  return storeError(
    'WAYSTONE_STORE_CORRUPT',
    `a patch does not fit its snapshot: nothing to change at ${formatPath(path.slice(0, depth + 1))} on the way to ${formatPath(path)}`,
    { path },
  )
}
