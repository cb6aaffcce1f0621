import type { Checkpoint, RunContext } from '@waystone/core'
import type { Coverage } from '../coverage.ts'
import { handoffsOf } from './handoffs.ts'
import { countTaken } from './routing.ts'
import type { Report, RunFacts } from './run-facts.ts'
import { expectWay } from './stall.ts'

const outsideEdges = new Set([':undone', ':no-route', ':guard-error', ':cancel', ':redirect', 'limits.exhausted'])

/** Holds one decision against the edge that the oracle's own reading of the graph expects, and against what was entered. */
export function checkEdge(
  facts: RunFacts,
  decision: NonNullable<Checkpoint['decision']>,
  {
    sequence,
    after,
    report,
    coverage,
    at,
  }: {
    readonly sequence: number
    readonly after: RunContext
    readonly report: Report
    readonly coverage: Coverage
    readonly at: number
  },
): void {
  const isInside = decision.to === null || decision.to === ':person' || outsideEdges.has(decision.taken)
  if (!isInside) {
    const expected =
      decision.handoff === undefined
        ? expectWay(facts, decision, coverage)
        : handoffsOf(facts).expect(facts, decision, at)
    if (expected?.taken !== decision.taken || expected.to !== decision.to) {
      const invariant =
        expected?.taken.split(':')[0] === decision.taken.split(':')[0] ? 'limits-are-guards' : 'routing-is-total'
      report(
        invariant,
        `${decision.node}.${decision.outcome} took ${decision.taken} to ${decision.to} at ${sequence}; by the graph it takes ${expected?.taken ?? 'no edge'} to ${expected?.to ?? 'nothing'}`,
      )
    }
    for (const entered of enteredBy(facts, decision)) {
      const opened = Object.values(after.open).filter(({ node }) => node === entered).length
      if (opened === 0)
        report('routing-is-total', `the decision at ${sequence} leads to ${entered}, which was not entered`)
      if (opened > 1) report('joins-fire-once', `${entered} was entered ${opened} times at ${sequence}`)
    }
  }
  if (decision.outcome === 'failed')
    coverage.count(decision.failure === 'conflict' ? 'failure routed by its name' : 'failure routed otherwise')
  countTaken(facts, decision)
}

/** Nodes that an edge leads into; a join takes no step. */
function enteredBy(
  { spec, forks }: RunFacts,
  { to, taken, node, starts, arrival }: NonNullable<Checkpoint['decision']>,
): readonly string[] {
  // Where branches meet, what begins is another question than where the edge leads: nothing, if the join has all it waits for.
  const isMeeting = [...forks.values()].some(({ mesh, branches: known }) => mesh !== undefined && known.has(node))
  const isStep = (name: string): boolean => spec.graph.nodes[name]?.kind !== 'join'
  if (isMeeting || starts !== undefined || arrival !== undefined) return (starts ?? []).filter((name) => isStep(name))
  const branches = to === ':fork' ? spec.graph.edges.find(({ id }) => id === taken)?.fork?.branches : undefined
  const names = branches ?? [to ?? '']
  return names.filter((name) => spec.graph.nodes[name] !== undefined && spec.graph.nodes[name]?.kind !== 'join')
}
