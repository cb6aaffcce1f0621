import { StoreError } from '@waystone/core'

/** True when a live process owns the run; its message names that process. */
export function isOwned(error: unknown): error is StoreError {
  return StoreError.isInstance(error) && error.code === 'WAYSTONE_STORE_OWNED'
}
