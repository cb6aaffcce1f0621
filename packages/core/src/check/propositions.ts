import type { EdgeRecord, GuardExpression } from '../graph/graph.ts'

/** Holds always. */
export const always: GuardExpression = { all: [] }

/** More guards than this are not reasoned about together; every answer is then the cautious one. */
const maxAtoms = 12

/** What is known of guards: true, false; not in it: unknown. */
export type Knowledge = ReadonlyMap<string, boolean>

/** What an expression is made of: names of guards, failures as `failure(name)` and nodes under way as `active(node)`, which no guard is called. */
export function atomsOf(expression: GuardExpression, into: Set<string> = new Set()): Set<string> {
  if ('guard' in expression) into.add(expression.guard)
  else if ('failure' in expression || 'active' in expression) into.add(formatGuard(expression))
  else if ('not' in expression) atomsOf(expression.not, into)
  else for (const part of 'all' in expression ? expression.all : expression.any) atomsOf(part, into)
  return into
}

/** Every condition that is looked at when an edge is walked, its own and those of the branches it forks into: for who reads what, not for whether it is taken. */
export function conditionsOf({ when, fork }: EdgeRecord): GuardExpression {
  return { all: [...(when === null ? [] : [when]), ...Object.values(fork?.guarded ?? {})] }
}

/** Evaluates an expression. @param truth - the value of each guard */
export function evaluate(expression: GuardExpression, truth: (guard: string) => boolean): boolean {
  if ('guard' in expression) return truth(expression.guard)
  if ('failure' in expression || 'active' in expression) return truth(formatGuard(expression))
  if ('not' in expression) return !evaluate(expression.not, truth)
  if ('all' in expression) return expression.all.every((part) => evaluate(part, truth))
  return expression.any.some((part) => evaluate(part, truth))
}

/**
 * Whether an expression can hold, guards being independent of each other, each the same wherever it is named.
 *
 * Never says no wrongly; says yes when it names more than {@link maxAtoms} guards.
 */
export function canHold(expression: GuardExpression, known: Knowledge = new Map()): boolean {
  return findTruth(expression, known) !== null
}

/** What must be true or false of these guards whenever the expression holds. Null: it never holds. */
export function impliedBy(expression: GuardExpression, guards: Iterable<string>, known: Knowledge): Knowledge | null {
  if (!canHold(expression, known)) return null
  const implied = new Map(known)
  for (const guard of guards) {
    if (implied.has(guard)) continue
    if (!canHold(expression, new Map([...known, [guard, true]]))) implied.set(guard, false)
    else if (!canHold(expression, new Map([...known, [guard, false]]))) implied.set(guard, true)
  }
  return implied
}

function findTruth(expression: GuardExpression, known: Knowledge): Knowledge | null {
  const free = [...atomsOf(expression)].filter((atom) => !known.has(atom))
  if (free.length > maxAtoms) return known
  for (let bits = 0; bits < 1 << free.length; bits++) {
    const truth = new Map(known)
    free.forEach((atom, index) => truth.set(atom, (bits & (1 << index)) !== 0))
    if (evaluate(expression, (guard) => truth.get(guard) ?? false)) return truth
  }
  return null
}

/**
 * The condition under which an edge, or its `otherwise`, is taken: its own guard holds, and no edge before it is taken whenever
 * its guard holds. An edge with a limit and no `otherwise` may always be passed over.
 *
 * @param list - edges of one outcome, by priority
 */
export function takenWhen(list: readonly EdgeRecord[], edge: EdgeRecord): GuardExpression {
  const before = list.slice(0, list.indexOf(edge)).filter((other) => isAbsorbing(other))
  const denied = before.map((other): GuardExpression => ({ not: other.when ?? always }))
  const parts = edge.when === null ? denied : [edge.when, ...denied]
  return parts.length === 1 && parts[0] !== undefined ? parts[0] : { all: parts }
}

/** True when nothing after the edge is tried once its guard holds. */
export function isAbsorbing(edge: EdgeRecord): boolean {
  return edge.limit === null || edge.otherwise !== null
}

/** An expression as people read it: `!isSmall && (a || b)`. */
export function formatGuard(expression: GuardExpression): string {
  if ('guard' in expression) return expression.guard
  if ('failure' in expression) return `failure(${expression.failure})`
  if ('active' in expression) return `active(${expression.active})`
  if ('not' in expression) return `!${formatPart(expression.not)}`
  const [parts, sign] = 'all' in expression ? [expression.all, ' && '] : [expression.any, ' || ']
  return parts.map((part) => formatPart(part)).join(sign)
}

function formatPart(expression: GuardExpression): string {
  return 'all' in expression || 'any' in expression ? `(${formatGuard(expression)})` : formatGuard(expression)
}
