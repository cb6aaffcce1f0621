import { durationMs } from '../define/duration.ts'
import type { Place } from '../errors/definition-error.ts'
import { describeValue, listOfNames, type IssueList } from './issues.ts'

/** A part of a definition that is being read: nothing in `config` has been checked. */
export interface Written {
  readonly config: Readonly<Record<string, unknown>>
  readonly place: Place
  /** For messages, e.g. `node "triage"`. */
  readonly subject: string
  readonly issues: IssueList
}

/** Reports keys that mean nothing here: mistyped, or of another kind. */
export function checkKeys(written: Written, allowed: readonly string[]): void {
  for (const key of Object.keys(written.config)) {
    if (allowed.includes(key)) continue
    written.issues.add('WAYSTONE_DEFINITION_UNKNOWN_KEY', within(written.place, key), {
      message: `${written.subject} has no option ${JSON.stringify(key)}`,
      hint: `Options are: ${allowed.join(', ')}.`,
    })
  }
}

/** The place of an option. */
export function within(place: Place, key: string): Place {
  return { ...place, path: `${place.path}.${key}` }
}

/** Reports an option with a wrong value. */
export function refuseValue(written: Written, key: string, expected: string): void {
  written.issues.add('WAYSTONE_DEFINITION_BAD_VALUE', within(written.place, key), {
    message: `${written.subject}: ${key} is ${describeValue(written.config[key])}; expected is ${expected}`,
    hint: `Give ${key} ${expected}.`,
  })
}

/** Text. @param fallback - when it is not given; without a fallback it must be */
export function readText(written: Written, key: string, fallback?: string): string {
  const value = written.config[key]
  if (typeof value === 'string') return value
  if (value !== undefined || fallback === undefined) refuseValue(written, key, 'text')
  return fallback ?? ''
}

/** True or false, default false. */
export function readFlag(written: Written, key: string): boolean {
  const value = written.config[key]
  if (value !== undefined && typeof value !== 'boolean') refuseValue(written, key, 'true or false')
  return value === true
}

/** A whole number, `least` or more. */
export function readCount(
  written: Written,
  key: string,
  range: { readonly least: number; readonly fallback: number },
): number {
  const value = written.config[key]
  if (value === undefined) return range.fallback
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= range.least) return value
  refuseValue(written, key, `a whole number, ${range.least} or more`)
  return range.fallback
}

/** A duration in ms; null when it is not given. */
export function readDuration(written: Written, key: string): number | null {
  const value = written.config[key]
  if (value === undefined) return null
  const ms = durationMs(value)
  if (ms !== undefined && ms > 0) return ms
  written.issues.add('WAYSTONE_DEFINITION_BAD_DURATION', within(written.place, key), {
    message: `${written.subject}: ${key} is ${describeValue(value)}, which is no duration`,
    hint: "Give milliseconds or a number with ms, s, m, h or d, such as '30m' or '2d'; more than 0.",
  })
  return null
}

/** One of some words. */
export function readChoice<const Choice extends string>(
  written: Written,
  key: string,
  allowed: readonly [Choice, ...Choice[]],
): Choice | undefined {
  const value = written.config[key]
  const found = allowed.find((choice) => choice === value)
  if (found === undefined && value !== undefined) refuseValue(written, key, `one of ${listOfNames(allowed)}`)
  return found
}

/** A list of names, each once; default none. */
export function readNames(written: Written, key: string): readonly string[] {
  const value = written.config[key]
  if (value === undefined) return []
  if (!Array.isArray(value) || !value.every((name) => typeof name === 'string')) {
    refuseValue(written, key, 'a list of names')
    return []
  }
  const names = new Set<string>()
  for (const name of value as readonly string[]) {
    if (names.has(name)) {
      written.issues.add('WAYSTONE_DEFINITION_DUPLICATE', within(written.place, key), {
        message: `${written.subject}: ${key} names ${JSON.stringify(name)} twice`,
        hint: 'Name it once.',
      })
    }
    names.add(name)
  }
  return [...names]
}

/** A list of state keys. */
export function readStateKeys(written: Written, key: string, known: ReadonlySet<string>): readonly string[] {
  return readNames(written, key).filter((name) => isStateKey(written, { name, key, known }))
}

function isStateKey(
  written: Written,
  { name, key, known }: { readonly name: string; readonly key: string; readonly known: ReadonlySet<string> },
): boolean {
  if (known.has(name)) return true
  written.issues.add('WAYSTONE_DEFINITION_UNKNOWN_STATE_KEY', within(written.place, key), {
    message: `${written.subject}: ${key} names ${JSON.stringify(name)}, which is no state key`,
    hint: `State keys are: ${listOfNames(known)}.`,
  })
  return false
}

/** A function of the author's. What it is given and gives back is checked where it is called. */
export type AuthorFunction = (...given: readonly unknown[]) => unknown

/** A function; null when it is not given. */
export function readFunction(written: Written, key: string): AuthorFunction | null {
  const value = written.config[key]
  if (typeof value === 'function') return value as AuthorFunction
  if (value !== undefined) refuseValue(written, key, 'a function')
  return null
}

/** A plain object of options; undefined when it is not given. */
export function readObject(written: Written, key: string): Readonly<Record<string, unknown>> | undefined {
  const value = written.config[key]
  if (value === undefined) return undefined
  if (isRecord(value)) return value
  refuseValue(written, key, 'an object')
  return undefined
}

/** True for an object that is no list. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** True for a name of a node, workflow or outcome. Names that every object has, such as `constructor`, are none. */
export function isName(text: string): boolean {
  return /^[A-Za-z][A-Za-z0-9_-]*$/.test(text) && !(text in Object.prototype)
}
