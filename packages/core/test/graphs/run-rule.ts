import { subjectOf } from '../../src/check/moves.ts'
import { formatFinding } from '../../src/check/format.ts'
import type { CheckOptions, Rule } from '../../src/check/rule.ts'
import { graphFixture, type GraphNotation } from './graph-fixture.ts'

/** What one rule says of a graph, as people read it; empty: it passes. */
export function runRule(rule: Rule, notation: GraphNotation, options: CheckOptions = {}): string {
  const findings = rule(subjectOf(graphFixture(notation)), options)
  return findings.map((finding) => formatFinding(finding)).join('\n')
}
