import { guardMarker, type GuardDefinition, type GuardTree } from '../define/guard.ts'
import type { Place } from '../errors/definition-error.ts'
import { failureNames, isFailureName } from '../errors/failure-names.ts'
import { partOf, type BuildScope } from './build-scope.ts'
import { collectNamed } from './collect-named.ts'
import type { GuardExpression, GuardRecord } from './graph.ts'
import { buildTarget } from './build-target.ts'
import { describeValue } from './issues.ts'
import { nodeDefinitionOf } from './node-reference.ts'
import { readCount, readStateKeys, type Written } from './read-config.ts'
import type { Registry, Slice } from './registry.ts'

/** Reads a guard or an expression over guards, and collects the guards in it. Null when it is none. */
export function buildGuard(scope: BuildScope, written: unknown, place: Place): GuardExpression | null {
  return expressionOf(scope, written, { place, outcome: null })
}

/** As {@link buildGuard}, on an edge of an outcome: there names of failures are allowed as well. */
export function buildEdgeGuard(
  scope: BuildScope,
  written: unknown,
  site: { readonly place: Place; readonly outcome: string },
): GuardExpression | null {
  return expressionOf(scope, written, site)
}

interface GuardSite {
  readonly place: Place
  /** Null: it is on no edge. */
  readonly outcome: string | null
}

function expressionOf(scope: BuildScope, written: unknown, site: GuardSite): GuardExpression | null {
  const { place } = site
  const tree = treeOf(written)
  if (tree === undefined) {
    scope.issues.add('WAYSTONE_DEFINITION_BAD_GUARD', place, {
      message: `${partOf(scope, place)}: found ${describeValue(written)} where a guard is expected`,
      hint: 'Make guards with w.guard(name, reads, function), and combine them with w.not, w.all and w.any.',
    })
    return null
  }
  if (tree.type === 'guard') return collect(scope, tree, place)
  if (tree.type === 'failure') return failureNamed(scope, tree.name, site)
  if (tree.type === 'active') return activeNode(scope, tree.node, site)
  if (tree.type === 'not') {
    const inner = expressionOf(scope, tree.of, site)
    return inner === null ? null : { not: inner }
  }
  const parts = tree.of.map((part) => expressionOf(scope, part, site)).filter((part) => part !== null)
  if (tree.of.length === 0) {
    scope.issues.add('WAYSTONE_DEFINITION_BAD_GUARD', place, {
      message: `${partOf(scope, place)}: w.${tree.type} of no guards`,
      hint: 'Give it at least one guard.',
    })
  }
  return tree.type === 'all' ? { all: parts } : { any: parts }
}

function activeNode(scope: BuildScope, node: unknown, { place, outcome }: GuardSite): GuardExpression | null {
  const target = buildTarget(scope, node, place)
  if (target === undefined) return null
  if (outcome !== null && !target.startsWith(':') && nodeDefinitionOf(node)?.kind !== 'join') return { active: target }
  scope.issues.add('WAYSTONE_DEFINITION_BAD_GUARD', place, {
    message: `${partOf(scope, place)}: w.active of ${JSON.stringify(target)} can never hold here`,
    hint: 'It stands on edges, not at single branches of a fork, and names a node that works: it holds while that node is under way.',
  })
  return null
}

/** Outcomes that an error comes with. */
const withError: ReadonlySet<string> = new Set(['failed', 'timeout', 'unknown', 'exhausted'])

function failureNamed(scope: BuildScope, name: unknown, { place, outcome }: GuardSite): GuardExpression | null {
  if (!isFailureName(name)) {
    scope.issues.add('WAYSTONE_DEFINITION_BAD_GUARD', place, {
      message: `${partOf(scope, place)}: w.failure of ${describeValue(name)}`,
      hint: `Failures are: ${failureNames.join(', ')}.`,
    })
    return null
  }
  if (outcome === null || !withError.has(outcome)) {
    scope.issues.add('WAYSTONE_DEFINITION_BAD_GUARD', place, {
      message: `${partOf(scope, place)}: w.failure(${JSON.stringify(name)}) can never hold ${outcome === null ? 'here' : `after outcome ${JSON.stringify(outcome)}`}`,
      hint: 'It stands on edges of failed, timeout, unknown and exhausted, where something went wrong.',
    })
  }
  return { failure: name }
}

function treeOf(written: unknown): GuardTree | undefined {
  if (typeof written !== 'object' || written === null || !(guardMarker in written)) return undefined
  return written[guardMarker] as GuardTree
}

function collect(scope: BuildScope, definition: GuardDefinition, place: Place): GuardExpression | null {
  const { name } = definition
  if (typeof name !== 'string' || name === '' || name in Object.prototype) {
    scope.issues.add('WAYSTONE_DEFINITION_BAD_NAME', place, {
      message: `${partOf(scope, place)}: a guard's name is ${describeValue(name)}`,
      hint: 'Give w.guard a name.',
    })
    return null
  }
  collectNamed(scope, { kind: 'guard', name }, { definition, known: scope.guards })
  return { guard: name }
}

/** Records and functions of all guards that were met. Order: as met. */
export function buildGuards(scope: BuildScope): {
  readonly records: { readonly [name: string]: GuardRecord }
  readonly functions: Registry['guards']
} {
  const records: { [name: string]: GuardRecord } = {}
  const functions = new Map<string, (slice: Slice) => unknown>()
  for (const [name, { definition, place }] of scope.guards) {
    const written: Written = {
      config: { reads: definition.reads, version: definition.version },
      place,
      subject: `guard ${JSON.stringify(name)}`,
      issues: scope.issues,
    }
    if (typeof definition.decide !== 'function') {
      scope.issues.add('WAYSTONE_DEFINITION_BAD_VALUE', place, {
        message: `guard ${JSON.stringify(name)}: found ${describeValue(definition.decide)} where a function is expected`,
        hint: 'Give w.guard(name, reads, function).',
      })
      continue
    }
    records[name] = {
      name,
      reads: readStateKeys(written, 'reads', scope.stateKeys),
      version: readCount(written, 'version', { least: 1, fallback: 1 }),
      text: Function.prototype.toString.call(definition.decide),
      place,
    }
    // What a guard is given is the slice of the keys it declares: cut out by the engine, typed by w.guard.
    functions.set(name, definition.decide as (slice: Slice) => unknown)
  }
  return { records, functions }
}
