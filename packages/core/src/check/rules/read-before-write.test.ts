import { describe, expect, it } from 'vitest'
import { runRule } from '../../../test/graphs/run-rule.ts'
import { readBeforeWrite } from './read-before-write.ts'

describe('readBeforeWrite', () => {
  it('refuses a key that is read on a path where nothing has written it, and shows the path', () => {
    const found = runRule(readBeforeWrite, {
      input: ['order'],
      nodes: {
        sort: { kind: 'gate', reads: ['order'], outcomes: ['long', 'short'] },
        collect: { kind: 'task', writes: ['notes'] },
        answer: { kind: 'agent', reads: ['order', 'notes'], writes: ['reply'] },
      },
      edges: { sort: { long: 'collect', short: 'answer' }, collect: { done: 'answer' }, answer: { done: ':end' } },
    })
    expect(found).toMatchInlineSnapshot(`
      "error WAYSTONE_DEFINITION_READ_BEFORE_WRITE at fixture.nodes.answer
        node "answer" reads "notes", which nothing has written on the path sort.short → answer
        → Write "notes" before (it is written by "collect"), take it from the input, or make it optional in the state."
    `)
  })

  it('does not count what a failed node would have written, for nodes, guards and output', () => {
    const found = runRule(readBeforeWrite, {
      output: ['notes'],
      guards: { isLong: ['notes'] },
      nodes: { collect: { kind: 'task', writes: ['notes'] }, tell: { kind: 'task', reads: [] } },
      edges: {
        collect: { done: ':end', failed: [{ when: 'isLong', to: 'tell' }, 'tell'] },
        tell: { done: ':end' },
      },
    })
    expect(found).toMatchInlineSnapshot(`
      "error WAYSTONE_DEFINITION_READ_BEFORE_WRITE at fixture.edges.collect.failed.0
        the guard of edge collect.failed.0 reads "notes", which nothing has written on the path collect.failed.0
        → Write "notes" before (it is written by "collect"), take it from the input, or make it optional in the state.
      error WAYSTONE_DEFINITION_READ_BEFORE_WRITE at fixture.edges.tell.done
        the run may end without output key "notes", on the path collect.failed.0 → tell.done → END
        → Write "notes" before (it is written by "collect"), take it from the input, or make it optional in the state."
    `)
  })

  it('looks at the guards of branches, also where others of the fork have none', () => {
    const found = runRule(readBeforeWrite, {
      guards: { isLong: ['notes'] },
      nodes: { plan: 'task', a: 'task', b: { kind: 'task', writes: ['notes'] }, meet: { kind: 'join' } },
      edges: {
        plan: { done: { fork: ['a?isLong', 'b'], join: 'meet' } },
        a: { done: 'meet' },
        b: { done: 'meet' },
        meet: { done: ':end' },
      },
    })
    expect(found).toMatchInlineSnapshot(`
      "error WAYSTONE_DEFINITION_READ_BEFORE_WRITE at fixture.edges.plan.done
        the guard of edge plan.done reads "notes", which nothing has written on the path plan.done
        → Write "notes" before (it is written by "b"), take it from the input, or make it optional in the state."
    `)
  })

  it('refuses what limits.exhausted leads to when it reads what may not be written yet', () => {
    const found = runRule(readBeforeWrite, {
      nodes: { collect: { kind: 'task', writes: ['notes'] }, tell: { kind: 'task', reads: ['notes'] } },
      edges: { collect: { done: ':end' }, tell: { done: ':end' } },
      limits: { steps: 3, exhausted: 'tell' },
    })
    expect(found).toMatchInlineSnapshot(`
      "error WAYSTONE_DEFINITION_READ_BEFORE_WRITE at fixture.nodes.tell
        node "tell" reads "notes", which nothing has written when limits.exhausted leads to it
        → Write "notes" before (it is written by "collect"), take it from the input, or make it optional in the state."
    `)
  })

  it('refuses keys of an input that may be left out, and keys that only an editing person would write', () => {
    const found = runRule(readBeforeWrite, {
      input: ['size?'],
      state: ['text'],
      nodes: {
        ask: { kind: 'approval', writes: ['text'], edits: ['text'] },
        use: { kind: 'task', reads: ['text', 'size'] },
      },
      edges: { ask: { approved: 'use', edited: 'use', rejected: ':fail' }, use: { done: ':end' } },
    })
    expect(found).toContain('node "use" reads "text", which nothing has written on the path ask.approved → use')
  })

  it('passes optional keys, input keys, guards over the patch just made, and answers of people', () => {
    const found = runRule(readBeforeWrite, {
      state: ['hint?', 'order', 'notes', 'answer'],
      input: ['order'],
      output: ['notes'],
      guards: { isLong: ['notes'] },
      nodes: {
        collect: { kind: 'task', reads: ['order', 'hint'], writes: ['notes'] },
        ask: {
          kind: 'approval',
          show: ['notes'],
          writes: ['answer'],
          responseSchema: { type: 'object', properties: { answer: { type: 'integer' } }, required: ['answer'] },
        },
        use: { kind: 'task', reads: ['answer'] },
      },
      edges: {
        collect: { done: [{ when: 'isLong', to: 'ask' }, ':end'] },
        ask: { approved: 'use', rejected: ':fail' },
        use: { done: ':end' },
      },
    })
    expect(found).toBe('')
  })
})
