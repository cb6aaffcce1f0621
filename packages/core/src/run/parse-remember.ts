import { takeJson, type JsonObject } from '../base/json.ts'
import { durationMs } from '../define/duration.ts'
import { inputError } from '../errors/input-error.ts'
import type { Remembered } from '../snapshot/sticky-rule.ts'
import { checkOptions, knownOptions } from './known-options.ts'
import type { RememberInput } from './runtime.ts'

const rememberOptions = knownOptions<RememberInput>('`remember` of a decision was given', 'WAYSTONE_INPUT_DECISION', {
  scope: true,
  arguments: true,
  expiresIn: true,
})

/** What a person wants remembered of a decision. @param at - when they decide, ms since the epoch @throws {InputError} WAYSTONE_INPUT_DECISION */
export function parseRemember(given: RememberInput | undefined, at: number): { readonly remember?: Remembered } {
  if (given === undefined) return {}
  checkOptions(rememberOptions, given)
  const { scope, arguments: wanted = 'same', expiresIn } = given
  if (scope !== 'run' && scope !== 'workflow')
    throw bad(`scope is ${JSON.stringify(scope)}; allowed are "run" and "workflow"`)
  const lastsMs = durationMs(expiresIn)
  if (expiresIn !== undefined && (lastsMs === undefined || lastsMs <= 0))
    throw bad(`expiresIn is ${JSON.stringify(expiresIn)}; allowed is a time such as "30d" or a number of ms`)
  return {
    remember: {
      scope,
      ...(wanted !== 'same' && { arguments: wanted === 'any' ? null : namedArguments(wanted) }),
      ...(lastsMs !== undefined && { expiresAt: at + lastsMs }),
    },
  }
}

function namedArguments(wanted: JsonObject): JsonObject {
  if (typeof wanted !== 'object' || wanted === null || Array.isArray(wanted) || Object.keys(wanted).length === 0)
    throw bad('arguments are "same", "any", or an object with those that a call must have')
  return takeJson(wanted, 'arguments of a rule') as JsonObject
}

function bad(why: string): Error {
  return inputError('WAYSTONE_INPUT_DECISION', `the decision cannot be remembered: ${why}`)
}
