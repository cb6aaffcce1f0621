import { inputError } from '../errors/input-error.ts'

/** A place among the facts of a store: the checkpoint's place in the store, its place in its run, the fact's place among its own. */
export interface Cursor {
  readonly position: number
  readonly sequence: number
  readonly index: number
}

/** Before everything. */
const beginning: Cursor = Object.freeze({ position: 0, sequence: 0, index: -1 })

/** Writes a cursor as callers see it. */
export function formatCursor({ position, sequence, index }: Cursor): string {
  return `${position}.${sequence}.${index}`
}

/** Reads a cursor. @throws {InputError} WAYSTONE_INPUT_CURSOR when it is none */
export function parseCursor(text: string | undefined): Cursor {
  if (text === undefined) return beginning
  const parts = /^(\d+)\.(\d+)\.(\d+)$/.exec(text)
  if (parts === null)
    throw inputError('WAYSTONE_INPUT_CURSOR', `${JSON.stringify(text)} is no cursor; give one back as an event had it`)
  const [position = 0, sequence = 0, index = 0] = parts.slice(1).map(Number)
  return { position, sequence, index }
}
