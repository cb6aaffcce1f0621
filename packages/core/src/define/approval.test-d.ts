import { describe, expectTypeOf, it } from 'vitest'
import { z } from 'zod'
import type { DecisionOf } from './approval.ts'
import { END } from './edge.ts'
import type { ApprovalNode } from './node.ts'
import { defineState } from './state.ts'

const w = defineState({ order: z.string(), reply: z.string().optional() })
type Values = { readonly order: string; readonly reply?: string }

describe('w.approval', () => {
  it('has the outcomes that its options make possible', () => {
    const plain = w.approval({ show: ['order'] })
    expectTypeOf(plain).toEqualTypeOf<
      ApprovalNode<
        'approved' | 'rejected',
        DecisionOf<'approved' | 'rejected', Record<never, never>, undefined>,
        'order',
        Values
      >
    >()
    expectTypeOf(plain['~outcomes']).toEqualTypeOf<'approved' | 'rejected'>()
    const full = w.approval({ show: ['order', 'reply'], edits: ['reply'], expiresIn: '2d', canAskBack: true })
    expectTypeOf(full['~outcomes']).toEqualTypeOf<'approved' | 'rejected' | 'edited' | 'expired' | 'asked'>()
    const own = w.approval({ show: ['order'], outcomes: ['yes', 'no'], expiresIn: '30m' })
    expectTypeOf(own['~outcomes']).toEqualTypeOf<'yes' | 'no' | 'expired'>()
  })

  it('may be redirectable, and says so with a flag (H7)', () => {
    w.approval({ show: ['order'], redirectable: true })
    // @ts-expect-error a flag is true or false
    w.approval({ show: ['order'], redirectable: 'yes' })
    // @ts-expect-error a join is entered by its branches
    w.join({ redirectable: true })
  })

  it('says what a person may answer', () => {
    const n = w.nodes({
      ask: w.approval({
        show: ['reply'],
        edits: ['reply'],
        expiresIn: '2d',
        response: z.object({ reply: z.string() }),
      }),
    })
    const workflow = w.workflow('ask', {
      input: z.object({ order: z.string() }),
      output: ['reply'],
      nodes: n,
      start: n.ask,
      edges: { ask: { approved: END, rejected: END, edited: END, expired: END } },
    })
    type Decision = (typeof workflow)['~approvals']['ask']
    expectTypeOf<Decision['outcome']>().toEqualTypeOf<'approved' | 'rejected' | 'edited'>()
    expectTypeOf<Decision['response']>().toEqualTypeOf<{ reply: string }>()
    expectTypeOf<keyof (typeof workflow)['~approvals']>().toEqualTypeOf<'ask'>()
  })

  it('refuses mistakes', () => {
    const response = z.object({ reply: z.string() })
    w.approval({ show: ['order'], response, talk: { says: 'order', answer: 'reply' } })
    // @ts-expect-error what is said is shown
    w.approval({ show: ['order'], response, talk: { says: 'reply', answer: 'reply' } })
    // @ts-expect-error what answers is a key of the response
    w.approval({ show: ['order'], response, talk: { says: 'order', answer: 'order' } })
    // @ts-expect-error without a response nothing can be answered
    w.approval({ show: ['order'], talk: { says: 'order', answer: 'reply' } })
    // @ts-expect-error no such state key
    w.approval({ show: ['orders'] })
    // @ts-expect-error only what is shown can be edited
    w.approval({ show: ['order'], edits: ['reply'] })
    // @ts-expect-error not a duration
    w.approval({ show: ['order'], expiresIn: '2 days' })
    // @ts-expect-error the answer's keys are state keys
    w.approval({ show: ['order'], response: z.object({ note: z.string() }) })
    // @ts-expect-error the answer's values fit the state
    w.approval({ show: ['order'], response: z.object({ reply: z.number() }) })
    // @ts-expect-error no such option
    w.approval({ show: ['order'], who: 'manager' })
    // @ts-expect-error what is shown is missing
    w.approval({ role: 'manager' })
  })

  it('may say who decides, which leaves its outcomes as they are', () => {
    const board = w.approval({
      show: ['order'],
      quorum: { need: 2, of: ['ada', 'bo', 'cy'], rejected: 'unreachable' },
      delegates: { ada: ['dan'] },
      escalate: [{ after: '1h', role: 'director' }],
    })
    expectTypeOf(board['~outcomes']).toEqualTypeOf<'approved' | 'rejected'>()
    // @ts-expect-error `rejected` is one of two words
    w.approval({ show: ['order'], quorum: { need: 2, rejected: 'two' } })
    // @ts-expect-error a duration has a unit
    w.approval({ show: ['order'], escalate: { after: '1 hour', role: 'director' } })
  })
})
