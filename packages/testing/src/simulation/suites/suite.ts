import type { Workflow } from '@waystone/core'

/** At least and at most so many. */
export type RunCount = readonly [from: number, to: number]

/**
 * What one list of seeds simulates. A construct has a suite of its own, so that what is rare in the others stays as frequent as it was.
 */
export interface Suite {
  readonly name: string
  /** Seeds of it for each seed of a run, up to 1. */
  readonly share: number
  /** Order: by it seeds choose. */
  readonly workflows: readonly Workflow[]
  /** How many runs a seed wants, both ends included; default 2 to 5. Fewer where each run is long, so that no seed costs much more than others. */
  readonly runs?: RunCount
  /** True: clocks are set back, processes drive few runs at once, and runs are deleted. Absent: none of it. */
  readonly hasMishaps?: boolean
  /** True: the last workflow is met by one seed of twelve only, so that what the others do stays what it was. Absent: all are met alike. */
  readonly hasRareLast?: boolean
  /** What must have been seen at least once over its seeds; a row that stays at zero means that nothing was shown about it. */
  readonly rows: readonly string[]
}

/** A suite. Inputs of its workflows are one type, which no caller needs to know. */
export function suite<const Name extends string>(
  parts: Omit<Suite, 'name' | 'workflows'> & { readonly name: Name; readonly workflows: readonly unknown[] },
): Suite & { readonly name: Name } {
  // A workflow's type names its input and state, and the list holds workflows of several.
  return { ...parts, workflows: parts.workflows as readonly Workflow[] }
}
