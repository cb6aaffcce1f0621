import type { MemoryUseRecord } from './graph.ts'
import { isRecord, refuseValue, within, type Written } from './read-config.ts'

/**
 * Reads `memory` of a tool, task or gate.
 *
 * @param most - `read` where nothing may be written
 * @returns a field of the record; none when it is not given
 */
export function readMemory(written: Written, most: 'read' | 'write'): { readonly memory?: MemoryUseRecord } {
  const given = written.config['memory']
  if (given === undefined) return {}
  const expected = `{ scope, access } with a list of 1 to 8 texts or { tag } and ${most === 'read' ? "'read'" : "'read' or 'write'"}`
  const memory = isRecord(given) ? memoryOf(given, most) : undefined
  if (memory !== undefined) return { memory }
  refuseValue(written, 'memory', expected)
  return {}
}

/** What is remembered changes, and what is `pure` gives the same whenever it is asked. */
export function refuseMemoryOfPure(written: Written): void {
  if (written.config['memory'] === undefined) return
  written.issues.add('WAYSTONE_DEFINITION_BAD_VALUE', within(written.place, 'memory'), {
    message: `${written.subject} is pure and uses long-term memory, which changes`,
    hint: 'Make it idempotent if it only reads, keyed if it writes.',
  })
}

function memoryOf(given: Readonly<Record<string, unknown>>, most: 'read' | 'write'): MemoryUseRecord | undefined {
  const { scope, access, ...rest } = given
  if (!Array.isArray(scope) || scope.length === 0 || scope.length > 8 || Object.keys(rest).length > 0) return undefined
  if (access !== 'read' && (access !== 'write' || most === 'read')) return undefined
  const parts = scope.map(partOf).filter((part) => part !== undefined)
  return parts.length === scope.length ? { scope: parts, access } : undefined
}

function partOf(part: unknown): MemoryUseRecord['scope'][number] | undefined {
  if (isName(part)) return { name: part }
  if (!isRecord(part) || Object.keys(part).length !== 1) return undefined
  return isName(part['tag']) ? { tag: part['tag'] } : undefined
}

function isName(part: unknown): part is string {
  return typeof part === 'string' && part !== '' && part.length <= 128 && !/\p{Cc}/u.test(part) && part.isWellFormed()
}
