import { describe, expect, it } from 'vitest'
import { graphFixture } from '../../test/graphs/graph-fixture.ts'
import { randomGraph } from '../../test/graphs/random-graph.ts'
import { check } from './check.ts'
import { hasErrors } from './report.ts'

describe('check', () => {
  it('gives all findings at once, errors first, as plain data (G3)', () => {
    const graph = graphFixture({
      output: ['reply'],
      tools: { pay: 'unsafe' },
      nodes: { a: { kind: 'gate', outcomes: ['on', 'off'] }, pay: 'tool', lost: 'task' },
      edges: {
        a: { on: 'a', off: [{ when: 'isFree', to: ':end' }, 'pay'] },
        pay: { done: ':end' },
        lost: { done: 'lost' },
      },
    })
    const report = check({ graph })
    expect(report.findings.map(({ code, severity, place }) => `${severity} ${code} ${place.path}`))
      .toMatchInlineSnapshot(`
        [
          "error WAYSTONE_DEFINITION_UNREACHABLE fixture.nodes.lost",
          "error WAYSTONE_DEFINITION_UNLIMITED_CYCLE fixture.edges.a.on",
          "error WAYSTONE_DEFINITION_UNLIMITED_CYCLE fixture.edges.lost.done",
          "error WAYSTONE_DEFINITION_OUTPUT_NEVER_WRITTEN fixture",
          "warning WAYSTONE_DEFINITION_DEFAULT_UNSAFE fixture.edges.a.off.1",
        ]
      `)
    expect(JSON.parse(JSON.stringify(report))).toEqual(report)
    expect(hasErrors(report)).toBe(true)
  })

  it('has no error for random graphs that are valid by construction', () => {
    for (let seed = 0; seed < 200; seed++) {
      const graph = randomGraph(seed, { limits: seed % 2 === 0 })
      expect(
        check({ graph }).findings.filter((finding) => finding.severity === 'error'),
        graph.name,
      ).toEqual([])
    }
  })

  it('survives a graph whose names lead nowhere', () => {
    const graph = graphFixture({
      nodes: { a: 'task' },
      start: 'nowhere',
      edges: { a: { done: 'ghost' } },
      limits: { steps: 1, exhausted: 'ghost' },
      policies: [{ never: 'x', without: 'y.z' }],
    })
    expect(hasErrors(check({ graph }))).toBe(true)
  })
})
