import type { ErrorRecord } from '../errors/waystone-error.ts'

/** Something that was done, or may have been, and can be undone. It points into the run's history: nothing of it is copied. */
export interface UndoEntry {
  /** The step that did it. */
  readonly step: number
  /** Below the workflow whose entry it is: `book`, or `trip/book` where a nested workflow did it. */
  readonly node: string
  readonly visit: number
  /** The checkpoint that ended it. */
  readonly sequence: number
  /** The checkpoint whose snapshot it was begun with: what it was given stands there. Absent: the history before `sequence` tells. */
  readonly begunAfter?: number
  /** How it ended; `unknown` also for what failed and may have happened. */
  readonly outcome: string
  /** For a call of an agent, or an item of a map that calls a tool: the tool. */
  readonly tool?: string
  /** For an item of a map: its place in the list, from 0. */
  readonly item?: number
  /** For an item of a map: the step that made the list. The effect id of an item is `runId/<list>/<item>`. */
  readonly list?: number
}

/** Undoing under way: the run, or a nested workflow, is about to end and undoes what it did. */
export interface Undoing {
  /** How it ends once that is over. */
  readonly status: 'failed' | 'exhausted' | 'cancelled'
  /** When it would have ended otherwise, ms since the epoch. */
  readonly since: number
  /** For `cancelled`: who and why. */
  readonly by?: string
  readonly reason?: string
  /** Entries of the ledger that were not begun: those before this place. Absent: what was cancelled has not settled yet. */
  readonly left?: number
  /** An operator has cancelled the run while it was undoing what had failed; the next cancel stops that. */
  readonly isCancelled?: true
}

/** A compensation that did not succeed. */
export interface FailedUndo {
  /** A path for a node of a nested workflow. */
  readonly node: string
  /** The step that was to be undone. */
  readonly step: number
  readonly tool?: string
  /** For an item of a map, from 0. */
  readonly item?: number
  /** `failed`, `timeout`, or `unknown`: it may have been undone. */
  readonly outcome: string
  readonly error?: ErrorRecord
}

/** What became of all that was to be undone so far. */
export interface UndoReport {
  /** Undone. */
  readonly done: number
  /** Its author said that there was nothing to undo; absent: none. */
  readonly skipped?: number
  /** Absent: none. Order: as they were tried. */
  readonly failed?: readonly FailedUndo[]
  /** Not tried, because somebody stopped it; absent: none. */
  readonly left?: readonly Pick<FailedUndo, 'node' | 'step' | 'tool' | 'item'>[]
  /** Who stopped it and why; absent: nobody. */
  readonly stopped?: { readonly by: string; readonly reason: string; readonly at: number }
}

/** Nothing was undone. */
export const nothingUndone: UndoReport = Object.freeze({ done: 0 })
