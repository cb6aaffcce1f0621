import type { Decision, Graph, NodeRecord } from '@waystone/core'
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

  it('says what waited for a limit, and how that went on', () => {
    const room: Decision = {
      node: 'right',
      visit: 1,
      outcome: ':room',
      candidates: [{ edge: 'right:items', verdict: 'taken' }],
      taken: 'right:items',
      to: null,
    }
    const item: Decision = {
      ...room,
      node: 'left',
      outcome: 'done',
      candidates: [{ edge: 'left:item', verdict: 'taken' }],
      taken: 'left:item',
    }
    const hit: Decision = {
      ...room,
      candidates: [{ edge: 'right:items', verdict: 'exhausted' }],
      taken: 'limits.exhausted',
      to: ':exhausted',
      limit: { name: 'toolCalls', used: 2, max: 2 },
    }
    expect([{ ...item, next: room }, hit].flatMap((one) => decisionLines(one, smallSample)).join('\n'))
      .toMatchInlineSnapshot(`
        "left done, goes on with other items  [left:item]
        right waited for a limit, and begins its items  [right:items]
        right waited for a limit → exhausted  [limits.exhausted]
          ✗ right:items  passed over, a limit was hit
          ! limit hit: 2 tool calls of 2 tool calls"
      `)
  })

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

describe('decisions in a nested workflow', () => {
  const inner: Graph = { ...smallSample, name: 'inner' }
  const holder: NodeRecord = {
    ...Object.values(smallSample.nodes)[0],
    id: 'each',
    kind: 'workflow',
    workflow: 'inner',
  } as NodeRecord
  const outer: Graph = { ...smallSample, nodes: { ...smallSample.nodes, each: holder }, workflows: { inner } }

  it('name targets by their paths, and an end by what it is the end of', () => {
    expect(wayText({ ...triage, node: 'each/triage' }, outer)).toBe('→ each/manager')
    expect(wayText({ ...rude, node: 'each/tone' }, outer, [3])).toBe('→ end of each[3]')
    expect(wayText({ ...triage, node: 'each/triage', to: ':fail' }, outer)).toBe('→ failure of each')
    expect(decisionLines({ ...triage, node: 'each/triage' }, outer, [3])).toEqual([
      'each/triage[3] ended done → each/manager[3]  [triage.done.1]',
      '  ✗ triage.done.0 → each/refund[3]  guard is false: isSmall is false (amount = 340, text = …, see --state)',
      '  ✓ triage.done.1 → each/manager[3]  taken',
    ])
  })

  it('say what goes on inside, and what is undone', () => {
    const inside = { ...triage, to: null, candidates: [] }
    expect(decisionLines({ ...inside, taken: 'triage:tools' }, outer)).toEqual([
      'triage done, its tools are called  [triage:tools]',
    ])
    expect(decisionLines({ ...inside, node: 'each', outcome: 'begun', taken: 'each:begin' }, outer, [2])).toEqual([
      'each[2] begins  [each:begin]',
    ])
    const undoing: Decision = { ...inside, node: ':compensating', outcome: 'failed', taken: ':undo:next' }
    const failed: Decision = { ...triage, outcome: 'failed', to: ':fail', next: undoing }
    expect(wayText(failed, outer)).toBe('→ failed, undoing first')
    expect(decisionLines(failed, outer).at(-1)).toBe('what was done is undone first  [:undo:next]')
    expect(decisionLines({ ...inside, taken: ':undone', to: ':fail' }, outer)).toEqual([
      'triage: all has been undone → failed  [:undone]',
    ])
  })
})
