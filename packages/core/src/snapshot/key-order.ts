import { withIndex } from '../base/with-index.ts'
import type { EngineEvent } from './event.ts'
import { diffSnapshots } from './diff.ts'
import type { Patch } from './patch.ts'
import type { RunContext, Snapshot } from './snapshot.ts'

/**
 * The patch between two snapshots, and the later one with its keys in an order that such a patch can keep.
 *
 * A patch names keys one by one, so what is new comes last. Where a transition has put a new key of a context before others, the context is put
 * in order: else the whole of it would stand in the patch, however large it is, and whatever in it is private to a group.
 */
// oxlint-disable-next-line max-params -- as the difference it makes
export function patchTo(
  before: Snapshot | null,
  after: Snapshot,
  event: EngineEvent,
  options: { readonly isThorough?: boolean | undefined } = {},
): { readonly patch: Patch; readonly snapshot: Snapshot } {
  const patch = diffSnapshots(before, after, event, options)
  if (before === null || !patch.some((operation) => isWhole(operation))) return { patch, snapshot: after }
  const snapshot = inKeptOrder(before, after)
  return { patch: snapshot === after ? patch : diffSnapshots(before, snapshot, event, options), snapshot }
}

function isWhole([verb, path]: Patch[number]): boolean {
  const last = path.at(-1)
  return verb === 'set' && (last === 'context' || last === 'maps')
}

function inKeptOrder(before: Snapshot, after: Snapshot): Snapshot {
  const context = contextInOrder(before.context, after.context)
  return context === after.context ? after : Object.freeze({ value: after.value, context })
}

function contextInOrder(before: RunContext, after: RunContext): RunContext {
  if (before === after) return after
  let next = inOrder(before, after)
  if (before.maps !== undefined && next.maps !== undefined) {
    const maps = inOrder(before.maps, next.maps)
    if (maps !== next.maps) next = Object.freeze({ ...next, maps })
  }
  for (const [step, child] of Object.entries(next.children ?? {})) {
    const old = before.children?.[step]
    const ordered = old === undefined || old === child ? child : inKeptOrder(old, child)
    if (ordered !== child) next = Object.freeze({ ...next, children: withIndex(next.children ?? {}, step, ordered) })
  }
  return next
}

/** A record with the keys that it had before where they were, and new ones last; itself where that is so. */
function inOrder<Table extends object>(before: Table, after: Table): Table {
  const kept = Object.keys(before).filter((key) => Object.hasOwn(after, key))
  const keys = Object.keys(after)
  if (kept.every((key, place) => keys[place] === key)) return after
  const fresh = keys.filter((key) => !Object.hasOwn(before, key))
  const entries = [...kept, ...fresh].map((key) => [key, Reflect.get(after, key) as unknown] as const)
  // The same keys with the same values.
  return Object.freeze(Object.fromEntries(entries)) as Table
}
