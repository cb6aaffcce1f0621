import { randomFillSync } from 'node:crypto'

declare const brand: unique symbol

/** Id of one run. Sortable by creation time when made by `randomIds`. */
export type RunId = string & { readonly [brand]: 'RunId' }

/** `runId/stepIndex`, or `runId/stepIndex/item` for one item of a map: the idempotency key of one effect, stable over attempts, crash and replay. */
export type EffectId = string & { readonly [brand]: 'EffectId' }

/** The only source of randomness. The runtime takes one; tests pass a seeded one. */
export interface Ids {
  /** A new run id. @param at - now, in ms since the epoch, which may be woven into the id so that ids sort by age */
  run(at: number): RunId
  /** A new id for an event that comes from outside (a person, an operator). */
  event(): string
}

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'

/** Bytes are drawn many at a time: asking the system for eight costs as much as for a page. */
const pool = Buffer.alloc(4_096)
let drawn = pool.length

function letters(count: number): string {
  if (drawn + count > pool.length) {
    randomFillSync(pool)
    drawn = 0
  }
  let text = ''
  for (const byte of pool.subarray(drawn, drawn + count)) text += alphabet.charAt(byte & 31)
  drawn += count
  return text
}

function timeLetters(at: number): string {
  let text = ''
  for (let rest = Math.floor(at), place = 0; place < 9; place++, rest = Math.floor(rest / 32))
    text = alphabet.charAt(rest % 32) + text
  return text
}

/** Ids from the machine's random source: 9 letters of time, then 8 random ones, in lower-case Crockford base 32. */
export const randomIds: Ids = {
  run: (at) => `${timeLetters(at)}${letters(8)}` as RunId,
  event: () => letters(16),
}

/** The id of a step's effect. @param stepIndex - 0-based, per run */
export function effectIdOf(runId: RunId, stepIndex: number): EffectId {
  return `${runId}/${stepIndex}` as EffectId
}

/** The id of an item's effect. @param stepIndex - of the step that made the map's list @param item - its place in the list, from 0 */
export function itemEffectIdOf(runId: RunId, stepIndex: number, item: number): EffectId {
  return `${runId}/${stepIndex}/${item}` as EffectId
}
