import { describe, expect, it } from 'vitest'
import { graphFixture, type GraphNotation } from '../../test/graphs/graph-fixture.ts'
import { formatFinding } from '../../test/graphs/run-rule.ts'
import { check } from './check.ts'
import type { Finding } from './report.ts'

/** The example of the README, as a graph. */
const refunds: GraphNotation = {
  name: 'refunds',
  state: {
    order: {},
    amountUsd: { optional: true },
    notes: { merge: { rule: 'append', key: 'id' } },
    reply: { optional: true },
  },
  input: ['order'],
  output: ['reply'],
  guards: { isSmall: ['amountUsd'] },
  tools: { issueRefund: 'unsafe', lookUpOrder: 'pure' },
  nodes: {
    triage: { kind: 'agent', tools: ['lookUpOrder'], reads: ['order'], writes: ['amountUsd', 'notes'] },
    manager: { kind: 'approval', show: ['order', 'amountUsd', 'notes'], expiresInMs: 172_800_000 },
    refund: { kind: 'tool', tool: 'issueRefund', reads: ['order', 'amountUsd'], writes: ['notes'] },
    verify: { kind: 'approval', show: ['order', 'amountUsd'], outcomes: ['happened', 'did-not-happen'] },
    answer: { kind: 'agent', model: 'good', reads: ['order', 'notes', 'reply'], hears: ['tone'], writes: ['reply'] },
    tone: { kind: 'gate', reads: ['reply'], outcomes: ['pass', 'rude'] },
  },
  edges: {
    triage: { done: [{ when: 'isSmall', to: 'refund' }, 'manager'] },
    manager: { approved: 'refund', rejected: 'answer', expired: 'answer' },
    refund: { done: 'answer', unknown: 'verify' },
    verify: { happened: 'answer', 'did-not-happen': { to: 'manager', limit: 1, otherwise: ':fail' } },
    answer: { done: 'tone' },
    tone: { pass: ':end', rude: { to: 'answer', limit: 2, otherwise: ':end' } },
  },
  limits: { steps: 60, modelCalls: 12, tokens: 60_000, costUsd: 0.5, durationMs: 1_800_000 },
  policies: [{ never: 'issueRefund', without: 'manager.approved', given: '!isSmall' }],
}

function findings(changes: Partial<GraphNotation>): readonly Finding[] {
  return check({ graph: graphFixture({ ...refunds, ...changes }) }).findings
}

describe('check of the refunds example', () => {
  it('finds nothing: each default leads to a person, each cycle is limited, the policy is proven', () => {
    expect(findings({})).toEqual([])
  })

  it('warns when the refund becomes the default', () => {
    const found = findings({
      edges: { ...refunds.edges, triage: { done: [{ when: '!isSmall', to: 'manager' }, 'refund'] } },
    })
    expect(found.map((finding) => finding.code)).toEqual(['WAYSTONE_DEFINITION_DEFAULT_UNSAFE'])
  })

  it('refuses it without given, showing the way of small amounts', () => {
    const found = findings({ policies: [{ never: 'issueRefund', without: 'manager.approved' }] })
    expect(found.map((finding) => formatFinding(finding)).join('\n')).toContain('triage.done.0 → refund')
  })

  it('refuses to try again after "did not happen" without asking the manager again', () => {
    const verify = { happened: 'answer', 'did-not-happen': { to: 'refund', limit: 1, otherwise: ':fail' } }
    const found = findings({ edges: { ...refunds.edges, verify } })
    expect(found.map((finding) => formatFinding(finding)).join('\n')).toMatchInlineSnapshot(`
      "error WAYSTONE_DEFINITION_POLICY_VIOLATED at refunds.policies.0
        tool "issueRefund" can run without manager.approved, given !isSmall: triage.done.1 → manager.approved → refund.unknown → verify.did-not-happen → refund; on this path "refund" has run the tool since
        → Lead every path to "refund" through manager.approved, after each run of the tool and each change of what is shown."
    `)
  })
})
