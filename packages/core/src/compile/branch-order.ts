import type { Json, JsonObject } from '../base/json.ts'
import { own } from '../base/own.ts'
import type { AddedItems, MovedItems } from '../snapshot/open-fork.ts'

interface Write {
  /** Lists that several branches add to. */
  readonly keys: ReadonlySet<string>
  /** Place of the branch that wrote; -1: none of this fork. */
  readonly place: number
  readonly before: JsonObject
  readonly after: JsonObject
}

type Added = { readonly [key: string]: AddedItems }

/** Notes which branch added how many items to which list; undefined when there is nothing to note. */
export function countAdded(added: Added, { keys, place, before, after }: Write): Added | undefined {
  let next: { [key: string]: AddedItems } | undefined
  for (const key of keys) {
    const [old, now] = [own(before, key), own(after, key)]
    if (old === now) continue
    const [from, to] = [lengthOf(old), lengthOf(now)]
    const noted = own(added, key)
    if (to > from) {
      next ??= { ...added }
      next[key] = noteRun(noted ?? { from, runs: [] }, place, to - from)
    } else if (to < from && noted !== undefined) {
      // Unset, or replaced by a reader of another kind: what was noted no longer describes it.
      next ??= { ...added }
      next[key] = Object.freeze({ from: to, runs: Object.freeze([]) })
    }
  }
  return next === undefined ? undefined : Object.freeze(next)
}

function noteRun({ from, runs }: AddedItems, place: number, count: number): AddedItems {
  const last = runs.at(-1)
  const whole: AddedItems['runs'] =
    last?.[0] === place ? [...runs.slice(0, -1), [place, last[1] + count]] : [...runs, [place, count]]
  return Object.freeze({ from, runs: Object.freeze(whole.map((run) => Object.freeze(run))) })
}

function lengthOf(value: Json | undefined): number {
  return Array.isArray(value) ? value.length : 0
}

/** The state with the items that branches added in order of branch; items of others keep their places. */
export function inBranchOrder(
  state: JsonObject,
  added: Added,
): { readonly state: JsonObject; readonly moved?: { readonly [key: string]: MovedItems } } {
  let next: { [key: string]: Json } | undefined
  const moved: { [key: string]: MovedItems } = {}
  for (const key of Object.keys(added)) {
    const list = own(state, key)
    const noted = added[key]
    const order = noted === undefined ? undefined : orderOf(noted)
    if (order === undefined || noted === undefined || lengthOf(list) !== noted.from + order.length) continue
    const items = list as readonly Json[]
    next ??= { ...state }
    next[key] = Object.freeze([
      ...items.slice(0, noted.from),
      ...order.map((place) => items[noted.from + place] ?? null),
    ])
    moved[key] = Object.freeze({ from: noted.from, order: Object.freeze(order) })
  }
  return next === undefined ? { state } : { state: Object.freeze(next), moved: Object.freeze(moved) }
}

/** Where each place takes its item from; undefined when all stay where they are. */
function orderOf({ runs }: AddedItems): readonly number[] | undefined {
  const owners = runs.flatMap(([branch, count]) => Array.from({ length: count }, () => branch))
  const places = owners.flatMap((owner, place) => (owner === -1 ? [] : [place]))
  const sorted = places.toSorted((left, right) => (owners[left] ?? 0) - (owners[right] ?? 0) || left - right)
  if (sorted.every((place, index) => place === places[index])) return undefined
  const order = owners.map((_, place) => place)
  places.forEach((place, index) => {
    order[place] = sorted[index] ?? place
  })
  return order
}
