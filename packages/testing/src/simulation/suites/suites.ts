import { InputError } from '@waystone/core'
import { combined } from './combined.ts'
import { core } from './core.ts'
import { groups } from './groups.ts'
import { handoffs } from './handoffs.ts'
import { items } from './items.ts'
import { maps } from './maps.ts'
import { meetings } from './meetings.ts'
import { nested } from './nested.ts'
import { operators } from './operators.ts'
import { undoing } from './undoing.ts'
import type { Suite } from './suite.ts'
import { waits } from './waits.ts'

const all = [core, maps, meetings, nested, items, waits, handoffs, groups, undoing, operators, combined] as const

/** Name of a suite. */
export type SuiteName = (typeof all)[number]['name']

/** All suites. Order: the engine first. */
export const suites: readonly (Suite & { readonly name: SuiteName })[] = all

/** @throws {InputError} WAYSTONE_INPUT_ARGUMENT for a name that no suite has */
export function suiteOf(name: string): Suite & { readonly name: SuiteName } {
  const found = suites.find((suite) => suite.name === name)
  if (found === undefined)
    throw new InputError(
      'WAYSTONE_INPUT_ARGUMENT',
      `no suite "${name}"; there are ${suites.map((suite) => suite.name).join(', ')}`,
    )
  return found
}

/** How many seeds of a suite belong to so many seeds of a run. */
export function seedsOf({ share }: Suite, seeds: number): number {
  return Math.ceil(seeds * share)
}
