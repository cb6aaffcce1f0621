import type { Checkpoint, EdgeRecord, GuardExpression, JsonObject } from '@waystone/core'
import type { RunFacts } from './run-facts.ts'

/** What the oracle's own reading of the graph expects of a decision. */
export interface Expectation {
  readonly taken: string
  readonly to: string
}

/**
 * The edge that an outcome takes, by the graph the author wrote and the oracle's own counts, apart from the product's route.
 *
 * @returns undefined: none can be taken
 */
export function expectRoute(facts: RunFacts, from: string, outcome: string): Expectation | undefined {
  const edges = facts.spec.graph.edges
    .filter((edge) => edge.from === from && edge.outcome === outcome)
    .toSorted((one, other) => one.index - other.index)
  for (const edge of edges) {
    if (edge.when !== null && !holds(facts, edge.when)) continue
    if (edge.limit === null || (facts.taken.get(edge.id) ?? 0) < edge.limit.max) return { taken: edge.id, to: edge.to }
    if (edge.otherwise !== null) return { taken: `${edge.id}:otherwise`, to: edge.otherwise }
  }
  return undefined
}

/** Whether a guard holds for the state as the oracle knows it. */
export function holds(facts: RunFacts, expression: GuardExpression): boolean {
  if ('not' in expression) return !holds(facts, expression.not)
  if ('all' in expression) return expression.all.every((part) => holds(facts, part))
  if ('any' in expression) return expression.any.some((part) => holds(facts, part))
  if ('failure' in expression) return facts.failure === expression.failure
  if ('active' in expression) return Object.values(facts.context.open).some(({ node }) => node === expression.active)
  const guard = facts.spec.registry.guards.get(expression.guard)
  const reads = facts.spec.graph.guards[expression.guard]?.reads ?? []
  const slice: { [key: string]: JsonObject[string] } = {}
  for (const key of reads) {
    const value = facts.state[key]
    if (value !== undefined) slice[key] = value
  }
  return guard?.(slice) === true
}

/** Counts the edge a decision took, and sets back what the node it leads to resets. */
export function countTaken(facts: RunFacts, decision: NonNullable<Checkpoint['decision']>): void {
  if (decision.to === null) return
  const edge = edgeOf(facts, decision.taken)
  if (edge !== undefined && edge.limit !== null) facts.taken.set(edge.id, (facts.taken.get(edge.id) ?? 0) + 1)
  for (const other of facts.spec.graph.edges) if (other.limit?.per === decision.to) facts.taken.delete(other.id)
}

function edgeOf({ spec }: RunFacts, id: string): EdgeRecord | undefined {
  return spec.graph.edges.find((edge) => edge.id === id)
}
