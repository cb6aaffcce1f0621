import type { ErrorCode } from './codes.ts'
import { familyOf, WaystoneError, type ErrorDetails } from './waystone-error.ts'

/** A fault of Waystone itself. Please report it; the message has the ids. */
export class InvariantError extends WaystoneError {
  override readonly name = 'InvariantError'

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}, cause?: unknown) {
    super(code, message, details, cause)
  }

  /** True for an error of this family, also one that another copy of the package threw. */
  static override isInstance(value: unknown): value is InvariantError {
    return familyOf(value) === 'bug'
  }
}

/** Makes a {@link InvariantError}. @param cause - the error underneath, always kept */
export function invariantError(
  code: ErrorCode,
  message: string,
  details: ErrorDetails = {},
  cause?: unknown,
): InvariantError {
  return new InvariantError(code, message, details, cause)
}
