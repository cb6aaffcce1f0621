import type { ErrorCode } from './codes.ts'
import { familyOf, WaystoneError } from './waystone-error.ts'

/** Where something was written: file relative to its package, 1-based line and column; and the path inside the workflow. */
export interface Place {
  /** Path inside the workflow, e.g. `refunds.edges.tone.rude`. */
  readonly path: string
  /** File relative to the nearest package folder, with `/`; absent when the platform gave no usable stack. */
  readonly file?: string
  /** 1-based. */
  readonly line?: number
  /** 1-based. */
  readonly column?: number
}

/** One thing wrong with a definition: what was found, what is allowed, where, and what to do. */
export interface DefinitionIssue {
  readonly code: ErrorCode
  readonly message: string
  readonly hint: string
  readonly place: Place
}

/** A workflow definition is wrong; holds every issue found. Nothing has run. */
export class DefinitionError extends WaystoneError {
  override readonly name = 'DefinitionError'
  readonly issues: readonly DefinitionIssue[]

  constructor(issues: readonly [DefinitionIssue, ...DefinitionIssue[]]) {
    const lines = issues.map(
      (issue) => `${formatPlace(issue.place)}: ${issue.message} (${issue.code})\n  ${issue.hint}`,
    )
    super(issues[0].code, lines.join('\n'), { issues })
    this.issues = issues
  }

  /** True for an error of this family, also one that another copy of the package threw. */
  static override isInstance(value: unknown): value is DefinitionError {
    return familyOf(value) === 'definition'
  }
}

/** Writes a place as people and editors read it: `src/refunds.ts:14 refunds.edges.tone.rude`. */
export function formatPlace(place: Place): string {
  if (place.file === undefined) return place.path
  const line = place.line === undefined ? '' : `:${place.line}`
  return `${place.file}${line} ${place.path}`
}
