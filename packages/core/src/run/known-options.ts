import { nearestName } from '../base/nearest-name.ts'
import type { ErrorCode } from '../errors/codes.ts'
import { inputError } from '../errors/input-error.ts'
import { describeValue } from '../graph/issues.ts'

/** The names of all options of a kind; the compiler refuses a table that lacks one or has another. */
export type OptionNames<Options> = { readonly [Name in keyof Required<Options>]: true }

/** The options of a call, and how to refuse what they are not. */
export interface KnownOptions {
  /** Subject and verb for messages: `createRuntime was given`. */
  readonly what: string
  readonly code: ErrorCode
  readonly names: readonly string[]
}

/** What {@link checkOptions} needs to know of options; read once, since their names never change. */
export function knownOptions<Options>(
  what: string,
  code: ErrorCode,
  names: OptionNames<NoInfer<Options>>,
): KnownOptions {
  return Object.freeze({ what, code, names: Object.freeze(Object.keys(names)) })
}

/**
 * Refuses options that are no object, and those whose names mean nothing: what is mistyped would be left out in silence.
 *
 * @throws {InputError} the code of the options
 */
export function checkOptions(known: KnownOptions, given: unknown): void {
  const { what, code, names } = known
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw inputError(code, `${what} ${describeValue(given)}; an object with ${names.join(', ')} belongs there`)
  const unknown = Object.keys(given).find((name) => !names.includes(name))
  if (unknown === undefined) return
  const meant = nearestName(unknown, names)
  const hint = meant === undefined ? '' : `; did you mean ${JSON.stringify(meant)}?`
  throw inputError(code, `${what} ${JSON.stringify(unknown)}; allowed are: ${names.join(', ')}${hint}`)
}
