import type { ErrorCode } from './codes.ts'
import { familyOf, WaystoneError, type ErrorDetails } from './waystone-error.ts'

/** The code changed under a stored history; names the first sequence that differs. */
export class ReplayError extends WaystoneError {
  override readonly name = 'ReplayError'

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}, cause?: unknown) {
    super(code, message, details, cause)
  }

  /** True for an error of this family, also one that another copy of the package threw. */
  static override isInstance(value: unknown): value is ReplayError {
    return familyOf(value) === 'replay'
  }
}

/** Makes a {@link ReplayError}. @param cause - the error underneath, always kept */
export function replayError(
  code: ErrorCode,
  message: string,
  details: ErrorDetails = {},
  cause?: unknown,
): ReplayError {
  return new ReplayError(code, message, details, cause)
}
