import { toJson, type JsonObject } from '../base/json.ts'
import type { ErrorCode } from '../errors/codes.ts'
import { failureOfCode, type ErrorRecord } from '../errors/waystone-error.ts'

/** A failure that the engine itself finds, as a snapshot holds it. Another attempt does not help. */
export function engineError(code: ErrorCode, message: string, details?: JsonObject): ErrorRecord {
  const failure = failureOfCode(code)
  return Object.freeze({
    name: 'NodeError',
    code,
    message,
    ...(failure !== undefined && { failure }),
    retryable: false,
    ...(details !== undefined && { details: Object.freeze(details) }),
  })
}

/** An error that author code threw, as deeply frozen JSON. Details that are no JSON are left out. */
export function frozenError(error: ErrorRecord): ErrorRecord {
  const { details, ...rest } = error
  try {
    return toJson(JSON.parse(JSON.stringify(details === undefined ? rest : error)), 'error') as unknown as ErrorRecord
  } catch {
    return Object.freeze(rest)
  }
}
