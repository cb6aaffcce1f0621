import type { Checkpoint } from '@waystone/core'
import type { Coverage } from '../coverage.ts'
import { expectRoute, type Expectation } from './routing.ts'
import { textOf, type RunFacts } from './run-facts.ts'

/** An operator's patch begins the count anew. */
export function followPatch({ stall, spec }: RunFacts, { event }: Checkpoint, coverage: Coverage): void {
  if (spec.graph.limits.stall === undefined || event.type !== 'run.patch') return
  if (stall.count > 0) coverage.count('counted anew after a patch')
  stall.count = 0
}

/**
 * Where an outcome leads when stalls are minded: the edge by the graph, unless that is one edge too many in a row without progress. Counts it.
 *
 * For workflows without forks, whose stalls are not watched by key.
 */
export function expectWay(
  facts: RunFacts,
  decision: NonNullable<Checkpoint['decision']>,
  coverage: Coverage,
): Expectation | undefined {
  const expected = expectRoute(facts, decision.node, decision.outcome)
  const { stall: limit } = facts.spec.graph.limits
  if (expected === undefined || limit === undefined || facts.spec.graph.nodes[expected.to] === undefined)
    return expected
  const { stall } = facts
  stall.entered.add(facts.spec.graph.start)
  const isProgress = stall.before !== textOf(facts.state) || !stall.entered.has(expected.to)
  stall.count = isProgress ? 0 : stall.count + 1
  if (stall.count < limit.transitions) {
    stall.entered.add(expected.to)
    return expected
  }
  stall.count = 0
  stall.times += 1
  coverage.count(stall.times === 1 ? 'stalled' : 'stalled again')
  const isFirst = stall.times <= limit.limit
  const to = isFirst ? limit.to : limit.otherwise
  stall.entered.add(to)
  return { taken: isFirst ? 'limits.stall' : 'limits.stall:otherwise', to }
}
