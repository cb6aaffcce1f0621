import type { ErrorCode } from './codes.ts'
import { familyOf, WaystoneError, type ErrorDetails } from './waystone-error.ts'

/** What a caller passed in is wrong: input, decision, file, argument. Fix the call; the run is unchanged. */
export class InputError extends WaystoneError {
  override readonly name = 'InputError'

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}, cause?: unknown) {
    super(code, message, details, cause)
  }

  /** True for an error of this family, also one that another copy of the package threw. */
  static override isInstance(value: unknown): value is InputError {
    return familyOf(value) === 'input'
  }
}

/** Makes a {@link InputError}. @param cause - the error underneath, always kept */
export function inputError(code: ErrorCode, message: string, details: ErrorDetails = {}, cause?: unknown): InputError {
  return new InputError(code, message, details, cause)
}
