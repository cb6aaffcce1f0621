import type { RunId } from '../base/ids.ts'
import type { Json, JsonObject, JsonPath } from '../base/json.ts'
import type { Graph } from '../graph/graph.ts'
import type { SealedValue } from './group-store.ts'
import { splitLargeValues } from './large-values.ts'
import type { Withheld } from './withheld.ts'

/** Seals what is private to the groups of one run that have stores of their own. */
export interface Sealer {
  readonly runId: RunId
  /** Of the run: it says what is private. */
  readonly graph: Graph
  /** What stands for a text: the same for the same text of this run and group, and for no other. */
  referenceOf(group: string, text: string): string
  /** Keeps sealed values in the stores of their groups. @throws {StoreError} of those stores */
  keep(sealed: SealedByGroup): Promise<void>
}

/** Sealed values by group. */
export type SealedByGroup = ReadonlyMap<string, readonly SealedValue[]>

/** What was withheld from a record, sealed. */
export interface Sealed {
  /** For the record: by group the reference of its values, then where they belong; `+` in front: as entries among others. */
  readonly marks: JsonObject
  readonly byGroup: SealedByGroup
}

/**
 * Seals what was withheld from one record: one text for each group, which names the record, so that no two records share one.
 *
 * @param record - what it is of, e.g. `12` for a checkpoint; unique in the run
 */
export function seal(sealer: Sealer, record: string, withheld: readonly Withheld[]): Sealed {
  const marks: { [group: string]: Json } = {}
  const byGroup = new Map<string, readonly SealedValue[]>()
  for (const [group, ofGroup] of Map.groupBy(withheld, (one) => one.group)) {
    const referenceOf = (text: string): string => sealer.referenceOf(group, text)
    const content: Json = [sealer.runId, record, ...ofGroup.map(({ value }) => value)]
    const { text, blobs } = splitLargeValues(content, referenceOf)
    const reference = referenceOf(text)
    marks[group] = [reference, ...ofGroup.map(placeOf)]
    byGroup.set(group, [{ reference, text }, ...blobs.map((blob) => ({ reference: blob.hash, text: blob.text }))])
  }
  return { marks, byGroup }
}

function placeOf({ path, isPart }: Withheld): JsonPath {
  return isPart === true ? ['+', ...path] : path
}

/** The length of what was sealed, in UTF-16 units. */
export function sealedLength(byGroup: SealedByGroup): number {
  let length = 0
  for (const values of byGroup.values()) for (const { text } of values) length += text.length
  return length
}
