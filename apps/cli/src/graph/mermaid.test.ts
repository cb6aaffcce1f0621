import { buildGraph } from '@waystone/core'
import { describe, expect, it } from 'vitest'
import { everything } from '../../test/fixtures/everything.ts'
import { sampleGraph, smallSample } from '../../test/sample-graphs.ts'
import { toMermaid } from './mermaid.ts'

describe('toMermaid', () => {
  it('draws nodes in the shape of their kind, guards, limits, ways back and ways of failure', () => {
    expect(toMermaid(smallSample)).toMatchInlineSnapshot(`
      "---
      title: "refunds, version 1"
      ---
      flowchart TD
        n__start(["start"]):::start
        n_triage("<b>triage</b><br>agent · fast"):::agent
        n_manager[/"<b>manager</b><br>approval · manager"\\]:::approval
        n_refund["<b>refund</b><br>tool · refund-tool"]:::tool
        n_verify[/"<b>verify</b><br>approval · manager"\\]:::approval
        n_answer("<b>answer</b><br>agent · fast"):::agent
        n_tone{{"<b>tone</b><br>gate"}}:::gate
        n__end(["end"]):::finish
        n__fail(["failed"]):::failed
        n__start --> n_triage
        n_triage -->|"isSmall"| n_refund
        n_triage -->|"else"| n_manager
        n_manager -->|"approved"| n_refund
        n_manager -->|"rejected<br>expired"| n_answer
        n_refund --> n_answer
        n_refund -.->|"unknown"| n_verify
        n_verify -->|"happened"| n_answer
        n_verify -.->|"did-not-happen ≤ 1×"| n_manager
        n_verify -.->|"did-not-happen after 1×"| n__fail
        n_answer --> n_tone
        n_tone -->|"pass<br>rude after 2×"| n__end
        n_tone -.->|"rude ≤ 2×"| n_answer
        classDef start stroke:#7a828f
        classDef agent stroke:#7c63ea,stroke-width:2px
        classDef approval stroke:#d0453b,stroke-width:2px,stroke-dasharray:6 3
        classDef tool stroke:#1c87b5,stroke-width:2px
        classDef gate stroke:#b37a12,stroke-width:2px
        classDef finish stroke:#7a828f
        classDef failed stroke:#d0453b
        linkStyle 6,9 stroke:#d0453b
      "
    `)
  })

  it('draws where a run goes that has stalled, and failures by their names', () => {
    const { edges, limits } = smallSample
    const graph = {
      ...smallSample,
      edges: edges.map((edge) =>
        edge.id === 'refund.unknown' ? { ...edge, when: { failure: 'conflict' as const } } : edge,
      ),
      limits: { ...limits, stall: { transitions: 6, watch: null, to: 'manager', limit: 2, otherwise: 'answer' } },
    } as typeof smallSample
    const drawn = toMermaid(graph)
    expect(drawn).toContain('n_refund -.->|"unknown: conflict"| n_verify')
    expect(drawn).toContain('n__stalled(["stalled"])')
    expect(drawn).toContain('n__stalled -.->|"≤ 2×"| n_manager')
    expect(drawn).toContain('n__stalled -.->|"after 2×"| n_answer')
    expect(toMermaid(smallSample)).not.toContain('stalled')
  })

  it('draws groups and what nested workflows run as frames, with a line of title and a text for the rest', () => {
    const { graph } = buildGraph(everything)
    const folded = toMermaid(graph)
    expect(folded).toContain(
      [
        '  subgraph n__group_billing["<b>billing</b> · group"]',
        '    direction TB',
        '    n__group_billing_notes["keeps card<br>own secrets<br>exports isPaid<br>heard outside: cleared"]:::notes',
        '    n_findCard[["<b>findCard</b><br>task · pure"]]:::task',
        '    n_cleared{{"<b>cleared</b><br>gate"}}:::gate',
        '    n_charge[["<b>charge</b><br>task · keyed"]]:::task',
        '  end',
      ].join('\n'),
    )
    expect(folded).toContain('  style n__group_billing fill:none,stroke:#7a828f')
    expect(folded).not.toContain('subgraph n_summary')
    const expanded = toMermaid(graph, { isExpanded: true })
    expect(expanded).toContain(
      [
        '  subgraph n_summary["<b>summary</b> · workflow · section"]',
        '    direction TB',
        '    n_summary__start(["start"]):::start',
        '    n_summary_write("<b>write</b><br>agent · good"):::agent',
        '    subgraph n_summary_count["<b>count</b> · workflow · counting"]',
        '      direction TB',
        '      n_summary_count__start(["start"]):::start',
      ].join('\n'),
    )
    expect(expanded).toContain('n_reviewAll_agent("<b>agent</b><br>agent · good"):::agent')
    expect(expanded).toContain('n_fastest --> n_summary')
    expect(expanded).toContain('n_summary_write --> n_summary_count')
  })

  it('also draws the edges that are there by rule, when asked', () => {
    const [first, ...others] = smallSample.edges
    const implicit = {
      ...(first ?? smallSample.edges[0]),
      id: 'answer.failed',
      from: 'answer',
      outcome: 'failed',
      index: 0,
      to: ':fail',
      when: null,
      isImplicit: true,
    }
    const graph = { ...smallSample, edges: [first, ...others, implicit] } as typeof smallSample
    expect(toMermaid(graph)).not.toContain('n_answer -.->|"failed"| n__fail')
    expect(toMermaid(graph, { hasImplicit: true })).toContain('n_answer -.->|"failed"| n__fail')
  })

  it('keeps ids apart that only differ in what Mermaid cannot take, and escapes texts', () => {
    const graph = sampleGraph(
      't',
      { 'a-b': 'task', a_b: 'task', end: 'task' },
      { 'a-b': { done: 'a_b' }, a_b: { 'x"|y': 'end' }, end: { done: ':end' } },
    )
    const text = toMermaid(graph)
    expect(text).toContain('n_a_b --> n_a_b_2')
    expect(text).toContain('n_a_b_2 -->|"x#34;#124;y"| n_end')
  })
})
