import type { z } from 'zod'
import { listOfNames } from './issues.ts'
import { refuseValue, within, type Written } from './read-config.ts'
import { definitionOf, isSchema, schemaProblems } from './zod-json.ts'

/** A z.object whose keys are state keys. */
export interface StateObject {
  readonly schema: z.ZodType
  readonly keys: readonly string[]
  /** False: some of its values do not survive JSON, which has been reported. */
  readonly isJson: boolean
}

/**
 * Reads an option that is a z.object over state keys; undefined, and reported, when it is none.
 *
 * @param hints - what to do about values that do not survive JSON, and about a key that is no state key (the keys follow)
 */
export function readStateObject(
  written: Written,
  key: string,
  {
    stateKeys,
    hints,
  }: { readonly stateKeys: ReadonlySet<string>; readonly hints: { readonly value: string; readonly keys: string } },
): StateObject | undefined {
  const schema = written.config[key]
  const shape = isSchema(schema) ? definitionOf(schema)['shape'] : undefined
  if (!isSchema(schema) || typeof shape !== 'object' || shape === null) {
    refuseValue(written, key, 'a z.object whose keys are state keys')
    return undefined
  }
  const place = within(written.place, key)
  const problems = schemaProblems(schema, { side: 'output', isOpenAllowed: false })
  for (const { path, found } of problems) {
    written.issues.add('WAYSTONE_DEFINITION_BAD_SCHEMA', place, {
      message: `${written.subject}: ${key} holds ${found} at ${path}, which does not survive JSON as it is`,
      hint: hints.value,
    })
  }
  const keys = Object.keys(shape)
  for (const name of keys.filter((found) => !stateKeys.has(found))) {
    written.issues.add('WAYSTONE_DEFINITION_UNKNOWN_STATE_KEY', place, {
      message: `${written.subject}: ${key} has ${JSON.stringify(name)}, which is no state key`,
      hint: `${hints.keys}: ${listOfNames(stateKeys)}.`,
    })
  }
  return { schema, keys, isJson: problems.length === 0 }
}
