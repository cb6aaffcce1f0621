import type { LabCondition, LabEntry, LabTotals } from './journal.ts'
import type { LabScript } from './script.ts'

/** Where a lab listens, always at 127.0.0.1. */
export interface LabAddress {
  /**
   * Default: a free port. What a provider wants back is stored with the address it came from, so checkpoints that are to be equal to the
   * byte want one port for recording and replay.
   */
  readonly port?: number
}

/** A lab that answers by a script. */
export interface ScriptedLabOptions extends LabAddress {
  readonly script: LabScript
  /** The key that requests must bring; others are answered 401. Default: any, or none. */
  readonly apiKey?: string
}

/** A lab that passes requests on to a real service, and records them. */
export interface RecordingLabOptions extends LabAddress {
  readonly record: {
    /** Written after every answer; what it held before is gone with the first. */
    readonly file: string
    /** Base URL of the service: `https://api.openai.com/v1`. */
    readonly upstream: string
    /** Texts that must not be written, beside the keys that requests bring. */
    readonly secrets?: readonly string[]
  }
}

/** A lab that answers from a recording, and nothing that is not in it. */
export interface ReplayingLabOptions extends LabAddress {
  readonly replay: {
    readonly file: string
    /** Places in the body that do not count, as keys with dots between: `metadata.run`. Default: all of it counts. */
    readonly ignore?: readonly string[]
    /** The last answer of equal requests is given again when they are made more often than recorded. Default: false. */
    readonly isRepeated?: boolean
    /** As when it was recorded. */
    readonly secrets?: readonly string[]
  }
}

/** What a lab answers with: a script, a real service, or a recording. */
export type LabOptions = ScriptedLabOptions | RecordingLabOptions | ReplayingLabOptions

/** A server on this machine that stands where OpenAI would. */
export interface ModelLab {
  /** Base URL for clients: `http://127.0.0.1:PORT/v1`. */
  readonly url: string
  /** Every request so far. Order: as they were read. The list and its entries go on changing. */
  readonly entries: readonly LabEntry[]
  /** What was asked and had no answer, or was refused, in words. */
  readonly problems: readonly string[]
  /** Sums over all entries so far. */
  totals(): LabTotals
  /**
   * Waits until so many requests came, or until the condition holds; it is looked at after every change.
   *
   * @param options - `withinMs`: default 10,000
   * @returns the entries then
   * @throws {InputError} WAYSTONE_INPUT_LAB_WAIT when it does not come in time, or the lab is closed
   */
  until(condition: LabCondition, options?: { readonly withinMs?: number }): Promise<readonly LabEntry[]>
  /** Waits until no request is open. As {@link ModelLab.until}. */
  untilIdle(options?: { readonly withinMs?: number }): Promise<readonly LabEntry[]>
  /**
   * Checks that every prepared answer was used and that nothing else was asked.
   *
   * @throws {InputError} WAYSTONE_INPUT_SCRIPT_UNUSED, or WAYSTONE_INPUT_RECORDING_MISS for a recording, naming all that differs
   */
  assertComplete(): void
  /** Closes the server and every connection. May be called again. */
  close(): Promise<void>
}
