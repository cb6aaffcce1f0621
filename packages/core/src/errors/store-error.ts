import type { ErrorCode } from './codes.ts'
import { familyOf, WaystoneError, type ErrorDetails } from './waystone-error.ts'

/** The store refused or failed: conflict, missing, corrupt, newer format, full disk. A conflict means another owner advanced the run. */
export class StoreError extends WaystoneError {
  override readonly name = 'StoreError'

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}, cause?: unknown) {
    super(code, message, details, cause)
  }

  /** True for an error of this family, also one that another copy of the package threw. */
  static override isInstance(value: unknown): value is StoreError {
    return familyOf(value) === 'store'
  }
}

/** Makes a {@link StoreError}. @param cause - the error underneath, always kept */
export function storeError(code: ErrorCode, message: string, details: ErrorDetails = {}, cause?: unknown): StoreError {
  return new StoreError(code, message, details, cause)
}
