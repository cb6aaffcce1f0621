import { describe, expect, it } from 'vitest'
import { runRule } from '../../../test/graphs/run-rule.ts'
import { hearsNothing } from './hears-nothing.ts'

describe('hearsNothing', () => {
  it('refuses hearing what never comes before, what gives no verdict and what does not exist', () => {
    const found = runRule(hearsNothing, {
      nodes: { draft: { kind: 'agent', hears: ['look', 'start', 'ghost'] }, start: 'task', look: 'gate' },
      start: 'start',
      edges: { start: { done: 'draft' }, draft: { done: 'look' }, look: { pass: ':end' } },
    })
    expect(found).toMatchInlineSnapshot(`
      "error WAYSTONE_DEFINITION_HEARS_NOTHING at fixture.nodes.draft
        node "draft" hears "look", which never comes before it
        → Take "look" out of hears, or lead an edge from it towards "draft".
      error WAYSTONE_DEFINITION_HEARS_NOTHING at fixture.nodes.draft
        node "draft" hears "start", which is a task and gives no verdict
        → Take "start" out of hears, or lead an edge from it towards "draft".
      error WAYSTONE_DEFINITION_HEARS_NOTHING at fixture.nodes.draft
        node "draft" hears "ghost", which is not a node
        → Take "ghost" out of hears, or lead an edge from it towards "draft"."
    `)
  })

  it('passes a gate that leads back to its drafter, and an approval before it (Q1)', () => {
    const found = runRule(hearsNothing, {
      nodes: {
        brief: 'approval',
        draft: { kind: 'agent', hears: ['look', 'brief'] },
        look: { kind: 'gate', outcomes: ['pass', 'fail'] },
      },
      edges: {
        brief: { approved: 'draft', rejected: ':fail' },
        draft: { done: 'look' },
        look: { pass: ':end', fail: { to: 'draft', limit: 2, otherwise: ':end' } },
      },
    })
    expect(found).toBe('')
  })
})
