import { describe, expectTypeOf, it } from 'vitest'
import { z } from 'zod'
import type { RequestOf } from '../run/runtime.ts'
import { END } from './edge.ts'
import { defineState } from './state.ts'
import type { Workflow } from './workflow.ts'

const s = defineState({ topic: z.string(), text: z.string().optional() })
const sn = s.nodes({
  write: s.task({ reads: ['topic'], writes: ['text'], run: ({ state }) => ({ text: state.topic }) }),
  editor: s.approval({ show: ['text'], outcomes: ['print', 'drop'] }),
})
const section = s.workflow('section', {
  input: z.object({ topic: z.string() }),
  output: ['text'],
  nodes: sn,
  start: sn.write,
  edges: { write: { done: sn.editor }, editor: { print: END, drop: END } },
})
const w = defineState({ topic: z.string(), text: z.string(), words: z.int().optional() })

describe('w.nested', () => {
  it('needs no mapping where the shapes fit, and says what it gives back', () => {
    w.nested(section, { reads: ['topic'] })
    w.nested(section, {
      reads: ['topic'],
      writes: ['words'],
      apply: (output, given) => {
        expectTypeOf(output.text).toEqualTypeOf<string | undefined>()
        expectTypeOf(given.state).toEqualTypeOf<{ readonly topic: string }>()
        return { words: 3 }
      },
    })
  })

  it('refuses an input that does not fit, an output that is no patch, and foreign keys', () => {
    // @ts-expect-error the read slice is not the input
    w.nested(section, { reads: ['words'] })
    // @ts-expect-error the input has no such shape
    w.nested(section, { reads: ['topic'], input: () => ({ theme: 'x' }) })
    // @ts-expect-error the output does not hold what is written
    w.nested(section, { reads: ['topic'], writes: ['words'] })
    // @ts-expect-error a key that is not written
    w.nested(section, { reads: ['topic'], writes: ['words'], apply: () => ({ text: 'x' }) })
  })

  it('must be routed when it is done, and may be when it failed or was exhausted', () => {
    const n = w.nodes({ section: w.nested(section, { reads: ['topic'] }) })
    const base = { input: z.object({ topic: z.string() }), output: [], nodes: n, start: n.section } as const
    w.workflow('a', { ...base, edges: { section: { done: END, failed: END, exhausted: END } } })
    // @ts-expect-error "done" is not routed
    w.workflow('b', { ...base, edges: { section: {} } })
    // @ts-expect-error it has no such outcome
    w.workflow('c', { ...base, edges: { section: { done: END, timeout: END } } })
  })

  it('passes on by path what people may answer inside', () => {
    const n = w.nodes({ section: w.nested(section, { reads: ['topic'] }), last: w.approval({ show: ['text'] }) })
    const outer = w.workflow('outer', {
      input: z.object({ topic: z.string(), text: z.string() }),
      output: [],
      nodes: n,
      start: n.section,
      edges: { section: { done: n.last }, last: { approved: END, rejected: END } },
    })
    type Approvals = typeof outer extends Workflow<infer _In, infer _Out, infer Found> ? Found : never
    expectTypeOf<keyof Approvals>().toEqualTypeOf<'last' | 'section/editor'>()
    expectTypeOf<RequestOf<Approvals>['node']>().toExtend<string>()
    expectTypeOf<Approvals['section/editor']>().toExtend<{ readonly outcome: 'print' | 'drop' }>()
  })
})
