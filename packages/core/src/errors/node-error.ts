import type { ErrorCode } from './codes.ts'
import type { FailureName } from './failure-names.ts'
import { failureOfCode, familyOf, WaystoneError, type ErrorDetails, type ErrorRecord } from './waystone-error.ts'

/** What may be said about a node's failure, all optional. */
export interface NodeErrorOptions {
  /** Whether another attempt may succeed. Default false. */
  readonly retryable?: boolean
  /** Least time to wait before the next attempt, in ms, e.g. from a Retry-After header. Default: the node's backoff. */
  readonly retryAfterMs?: number
  /** What went wrong, by its name; default what the code stands for. */
  readonly failure?: FailureName
  readonly details?: ErrorDetails
  readonly cause?: unknown
}

/**
 * A node's own work failed: executor, model, tool. Tools and tasks may throw it to say whether to retry.
 *
 * It becomes outcome `failed`: the next attempt when `retryable` and attempts are left, else the node's `failed` edge.
 */
export class NodeError extends WaystoneError {
  override readonly name = 'NodeError'
  readonly retryable: boolean
  readonly retryAfterMs: number | undefined
  override readonly failure: FailureName | undefined

  constructor(code: ErrorCode, message: string, options: NodeErrorOptions = {}) {
    super(code, message, options.details ?? {}, options.cause)
    this.retryable = options.retryable ?? false
    this.retryAfterMs = options.retryAfterMs
    this.failure = options.failure ?? failureOfCode(code)
  }

  /** True for an error of this family, also one that another copy of the package threw. */
  static override isInstance(value: unknown): value is NodeError {
    return familyOf(value) === 'node'
  }

  override toJSON(): ErrorRecord {
    return { ...super.toJSON(), retryable: this.retryable }
  }
}

/** Makes a {@link NodeError}. */
export function nodeError(code: ErrorCode, message: string, options: NodeErrorOptions = {}): NodeError {
  return new NodeError(code, message, options)
}

/**
 * Makes the error that a tool or task throws to say whether another attempt may help, and what went wrong by its name. Anything else it throws is retried unless the
 * effect is `unsafe`.
 *
 * @param options - codes of your own belong into `details`
 * @example
 * throw nodeFailure('the bank is closed', { retryable: true, retryAfterMs: 60_000 })
 */
export function nodeFailure(message: string, options: NodeErrorOptions = {}): NodeError {
  return new NodeError('WAYSTONE_NODE_THREW', message, options)
}
