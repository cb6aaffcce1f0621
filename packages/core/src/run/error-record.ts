import { toJson, type JsonObject } from '../base/json.ts'
import { isFailureName } from '../errors/failure-names.ts'
import { InputError } from '../errors/input-error.ts'
import { NodeError } from '../errors/node-error.ts'
import { WaystoneError, type ErrorRecord } from '../errors/waystone-error.ts'

/** Longest message that a record keeps, characters; a thrown page of HTML does not fill the history. */
const longestErrorMessage = 4_000

/**
 * The record of anything that author code or a model threw: errors, strings, undefined, proxies that throw when looked at.
 *
 * No stack and nothing that differs from run to run. Secrets are taken out later, from the whole effect's end.
 *
 * @param isRepeatable - whether a failure whose author did not say may be tried again
 */
export function errorRecordOf(thrown: unknown, isRepeatable: boolean): ErrorRecord {
  try {
    return recordOf(thrown, isRepeatable)
  } catch {
    return threw('a value that cannot be looked at', isRepeatable)
  }
}

function recordOf(thrown: unknown, isRepeatable: boolean): ErrorRecord {
  if (WaystoneError.isInstance(thrown)) return recordOfOurs(thrown)
  if (thrown instanceof Error) {
    return {
      ...threw(thrown.message === '' ? 'an error without a message' : thrown.message, isRepeatable),
      name: nameOf(thrown),
    }
  }
  if (typeof thrown === 'string')
    return threw(`the text ${JSON.stringify(thrown)} was thrown, not an error`, isRepeatable)
  return threw(`${describe(thrown)} was thrown, not an error`, isRepeatable)
}

function recordOfOurs(error: WaystoneError): ErrorRecord {
  const record: ErrorRecord = { name: error.name, code: error.code, message: shorten(error.message) }
  const details = jsonDetails(error.details)
  // Another copy of the package may have thrown it, and one that knows other names.
  // What is no JSON was meant for somebody's input, but here a node has given it back.
  const failure: unknown = InputError.isInstance(error) ? 'bad-output' : error.failure
  return {
    ...record,
    ...(isFailureName(failure) && { failure }),
    retryable: NodeError.isInstance(error) && error.retryable,
    ...(details !== undefined && { details }),
  }
}

/** Least wait that a thrown {@link NodeError} asks for, ms. */
export function retryAfterOf(thrown: unknown): number | undefined {
  const wait = detailOf(thrown, ({ retryAfterMs }) => retryAfterMs)
  return typeof wait === 'number' && Number.isFinite(wait) && wait >= 0 ? wait : undefined
}

/** Reads something of a thrown {@link NodeError}; undefined for anything else, also for what cannot be looked at. */
export function detailOf<Detail>(thrown: unknown, read: (error: NodeError) => Detail): Detail | undefined {
  try {
    return NodeError.isInstance(thrown) ? read(thrown) : undefined
  } catch {
    return undefined
  }
}

function threw(message: string, retryable: boolean): ErrorRecord {
  return { name: 'Error', code: 'WAYSTONE_NODE_THREW', message: shorten(message), retryable }
}

function nameOf(error: Error): string {
  return typeof error.name === 'string' && error.name !== '' ? error.name.slice(0, 100) : 'Error'
}

function describe(value: unknown): string {
  if (value === undefined) return 'undefined'
  if (value === null) return 'null'
  return `a value of type ${typeof value}`
}

function shorten(message: string): string {
  return message.length <= longestErrorMessage
    ? message
    : `${message.slice(0, longestErrorMessage)}… (${message.length} characters)`
}

/** Details that do not survive JSON are dropped: a record must never be the reason why a checkpoint cannot be written. */
function jsonDetails(details: unknown): JsonObject | undefined {
  if (typeof details !== 'object' || details === null || Object.keys(details).length === 0) return undefined
  try {
    const copy: unknown = JSON.parse(JSON.stringify(details))
    return toJson(copy, 'details of an error') as JsonObject
  } catch {
    return undefined
  }
}
