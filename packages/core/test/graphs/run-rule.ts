import { subjectOf } from '../../src/check/moves.ts'
import type { Finding } from '../../src/check/report.ts'
import type { CheckOptions, Rule } from '../../src/check/rule.ts'
import { formatPlace } from '../../src/errors/definition-error.ts'
import { graphFixture, type GraphNotation } from './graph-fixture.ts'

/** What one rule says of a graph, as people read it; empty: it passes. */
export function runRule(rule: Rule, notation: GraphNotation, options: CheckOptions = {}): string {
  const findings = rule(subjectOf(graphFixture(notation)), options)
  return findings.map((finding) => formatFinding(finding)).join('\n')
}

/** A finding as tests show it: place, severity and code; message; hint. */
export function formatFinding({ place, severity, code, message, hint }: Finding): string {
  return `${severity} ${code} at ${formatPlace(place)}\n  ${message}\n  → ${hint}`
}
