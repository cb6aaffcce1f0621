import { DefinitionError, InputError, NodeError, ReplayError, StoreError, WaystoneError } from '@waystone/core'
import type { Context } from '../command.ts'
import type { ExitName } from '../exit-codes.ts'
import { printable } from './printable.ts'

/**
 * Prints an error as a person needs it: what was wrong, what was found, what is allowed, and the code.
 *
 * @param isDebug - also print the stack
 * @returns the exit code that belongs to its family
 */
export function reportError(error: unknown, context: Context, isDebug: boolean): ExitName {
  const exit = exitNameOf(error)
  const record = WaystoneError.isInstance(error)
    ? error.toJSON()
    : { name: nameOf(error), code: null, message: messageOf(error) }
  context.json({ error: record })
  const { style, note } = context
  const code = record.code === null ? '' : ` ${style('quiet', `(${record.code})`)}`
  note(`${style('bad', 'error:')} ${printable(record.message)}${code}`)
  if (isDebug) note(...stackOf(error))
  else if (exit === 'bug') note('This was not expected. Add --debug to see where it happened.')
  return exit
}

/** The exit code that belongs to an error's family. */
export function exitNameOf(error: unknown): ExitName {
  if (InputError.isInstance(error)) return 'call'
  if (StoreError.isInstance(error)) return storeExits[error.code] ?? 'store'
  if (DefinitionError.isInstance(error) || NodeError.isInstance(error) || ReplayError.isInstance(error)) return 'failed'
  return 'bug'
}

const storeExits: { readonly [code: string]: ExitName } = { WAYSTONE_STORE_RUN_UNKNOWN: 'call' }

/** What an error says, whatever was thrown. */
export function messageOf(error: unknown): string {
  if (error instanceof Error) return error.message
  return typeof error === 'string' ? error : `something that is no Error was thrown: ${typeof error}`
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : 'Error'
}

function stackOf(error: unknown): readonly string[] {
  if (!(error instanceof Error)) return []
  const own = printable(error.stack ?? '')
  return error.cause === undefined ? [own] : [own, 'caused by:', ...stackOf(error.cause)]
}
