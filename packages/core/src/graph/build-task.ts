import { buildBase, effectKeys, readEffect, readOutcomes } from './build-base.ts'
import { readCompensation } from './build-compensation.ts'
import type { BuiltNode, NodeSite } from './build-scope.ts'
import { readMemory, refuseMemoryOfPure } from './build-memory.ts'
import { checkKeys, readFunction, readStateKeys, refuseValue } from './read-config.ts'

/** Reads a task. */
export function buildTask(site: NodeSite): BuiltNode {
  const { written, scope } = site
  checkKeys(written, [...effectKeys, 'writes', 'effect', 'outcomes', 'memory', 'run', 'compensate'])
  const run = readFunction(written, 'run')
  if (written.config['run'] === undefined) refuseValue(written, 'run', 'a function')
  const base = buildBase(site, {
    effect: readEffect(written, null),
    writes: readStateKeys(written, 'writes', scope.stateKeys),
    outcomes: readOutcomes(written) ?? ['done'],
  })
  if (base.effect === 'pure') refuseMemoryOfPure(written)
  const { id, reads, effect } = base
  const undo = readCompensation({ scope, id, written, reads, effect, mayDecline: false })
  return {
    record: { ...base, kind: 'task', ...readMemory(written, 'write'), ...(undo && { compensate: undo.record }) },
    functions: {
      kind: 'task',
      ...(undo && { compensate: undo.functions }),
      run: (input, context) => run?.(input, context),
    },
  }
}
