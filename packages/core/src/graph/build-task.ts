import { buildBase, effectKeys, readEffect, readOutcomes } from './build-base.ts'
import type { BuiltNode, NodeSite } from './build-scope.ts'
import { readMemory, refuseMemoryOfPure } from './build-memory.ts'
import { checkKeys, readFunction, readStateKeys, refuseValue } from './read-config.ts'

/** Reads a task. */
export function buildTask(site: NodeSite): BuiltNode {
  const { written, scope } = site
  checkKeys(written, [...effectKeys, 'writes', 'effect', 'outcomes', 'memory', 'run'])
  const run = readFunction(written, 'run')
  if (written.config['run'] === undefined) refuseValue(written, 'run', 'a function')
  const base = buildBase(site, {
    effect: readEffect(written, null),
    writes: readStateKeys(written, 'writes', scope.stateKeys),
    outcomes: readOutcomes(written) ?? ['done'],
  })
  if (base.effect === 'pure') refuseMemoryOfPure(written)
  return {
    record: { ...base, kind: 'task', ...readMemory(written, 'write') },
    functions: { kind: 'task', run: (input, context) => run?.(input, context) },
  }
}
