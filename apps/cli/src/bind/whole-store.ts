import { dirname, resolve } from 'node:path'
import { groupsWithStores, parseGraph, withGroupStores, type ReadOptions } from '@waystone/core'
import type { RunRow, Store } from '@waystone/core/store'
import type { Context } from '../command.ts'
import { loadConfig } from '../load/config-file.ts'
import { printable, printableLine } from '../output/printable.ts'
import type { RunOptions } from './open-run.ts'
import { tagNames } from './tag-names.ts'

/** For who only looks: says what is left out because a group's own store could not give it. */
export function sayMissing({ note }: Context): ReadOptions {
  return {
    onMissing: (group, { message }) =>
      note(`What is private to group ${printableLine(group)} is left out where it is missing: ${printable(message)}`),
  }
}

/**
 * The store as a run is to be read through it: groups of its workflow that have stores of their own are read there, as the configuration above
 * the workflow's file says. What stands in a store that it does not name is left out, and said to be.
 *
 * @param options - `force`: also when the stored graph cannot be read
 */
export async function wholeStore(
  row: RunRow,
  { file, force = false }: RunOptions & { readonly force?: boolean },
  context: Context,
): Promise<Store> {
  const store = await context.store()
  const groups = await groupsOf(store, row, force)
  if (groups?.length === 0) return store
  const { cwd } = context.around
  const reference = file ?? row.tags[tagNames.module]
  const folder = reference === undefined ? cwd : dirname(resolve(cwd, reference.split('#')[0] ?? ''))
  const bound = (await loadConfig(folder)).config.groups ?? {}
  const lacking = (groups ?? []).filter((group) => bound[group]?.store === undefined)
  if (lacking.length > 0) {
    const names = lacking.map((group) => `group ${printableLine(group)}`).join(', ')
    context.note(
      `What is private to ${names} is left out: no configuration here names ${lacking.length === 1 ? 'its store' : 'their stores'}.`,
    )
  }
  return withGroupStores(store, bound)
}

/** @param isForced - a graph that cannot be read is no hindrance: undefined, whatever groups there may be */
async function groupsOf(store: Store, row: RunRow, isForced: boolean): Promise<readonly string[] | undefined> {
  try {
    const text = await store.graph(row.graphHash, row.behaviourHash)
    return text === undefined ? [] : groupsWithStores(parseGraph(text))
  } catch (error) {
    if (isForced) return undefined
    throw error
  }
}
