import type { Json } from '../base/json.ts'
import type { ErrorRecord } from '../errors/waystone-error.ts'

/** Results and errors stand in pieces of this many items, so that setting one costs the same in a list of any length. */
export const resultsAPiece = 100

/** The piece that an item stands in, from 0. */
export function pieceOf(item: number): number {
  return Math.floor(item / resultsAPiece)
}

/**
 * A map under way. Items are begun in order, so that those before `next` have ended well, failed, are open, or were left.
 *
 * Shape: an item's place in the list, from 0, is its name.
 */
export interface OpenMap {
  /** The step that made the list: an item's effect id is `runId/<step>/<item>`. */
  readonly step: number
  readonly items: readonly Json[]
  /** Items beyond `maxItems` that were left out; absent: none. */
  readonly cut?: number
  /** The first item that has not been begun. */
  readonly next: number
  /** Items that ended well. */
  readonly done: number
  /** What they gave, in pieces of 100; null for one that has not ended well, and a piece is empty before its first. */
  readonly results: readonly (readonly Json[])[]
  /** Of items that failed for good, by piece of 100 items, then by item; absent: none did. */
  readonly errors?: { readonly [piece: string]: ItemErrors }
  /** How many they are; absent: none. */
  readonly failed?: number
  /** The map is over and its results are being applied. */
  readonly over?: MapOver
}

/** Why items of a piece failed, by item. */
export interface ItemErrors {
  readonly [item: string]: ErrorRecord
}

/** How a map is over. */
export interface MapOver {
  readonly outcome: 'done' | 'unsatisfied'
  /** Items that still ran then. */
  readonly left: readonly number[]
}

/** Items of a map that is over: those that ended, and what they gave. Order: as in the list. Those not begun or left are not among them. */
export function endedItems({ items, results, errors, next, over }: OpenMap): readonly EndedItem[] {
  const left = new Set(over?.left)
  const ended: EndedItem[] = []
  for (let index = 0; index < Math.min(next, items.length); index++) {
    if (left.has(index)) continue
    const error = errors?.[pieceOf(index)]?.[index]
    const output = results[pieceOf(index)]?.[index % resultsAPiece] ?? null
    ended.push(Object.freeze(error === undefined ? { index, output } : { index, error }))
  }
  return ended
}

/** An item that ended. */
export type EndedItem =
  | { readonly index: number; readonly output: Json; readonly error?: never }
  | { readonly index: number; readonly error: ErrorRecord; readonly output?: never }
