import type { Place } from '../errors/definition-error.ts'
import { buildTarget } from './build-target.ts'
import type { BuildScope } from './build-scope.ts'
import type { EdgeRecord } from './graph.ts'
import { describeValue } from './issues.ts'
import { nodeDefinitionOf, referenceOf } from './node-reference.ts'
import { placeOf } from './place.ts'
import { within, type Written } from './read-config.ts'

/** Reads branches and join of an edge into branches; undefined when they are wrong. */
export function buildFork(scope: BuildScope, options: Written): EdgeRecord['fork'] | undefined {
  const { fork, join } = options.config
  const branches = readBranches(scope, options, fork)
  const meeting = readJoin(scope, options, join)
  return branches === undefined || meeting === undefined ? undefined : { branches, join: meeting }
}

function readBranches(scope: BuildScope, options: Written, written: unknown): readonly string[] | undefined {
  const place = within(options.place, 'fork')
  if (!Array.isArray(written) || written.length === 0) {
    scope.issues.add('WAYSTONE_DEFINITION_MISSING_TARGET', place, {
      message: `${options.subject}: fork is ${describeValue(written)}; expected is a list of the first nodes of its branches`,
      hint: 'Give fork: [n.search, n.price], join: n.merge.',
    })
    return undefined
  }
  const names = (written as readonly unknown[]).map((one, index) =>
    branchName(scope, one, within(place, String(index))),
  )
  const known = new Set<string>()
  for (const name of names) {
    if (name !== undefined && known.has(name)) {
      scope.issues.add('WAYSTONE_DEFINITION_DUPLICATE', place, {
        message: `${options.subject} forks into ${JSON.stringify(name)} twice`,
        hint: 'A node is active once: make a node for each branch, or use a map.',
      })
    }
    if (name !== undefined) known.add(name)
  }
  return known.size === names.length ? [...known] : undefined
}

function branchName(scope: BuildScope, written: unknown, fallback: Place): string | undefined {
  const source = referenceOf(written)?.source
  const place = source === undefined ? fallback : placeOf(fallback.path, source)
  const target = buildTarget(scope, written, place)
  if (target === undefined) return undefined
  if (!target.startsWith(':') && !isJoin(written)) return target
  scope.issues.add('WAYSTONE_DEFINITION_MISSING_TARGET', place, {
    message: `a branch begins with ${target.startsWith(':') ? 'the end of the run' : `join ${JSON.stringify(target)}`}, not with a node that works`,
    hint: 'Give the first node of the branch.',
  })
  return undefined
}

/** Reads the join of an edge that begins branches; undefined when it is none. */
export function readJoin(scope: BuildScope, options: Written, written: unknown): string | undefined {
  const path = `${options.place.path}.join`
  const source = referenceOf(written)?.source
  const place = source === undefined ? within(options.place, 'join') : placeOf(path, source)
  if (written === undefined) {
    scope.issues.add('WAYSTONE_DEFINITION_MISSING_TARGET', place, {
      message: `${options.subject} forks and names no join`,
      hint: 'Give join: n.merge, made with w.join(…).',
    })
    return undefined
  }
  const target = buildTarget(scope, written, place)
  if (target === undefined || isJoin(written)) return target
  scope.issues.add('WAYSTONE_DEFINITION_MISSING_TARGET', place, {
    message: `${options.subject} joins at ${target.startsWith(':') ? 'the end of the run' : JSON.stringify(target)}, which is no join`,
    hint: 'Make the join with w.join(…).',
  })
  return undefined
}

/** True for a join of this or another table. */
export function isJoin(written: unknown): boolean {
  return nodeDefinitionOf(written)?.kind === 'join'
}
