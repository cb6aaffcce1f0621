import { randomIds, type RunEvent } from '@waystone/core'
import { describe, expect, it } from 'vitest'
import { becameOf } from './became-of.ts'

const request = { step: 3, sequence: 6 }
const decision = { outcome: 'rejected', by: 'bob', reason: 'too much' }
const base = { runId: randomIds.run(0), at: 0, cursor: '' }

function decided(outcome: string, by: string, sequence = 7): RunEvent {
  const reason = by === 'bob' ? 'too much' : ''
  return { ...base, type: 'request.decided', sequence, step: 3, node: 'a', outcome, by, through: 'cli', reason }
}

async function found(events: readonly RunEvent[], signal = new AbortController().signal): Promise<unknown> {
  async function* told(): AsyncGenerator<RunEvent> {
    yield* events
  }
  return await becameOf({ events: told }, { request, decision }, signal)
}

describe('becameOf', () => {
  it('says that a decision was taken, or that somebody was faster (H4)', async () => {
    expect(await found([decided('asked', 'eve', 5), decided('rejected', 'bob')])).toBe('taken')
    expect(await found([decided('approved', 'ada'), decided('rejected', 'bob', 8)])).toEqual({
      instead: 'approved by ada',
    })
  })

  it('says that the request expired, that the run ended, or that nobody has taken it yet', async () => {
    const expired: RunEvent = {
      ...base,
      type: 'step.ended',
      sequence: 7,
      step: 3,
      node: 'a',
      visit: 1,
      kind: 'approval',
      attempt: 1,
      outcome: 'expired',
      startedAt: 0,
      isLate: false,
    }
    expect(await found([expired])).toEqual({ instead: 'expired' })
    expect(await found([])).toEqual({ instead: 'the run has ended' })
    expect(await found([], AbortSignal.abort())).toBe('pending')
  })
})
