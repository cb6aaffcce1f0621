import type { Place } from '../errors/definition-error.ts'
import { buildTarget } from './build-target.ts'
import type { BuildScope } from './build-scope.ts'
import { buildGuard } from './build-guards.ts'
import type { EdgeRecord, GuardExpression } from './graph.ts'
import { describeValue } from './issues.ts'
import { nodeDefinitionOf, referenceOf } from './node-reference.ts'
import { placeOf } from './place.ts'
import { checkKeys, isRecord, within, type Written } from './read-config.ts'

/** Reads branches and join of an edge into branches; undefined when they are wrong. */
export function buildFork(scope: BuildScope, options: Written): EdgeRecord['fork'] | undefined {
  const { fork, join } = options.config
  const read = readBranches(scope, options, fork)
  const meeting = readJoin(scope, options, join)
  if (read === undefined || meeting === undefined) return undefined
  const { branches, guarded } = read
  return { branches, join: meeting, ...(Object.keys(guarded).length > 0 && { guarded }) }
}

/** When an edge that forks is taken: its own guard holds, and if all branches have guards, one of them. */
export function forkGuard(when: GuardExpression | null, fork: NonNullable<EdgeRecord['fork']>): GuardExpression | null {
  const guards = fork.branches.map((branch) => fork.guarded?.[branch])
  if (guards.includes(undefined)) return when
  const any = guards.filter((guard) => guard !== undefined)
  const [only] = any
  const some: GuardExpression = any.length === 1 && only !== undefined ? only : { any }
  return when === null ? some : { all: [when, some] }
}

interface Branches {
  readonly branches: readonly string[]
  readonly guarded: { readonly [branch: string]: GuardExpression }
}

function readBranches(scope: BuildScope, options: Written, written: unknown): Branches | undefined {
  const place = within(options.place, 'fork')
  if (!Array.isArray(written) || written.length === 0) {
    scope.issues.add('WAYSTONE_DEFINITION_MISSING_TARGET', place, {
      message: `${options.subject}: fork is ${describeValue(written)}; expected is a list of the first nodes of its branches`,
      hint: 'Give fork: [n.search, n.price], join: n.merge.',
    })
    return undefined
  }
  const known = new Set<string>()
  const guarded: { [branch: string]: GuardExpression } = {}
  let isWhole = true
  for (const [index, one] of (written as readonly unknown[]).entries()) {
    const { name, when } = readBranch(scope, one, { ...options, place: within(place, String(index)) })
    if (name !== undefined && known.has(name)) {
      scope.issues.add('WAYSTONE_DEFINITION_DUPLICATE', place, {
        message: `${options.subject} forks into ${JSON.stringify(name)} twice`,
        hint: 'A node is active once: make a node for each branch, or use a map.',
      })
      isWhole = false
    }
    if (name === undefined) {
      isWhole = false
      continue
    }
    known.add(name)
    if (when !== null) guarded[name] = when
  }
  return isWhole ? { branches: [...known], guarded } : undefined
}

/** One branch: its first node, or that and a guard. */
function readBranch(
  scope: BuildScope,
  one: unknown,
  options: Written,
): { readonly name: string | undefined; readonly when: GuardExpression | null } {
  const isTarget = nodeDefinitionOf(one) !== undefined || referenceOf(one) !== undefined
  if (isTarget || !isRecord(one)) return { name: branchName(scope, one, options.place), when: null }
  checkKeys({ ...options, config: one }, ['to', 'when'])
  const name = branchName(scope, one['to'], options.place)
  return { name, when: one['when'] === undefined ? null : buildGuard(scope, one['when'], options.place) }
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
