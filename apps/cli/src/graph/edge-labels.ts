import { escalationOutcome, type EdgeRecord, type Graph, type GuardExpression } from '@waystone/core'

/** Writes a guard as people say it: `isSmall`, `not isSmall`, `isSmall and (isNew or isVip)`. */
export function guardText(expression: GuardExpression): string {
  return text(expression, false)
}

function text(expression: GuardExpression, isInner: boolean): string {
  if ('guard' in expression) return expression.guard
  if ('failure' in expression) return expression.failure
  if ('active' in expression) return `${expression.active} under way`
  if ('not' in expression) return `not ${text(expression.not, true)}`
  const [word, parts] = 'all' in expression ? (['and', expression.all] as const) : (['or', expression.any] as const)
  const joined = parts.map((part) => text(part, true)).join(` ${word} `)
  return isInner && parts.length > 1 ? `(${joined})` : joined
}

/**
 * What stands on an edge: its outcome, guard and limit, as little of it as tells it apart.
 *
 * `done` is left out where a node has no other way on; a default edge after guarded ones says `else`.
 *
 * @returns an empty text when nothing needs to be said
 */
export function edgeLabel(edge: EdgeRecord, graph: Graph, branch?: string): string {
  if (edge.outcome === escalationOutcome) return 'one handoff too many'
  const siblings = graph.edges.filter(({ from, outcome }) => from === edge.from && outcome === edge.outcome)
  const isDone = edge.outcome === 'done' && !isOneOfSeveral(edge, graph)
  const condition = conditionOf(edge, siblings.length > 1, branch)
  const limit =
    edge.limit === null ? '' : `≤ ${edge.limit.max}×${edge.limit.per === null ? '' : ` per ${edge.limit.per}`}`
  const parts = [isDone && (condition !== '' || limit === '') ? '' : edge.outcome, condition].filter(
    (part) => part !== '',
  )
  const leaves = edge.cancelsFork === true ? 'cancels the fork' : ''
  const cancels = edge.cancels === undefined ? '' : `cancels ${edge.cancels.join(', ')}`
  const marks = edge.isDegraded === true ? 'degraded' : ''
  const way = wayText(edge, graph)
  const when = parts.join(': ')
  const first = way === '' || when === '' ? `${way}${when}` : `${way}: ${when}`
  const said = [first, limit].filter((part) => part !== '').join(' ')
  return [said, leaves, cancels, marks].filter((part) => part !== '').join(', ')
}

/** What the edge is, where it is none of the plain ones. */
function wayText({ from, outcome, emits, fork }: EdgeRecord, { nodes }: Graph): string {
  if (emits !== undefined) return `emits ${emits}`
  if (fork !== undefined) return 'fork'
  const node = nodes[from]
  return node?.kind === 'agent' && outcome in (node.handoffs ?? {}) ? 'handoff' : ''
}

/** When an edge is taken; for a branch of a fork that has a guard of its own, when that begins. */
function conditionOf({ when, fork }: EdgeRecord, isOneOfMore: boolean, branch: string | undefined): string {
  const own = branch === undefined ? undefined : fork?.guarded?.[branch]
  if (own === undefined || fork === undefined) return when === null ? (isOneOfMore ? 'else' : '') : guardText(when)
  // Where all branches have guards, the edge's own says just that one of them holds.
  const isAll = fork.branches.every((name) => fork.guarded?.[name] !== undefined)
  return isAll || when === null ? guardText(own) : guardText({ all: [when, own] })
}

/** A join's outcomes often lead to one place, where `done` must not hide behind another. */
function isOneOfSeveral({ from }: EdgeRecord, { nodes, edges }: Graph): boolean {
  return (
    nodes[from]?.kind === 'join' &&
    edges.some((edge) => edge.from === from && edge.outcome !== 'done' && !edge.isImplicit)
  )
}

/** What stands on the other way of a limited edge. */
export function otherwiseLabel(edge: EdgeRecord): string {
  return edge.limit === null ? edge.outcome : `${edge.outcome} after ${edge.limit.max}×`
}
