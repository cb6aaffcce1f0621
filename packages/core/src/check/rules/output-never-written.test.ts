import { describe, expect, it } from 'vitest'
import { runRule } from '../../../test/graphs/run-rule.ts'
import { outputNeverWritten } from './output-never-written.ts'

describe('outputNeverWritten', () => {
  it('refuses an output key that nothing writes, optional or not', () => {
    const found = runRule(outputNeverWritten, {
      state: ['reply', 'note?'],
      output: ['reply', 'note'],
      nodes: { a: { kind: 'task', writes: ['reply'] } },
      edges: { a: { done: ':end' } },
    })
    expect(found).toMatchInlineSnapshot(`
      "error WAYSTONE_DEFINITION_OUTPUT_NEVER_WRITTEN at fixture
        output key "note" is neither input nor written by any node
        → Add "note" to the writes of the node that makes it, or take it out of output."
    `)
  })

  it('passes keys that are input or written somewhere', () => {
    const found = runRule(outputNeverWritten, {
      input: ['order'],
      output: ['order', 'reply'],
      nodes: { a: { kind: 'task', writes: ['reply'] } },
      edges: { a: { done: ':end' } },
    })
    expect(found).toBe('')
  })
})
