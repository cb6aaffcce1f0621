import { toJson } from '../base/json.ts'
import type { ErrorRecord } from '../errors/waystone-error.ts'

/**
 * An error as a snapshot holds it: deeply frozen JSON. One that came with an event is that already and stays the same object, so
 * that patches can point to it. Details that are no JSON, as author code may throw them, are left out.
 */
export function frozenError(error: ErrorRecord): ErrorRecord {
  if (Object.isFrozen(error)) return error
  const { details, ...rest } = error
  try {
    return toJson(JSON.parse(JSON.stringify(details === undefined ? rest : error)), 'error') as unknown as ErrorRecord
  } catch {
    return Object.freeze(rest)
  }
}
