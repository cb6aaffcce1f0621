import { createMemoryStore } from '@waystone/core/store'
import { describe, expect, it } from 'vitest'
import { callsOf, work } from './hierarchy.ts'

const fan = { managers: 3, leads: 4, workers: 5 }

describe('a hierarchy of managers, leads and workers', () => {
  it('asks each of them once, with its own brief alone, and passes reports up in order (M4, B2)', async () => {
    const { status, calls, prompts, reports } = await work(fan, createMemoryStore())
    expect(status).toBe('completed')
    expect(callsOf(fan)).toBe(3 + 12 + 60)
    expect(calls).toBe(callsOf(fan))
    const briefs = prompts.map((prompt) =>
      [...prompt.matchAll(/goal \d( \/ part \d)?( \/ task \d)?/g)].map(([brief]) => brief),
    )
    for (const named of briefs) expect(named).toHaveLength(1)
    expect(new Set(briefs.flat()).size).toBe(callsOf(fan))
    const tasks = [0, 1, 2].flatMap((goal) =>
      [0, 1, 2, 3].flatMap((part) => [0, 1, 2, 3, 4].map((task) => `done: goal ${goal} / part ${part} / task ${task}`)),
    )
    expect(reports).toEqual(tasks)
  })
})
