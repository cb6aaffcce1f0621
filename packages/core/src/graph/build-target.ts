import { endingMarker } from '../define/edge.ts'
import type { Place } from '../errors/definition-error.ts'
import { partOf, type BuildScope } from './build-scope.ts'
import type { Target } from './graph.ts'
import { describeValue, listOfNames } from './issues.ts'
import { nodeDefinitionOf, referenceOf } from './node-reference.ts'

/** True for END and FAIL. */
export function isEnding(value: unknown): value is { readonly [endingMarker]: Target } {
  return typeof value === 'object' && value !== null && endingMarker in value
}

/** Reads a target: one of this workflow's nodes, END or FAIL. */
export function buildTarget(scope: BuildScope, written: unknown, place: Place): Target | undefined {
  if (isEnding(written)) return written[endingMarker]
  const reference = referenceOf(written)
  const definition = nodeDefinitionOf(written)
  if (reference === undefined && definition === undefined) {
    scope.issues.add('WAYSTONE_DEFINITION_MISSING_TARGET', place, {
      message: `${partOf(scope, place)}: found ${describeValue(written)} where a target is expected`,
      hint: `Give n.name, END or FAIL; nodes are: ${listOfNames(scope.nodeNames)}.`,
    })
    return undefined
  }
  if (reference !== undefined && reference.table === scope.table) return reference.name
  const name = definition === undefined ? undefined : scope.nameOf.get(definition)
  if (name !== undefined) return name
  const named =
    reference === undefined
      ? 'a node that has no name here'
      : `node ${JSON.stringify(reference.name)} of another w.nodes table`
  scope.issues.add('WAYSTONE_DEFINITION_FOREIGN_NODE', place, {
    message: `${partOf(scope, place)} names ${named}`,
    hint: `Use the nodes given to this workflow: ${listOfNames(scope.nodeNames)}.`,
  })
  return undefined
}
