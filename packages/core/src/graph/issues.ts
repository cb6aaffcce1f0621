import type { ErrorCode } from '../errors/codes.ts'
import { DefinitionError, type DefinitionIssue, type Place } from '../errors/definition-error.ts'

/** What was found, and what to do about it. */
export interface IssueText {
  readonly message: string
  readonly hint: string
}

/** Collects what is wrong with a definition, so that all of it is said at once. */
export interface IssueList {
  add(code: ErrorCode, place: Place, text: IssueText): void
  /** @throws {DefinitionError} when there is any issue */
  throwIfAny(): void
}

/** An empty list of issues. Order: as found. */
export function issueList(): IssueList {
  const issues: DefinitionIssue[] = []
  return {
    add: (code, place, { message, hint }) => void issues.push(Object.freeze({ code, message, hint, place })),
    throwIfAny: () => {
      const [first, ...rest] = issues
      if (first !== undefined) throw new DefinitionError([first, ...rest])
    },
  }
}

/** Writes names for a message: `"a", "b"`; `none` for no name. */
export function listOfNames(names: Iterable<string>): string {
  const quoted = [...names].map((name) => JSON.stringify(name))
  return quoted.length === 0 ? 'none' : quoted.join(', ')
}

/** Says what a value is, for a message about a wrong one. */
export function describeValue(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') return String(value)
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}
