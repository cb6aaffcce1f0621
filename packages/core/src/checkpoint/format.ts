import type { Json, JsonObject } from '../base/json.ts'
import { storeError } from '../errors/store-error.ts'
import { checkpointFormat, type Checkpoint } from '../snapshot/checkpoint.ts'
import { expandCheckpoint, type CheckpointBefore } from './expand-checkpoint.ts'

/**
 * Reads the parsed text of one format.
 *
 * @param what - the checkpoint, for messages
 */
export type CheckpointReader = (value: Json, before: CheckpointBefore, what: string) => Checkpoint

/** A reader for every format that was ever written. Old ones stay for ever; `test/golden/` holds a history of each. */
const readers: { readonly [format: number]: CheckpointReader } = { 1: expandCheckpoint }

/**
 * The reader of a stored record's format.
 *
 * @throws {StoreError} WAYSTONE_STORE_NEWER_FORMAT when this version cannot know the format
 * @throws {StoreError} WAYSTONE_STORE_CORRUPT when it names none
 */
export function checkpointReaderOf(value: Json, what: string): CheckpointReader {
  const format = (value as JsonObject | null)?.['format']
  if (typeof format === 'number' && format > checkpointFormat) throw newerFormat(what, format)
  const reader = typeof format === 'number' ? readers[format] : undefined
  if (reader !== undefined) return reader
  const found = JSON.stringify(format) ?? 'nothing'
  throw storeError(
    'WAYSTONE_STORE_CORRUPT',
    `${what}: found ${found} at format, where a number from 1 to ${checkpointFormat} belongs`,
    { path: ['format'] },
  )
}

/** The error for a record of a format that this version cannot know. */
export function newerFormat(what: string, format: number): Error {
  return storeError(
    'WAYSTONE_STORE_NEWER_FORMAT',
    `${what} has format ${format}; this version reads formats up to ${checkpointFormat}. Upgrade Waystone.`,
    { format },
  )
}
