/** An entry of a record whose keys are numbers written as text. */
export type IndexEntry<Value> = readonly [index: string, value: Value]

/** Records whose keys are numbers written as text: steps by index, errors by item. Their keys come in ascending order. */
export interface IndexRecord<Value> {
  readonly [index: string]: Value
}

/**
 * Entries of such records. V8 keeps these as tables, whose keys it sorts for every walk: with eight of them that takes thirty times as long
 * as a walk over a list. Weak, or every version of a ledger would be kept.
 */
const known = new WeakMap<object, readonly IndexEntry<unknown>[]>()

/** The entries of such a record. Order: ascending. Cost: O(1) for one that was made here, O(entries) the first time for any other. */
export function indexEntries<Value>(record: IndexRecord<Value>): readonly IndexEntry<Value>[] {
  // What is kept for a record are its own entries.
  const kept = known.get(record) as readonly IndexEntry<Value>[] | undefined
  if (kept !== undefined) return kept
  const entries = Object.entries(record)
  if (Object.isFrozen(record)) known.set(record, entries)
  return entries
}

/** A frozen copy of such a record with one entry set. */
export function withIndex<Value>(record: IndexRecord<Value>, index: number | string, value: Value): IndexRecord<Value> {
  const entries = indexEntries(record)
  const key = String(index)
  // Mostly it comes last.
  let place = entries.length
  while (place > 0 && orderOf(entries[place - 1]?.[0] ?? '') >= Number(index)) place -= 1
  const isThere = entries[place]?.[0] === key
  const next = entries.slice(0, place)
  next.push([key, value], ...entries.slice(isThere ? place + 1 : place))
  return fromEntries(next)
}

/** Where a key stands: other keys come behind all numbers, also those that only read like one (`""`, `"1e3"`). */
function orderOf(key: string): number {
  const number = Number(key)
  return number >= 0 && number < 2 ** 32 - 1 && String(number) === key && Number.isInteger(number) ? number : Infinity
}

/** A frozen copy of such a record without one entry. */
export function withoutIndex<Value>(record: IndexRecord<Value>, index: number | string): IndexRecord<Value> {
  const key = String(index)
  return fromEntries(indexEntries(record).filter(([other]) => other !== key))
}

/**
 * A frozen copy of such a record without one entry and with another one at its end: half the price of two copies, and most that ends makes
 * room for what begins.
 *
 * @param last - its index is a number above all there are; undefined: nothing is added
 */
export function withIndexReplaced<Value>(
  record: IndexRecord<Value>,
  gone: number | string,
  last: readonly [index: number, value: Value] | undefined,
): IndexRecord<Value> {
  const key = String(gone)
  const entries: IndexEntry<Value>[] = []
  for (const entry of indexEntries(record)) if (entry[0] !== key) entries.push(entry)
  if (last !== undefined) entries.push([String(last[0]), last[1]])
  return fromEntries(entries)
}

/** From here on V8 keeps a record that begins with such a key as a table by itself. */
const sparseFrom = 1_024

/**
 * The first entry is defined, and read-only: V8 then keeps them as a table. Were all written the ordinary way, key `"900"` would make it lay
 * out a list of 900 places, at every copy and for every walk over the keys.
 */
function fromEntries<Value>(entries: readonly IndexEntry<Value>[]): IndexRecord<Value> {
  const [first] = entries
  const record = first !== undefined && Number(first[0]) >= sparseFrom ? Object.fromEntries(entries) : tableOf(entries)
  known.set(Object.freeze(record), entries)
  return record
}

function tableOf<Value>(entries: readonly IndexEntry<Value>[]): { [index: string]: Value } {
  const record: { [index: string]: Value } = {}
  let isTable = false
  for (const [index, value] of entries) {
    if (isTable && index !== '__proto__') record[index] = value
    else Object.defineProperty(record, index, { value, enumerable: true })
    isTable = true
  }
  return record
}

/** An entry that two such records do not share. */
export interface IndexChange<Value> {
  readonly index: string
  /** Undefined: it was not there. */
  readonly before: Value | undefined
  /** Undefined: it is gone. */
  readonly after: Value | undefined
}

/** What differs between two such records, all of whose keys are numbers, by identity. Order: ascending. Cost: O(entries). */
export function indexChanges<Value>(
  before: IndexRecord<Value>,
  after: IndexRecord<Value>,
): readonly IndexChange<Value>[] {
  if (before === after) return noChanges
  if (lastCompared?.before === before && lastCompared.after === after)
    // What is kept for two records are their own entries.
    return lastCompared.changes as readonly IndexChange<Value>[]
  const old = indexEntries(before)
  const now = indexEntries(after)
  const changes: IndexChange<Value>[] = []
  for (let left = 0, right = 0; left < old.length || right < now.length;) {
    const one = old[left]
    const other = now[right]
    const order = one === undefined ? 1 : other === undefined ? -1 : Number(one[0]) - Number(other[0])
    if (order <= 0) left += 1
    if (order >= 0) right += 1
    const was = order <= 0 ? one?.[1] : undefined
    const is = order >= 0 ? other?.[1] : undefined
    if (was !== is) changes.push({ index: (order <= 0 ? one : other)?.[0] ?? '', before: was, after: is })
  }
  lastCompared = { before, after, changes }
  return changes
}

/** A transition asks twice what differs: for its commands, and for its patch. Frozen records stay what they are. */
let lastCompared:
  | { readonly before: object; readonly after: object; readonly changes: readonly IndexChange<unknown>[] }
  | undefined

const noChanges: readonly never[] = Object.freeze([])
