import type { RunEvent, RunId } from '@waystone/core'
import { describe, expect, it } from 'vitest'
import { smallSample } from '../../test/sample-graphs.ts'
import { eventLines } from './event-lines.ts'

const ended: Extract<RunEvent, { type: 'step.ended' }> = {
  type: 'step.ended',
  runId: 'r' as RunId,
  cursor: 'c',
  sequence: 4,
  at: 2000,
  step: 1,
  node: 'answer',
  visit: 1,
  kind: 'model',
  attempt: 4,
  outcome: 'done',
  startedAt: 1000,
  isLate: false,
}

describe('eventLines', () => {
  it('names the model of a call that asked a fallback, and only there', () => {
    const context = { graph: smallSample, style: (_look: string, text: string): string => text, startedAt: 0 }
    expect(eventLines({ ...ended, asked: 'good' }, context)[0]).toContain('model good, attempt 4: done')
    expect(eventLines(ended, context)[0]).toContain('model, attempt 4: done')
  })
  it('tells what was called off as that, and what failed late as a failure', () => {
    const context = { graph: smallSample, style: (_look: string, text: string): string => text, startedAt: 0 }
    const error = { name: 'NodeError', code: 'X', message: 'The operation was aborted', retryable: false }
    const late = { ...ended, attempt: 1, outcome: 'failed', isLate: true, error }
    const [line = ''] = eventLines({ ...late, calledOff: 'join' }, context)
    expect(line).toContain('model: called off by the join')
    expect(line).not.toMatch(/failed|aborted/)
    expect(eventLines(late, context)[0]).toMatch(/model: failed \(late: only its usage counts\).*aborted/)
  })
})
