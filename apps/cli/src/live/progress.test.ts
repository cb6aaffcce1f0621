import type { RunEvent } from '@waystone/core'
import { describe, expect, it } from 'vitest'
import { smallSample } from '../../test/sample-graphs.ts'
import { plainStyle, displayWidth, colouredStyle } from '../output/style.ts'
import { liveBlock } from './live-block.ts'
import { advance, limitsLeft, noProgress } from './progress.ts'

type Fact = RunEvent extends infer One ? (One extends unknown ? Omit<One, 'runId' | 'cursor'> : never) : never

function after(...facts: readonly Fact[]) {
  // The two left out are the same for every event, and not looked at.
  return facts.reduce(
    (progress, fact) => advance(progress, { ...fact, runId: 'r', cursor: 'c' } as unknown as RunEvent),
    noProgress,
  )
}

const facts = [
  { type: 'run.started', sequence: 0, at: 1000, workflow: 'refunds', input: {}, tags: {} },
  { type: 'step.started', sequence: 0, at: 1000, step: 0, node: 'triage', kind: 'model', attempt: 1 },
  {
    type: 'step.ended',
    sequence: 1,
    at: 3000,
    step: 0,
    node: 'triage',
    visit: 1,
    kind: 'model',
    attempt: 1,
    outcome: 'done',
    startedAt: 1000,
    usage: { modelCalls: 1, inputTokens: 100, outputTokens: 20, costUsd: 0.01 },
    isLate: false,
  },
  {
    type: 'edge.taken',
    sequence: 1,
    at: 3000,
    decision: { node: 'triage', visit: 1, outcome: 'done', candidates: [], taken: 'triage.done.1', to: 'manager' },
  },
  { type: 'step.started', sequence: 1, at: 3000, step: 1, node: 'answer', kind: 'call', attempt: 2, tool: 'look-up' },
] as const satisfies Fact[]

describe('advance', () => {
  it('keeps where the run ended, whatever settles after it', () => {
    expect(after(...facts).endedAt).toBeNull()
    const ended = [
      ...facts,
      { type: 'run.status-changed', sequence: 2, at: 4000, status: 'waiting' },
      { type: 'run.status-changed', sequence: 3, at: 5000, status: 'failed' },
      { type: 'log.written', sequence: 4, at: 6000, step: 1, node: 'answer', message: 'late' },
    ] as const satisfies Fact[]
    expect(after(...ended)).toMatchObject({ endedAt: 3, sequence: 4 })
  })

  it('keeps what is open, what was used and the last decision', () => {
    const progress = after(...facts)
    expect([...progress.open.values()]).toEqual([
      { node: 'answer', kind: 'call', attempt: 2, tool: 'look-up', since: 3000 },
    ])
    expect(progress).toMatchObject({ steps: 2, sequence: 1, startedAt: 1000, usage: { modelCalls: 1, costUsd: 0.01 } })
  })

  it('forgets what a model was saying once it has ended', () => {
    const token = {
      type: 'token.received',
      sequence: 0,
      at: 1500,
      step: 0,
      node: 'triage',
      text: 'Dear',
      isProvisional: true,
    } as const
    expect(after(...facts.slice(0, 2), token).speech).toBe('Dear')
    expect(after(...facts.slice(0, 2), token, ...facts.slice(2)).speech).toBe('')
  })
})

describe('limitsLeft', () => {
  it('takes what was used from each limit of the workflow', () => {
    expect(limitsLeft(after(...facts), smallSample, 4000)).toEqual([
      { name: 'steps', left: 58 },
      { name: 'costUsd', left: 0.49 },
    ])
  })
})

describe('liveBlock', () => {
  const context = { graph: smallSample, style: plainStyle, now: 5000, columns: 60 }

  it('shows current work, use, what is left and the last edge', () => {
    expect(liveBlock(after(...facts), context).join('\n')).toMatchInlineSnapshot(`
      "▸ answer  tool look-up, attempt 2, 2.0 s
        used  4.0 s · 2 steps · 1 model call · 120 tokens · $0.0…
        left  58 steps · $0.49
        last  triage done → manager"
    `)
  })

  it('never takes more columns than there are, coloured or not', () => {
    const token = {
      type: 'token.received',
      sequence: 1,
      at: 3500,
      step: 1,
      node: 'answer',
      text: 'so many words '.repeat(30),
      isProvisional: true,
    } as const
    for (const style of [plainStyle, colouredStyle]) {
      for (const columns of [20, 40]) {
        const lines = liveBlock(after(...facts, token), { ...context, style, columns })
        expect(Math.max(...lines.map(displayWidth))).toBeLessThan(columns)
      }
    }
  })
})
