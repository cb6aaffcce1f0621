import type { Decision } from '@waystone/core'
import { describe, expect, it } from 'vitest'
import { smallSample } from '../../test/sample-graphs.ts'
import { decisionLines, reasonText, wayText } from './decision-text.ts'

const rude: Decision = {
  node: 'tone',
  visit: 3,
  outcome: 'rude',
  candidates: [{ edge: 'tone.rude', verdict: 'otherwise', limit: { used: 2, max: 2 } }],
  taken: 'tone.rude:otherwise',
  to: ':end',
}
const triage: Decision = {
  node: 'triage',
  visit: 1,
  outcome: 'done',
  candidates: [
    {
      edge: 'triage.done.0',
      verdict: 'guard',
      guards: [{ guard: 'isSmall', result: false, read: { amount: 340, text: { $state: 'text' } } }],
    },
    { edge: 'triage.done.1', verdict: 'taken' },
  ],
  taken: 'triage.done.1',
  to: 'manager',
}

describe('reasonText', () => {
  it('says which guard was read how, and which limit was used up', () => {
    expect(reasonText(triage)).toBe('isSmall is false (amount = 340, text = …, see --state)')
    expect(reasonText(rude)).toBe('limit of 2 used up')
  })

  it('says which limit of the workflow was hit', () => {
    expect(reasonText({ ...rude, limit: { name: 'costUsd', used: 0.48, max: 0.5 } })).toBe('limit hit: $0.48 of $0.50')
  })

  it('says how long nothing was gained', () => {
    const stalled = { ...triage, taken: 'limits.stall', stall: { transitions: 6, times: 1 } }
    expect(reasonText(stalled)).toBe('stalled: 6 transitions in a row without progress')
    expect(decisionLines(stalled, smallSample).at(-1)).toBe('  ! stalled: 6 transitions in a row without progress')
  })

  it('is empty where there was nothing to choose', () => {
    expect(reasonText({ ...triage, candidates: [{ edge: 'triage.done', verdict: 'taken' }] })).toBe('')
  })
})

describe('decisionLines', () => {
  it('lists every candidate in the order it was tried', () => {
    expect([...decisionLines(triage, smallSample), ...decisionLines(rude, smallSample)].join('\n'))
      .toMatchInlineSnapshot(`
      "triage ended done → manager  [triage.done.1]
        ✗ triage.done.0 → refund  guard is false: isSmall is false (amount = 340, text = …, see --state)
        ✓ triage.done.1 → manager  taken
      tone (visit 3) ended rude → end  [tone.rude:otherwise]
        ✓ tone.rude → end  its other way was taken: limit of 2 used up"
    `)
  })
})

describe('wayText', () => {
  const ended = (more: Partial<Decision>): string =>
    wayText({ node: 'a', visit: 1, outcome: 'done', candidates: [], taken: 'a.done', to: 'd', ...more }, smallSample)

  it('says what waits for others and what begins, where branches meet', () => {
    expect(ended({})).toBe('→ d')
    expect(ended({ starts: [] })).toBe('→ d waits')
    expect(ended({ starts: ['c'] })).toBe('→ d waits, c begins')
    expect(ended({ starts: ['d'] })).toBe('→ d')
    const arrival = { join: 'meet', branch: 'a', isFailure: false, joined: 1, needed: 3, fires: null } as const
    expect(ended({ to: 'meet', arrival, starts: [] })).toBe('→ meet 1 of 3')
    expect(ended({ to: 'meet', arrival, starts: ['c'] })).toBe('→ meet 1 of 3, c begins')
  })
})
