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
  const hint = record.code === null ? undefined : hints[record.code]
  if (hint !== undefined) note(hint)
  else if (exit === 'bug' && !isDebug) note('This was not expected. Add --debug to see where it happened.')
  return exit
}

/** What to do where a workflow was changed under a run. */
export const oldFileHint = 'Take the change back, or name a file that has the workflow as it was: --file PATH.'

/** What to do at a command line, where the message alone does not say it. */
const hints: { readonly [code: string]: string } = {
  WAYSTONE_BUG_IMPURE_PLAN:
    'Let it depend on its arguments only: no clock, no randomness, no variable outside. Nothing wrong was stored; resume the run then.',
  WAYSTONE_REPLAY_DEFINITION_CHANGED: oldFileHint,
  WAYSTONE_INPUT_SECRETS_MISSING: 'Set environment variables of these names, or give `secrets` in waystone.config.ts.',
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
