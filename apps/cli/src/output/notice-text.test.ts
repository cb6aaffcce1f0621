import { describe, expect, it } from 'vitest'
import { noticeLines } from './notice-text.ts'
import { surroundings } from '../../test/command-line.ts'

/** A notice about what waits in line. */
const awaited = {
  type: 'permit.awaited',
  // An id is a text that is checked where runs are made.
  runId: 'r-1' as never,
  node: 'pay/call',
  step: 7,
  attempt: 1,
  resource: 'tool:pay',
  reason: 'concurrent',
  ahead: 2,
  until: null,
} as const

describe('noticeLines', () => {
  it.each([
    [{}, 'Run r-1: node pay/call waits for tool pay: too many are under way, 2 ahead.'],
    [{ items: [3] }, 'Run r-1: node pay/call[3] waits for tool pay: too many are under way, 2 ahead.'],
    [
      { items: [3], undoes: 4 },
      'Run r-1: node pay/call[3], to undo step 4, waits for tool pay: too many are under way, 2 ahead.',
    ],
  ])('name the item and the step that is undone: %j', (about, line) => {
    expect(noticeLines({ ...awaited, ...about }, { around: surroundings() })).toEqual([line])
  })
})
