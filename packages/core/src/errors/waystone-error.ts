import { errorCodes, type CodeEntry, type ErrorCode, type ErrorFamily } from './codes.ts'
import type { FailureName } from './failure-names.ts'

/** Machine-readable facts of an error, JSON only, e.g. `{ runId, node, stepIndex, path }`. */
export type ErrorDetails = Readonly<Record<string, unknown>>

/** What a checkpoint, an event and `--json` output hold of an error: no stack, no time, nothing random. */
export interface ErrorRecord {
  readonly name: string
  readonly code: string
  readonly message: string
  /** What went wrong, by its name; absent: nothing that has one. */
  readonly failure?: FailureName
  /** For a node's error: whether another attempt may succeed. */
  readonly retryable?: boolean
  readonly details?: ErrorDetails
}

const marker = Symbol.for('waystone.error')

/**
 * The base of every error that Waystone throws. Tell errors apart by `code`, or by family with the subclasses' `isInstance`.
 *
 * Shape: `code` is stable for ever and documented in docs/errors.md; `message` says what was wrong, what was found and what is allowed.
 */
export abstract class WaystoneError extends Error {
  readonly code: ErrorCode
  readonly details: ErrorDetails
  readonly failure: FailureName | undefined
  readonly [marker]: ErrorFamily

  protected constructor(code: ErrorCode, message: string, details: ErrorDetails, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    this.details = details
    this.failure = failureOfCode(code)
    this[marker] = errorCodes[code].family
  }

  /** True for any error of Waystone, also one that another copy of the package threw. */
  static isInstance(value: unknown): value is WaystoneError {
    return familyOf(value) !== undefined
  }

  /** The part that is stored and printed. */
  toJSON(): ErrorRecord {
    const { name, code, message, failure } = this
    const base = { name, code, message, ...(failure !== undefined && { failure }) }
    return Object.keys(this.details).length === 0 ? base : { ...base, details: this.details }
  }
}

/** The failure that a code stands for; undefined: none that has a name. */
export function failureOfCode(code: ErrorCode): FailureName | undefined {
  const entry: CodeEntry = errorCodes[code]
  return entry.failure
}

/** The family of an error of Waystone, from this or another copy of the package; undefined for anything else. */
export function familyOf(value: unknown): ErrorFamily | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  return (value as { [marker]?: ErrorFamily })[marker]
}
