import { buildGraph, check, createRuntime, type RunEvent } from '@waystone/core'
import { describe, expect, it } from 'vitest'
import { researchIn, type Library } from './failures.ts'

/** What came of a run, and the edges it took. */
async function researched(
  library: Library,
): Promise<{ readonly result: unknown; readonly events: readonly RunEvent[] }> {
  const research = researchIn(library)
  const runtime = createRuntime({ workflows: [research] })
  const run = await runtime.start(research, { input: { topic: 'tea' } })
  const { status, output } = await run.result()
  const events: RunEvent[] = []
  for await (const event of run.events()) events.push(event)
  await runtime.close()
  return { result: { status, ...output }, events }
}

const edgesOf = (events: readonly RunEvent[]): readonly string[] =>
  events.flatMap((event) => (event.type === 'edge.taken' ? [event.decision.taken] : []))

describe('research (K6)', () => {
  it('ends when it is done enough', async () => {
    const { result, events } = await researched((_topic, _method, known) => [`fact ${known}`])
    expect(result).toEqual({ status: 'completed', facts: ['fact 0', 'fact 1', 'fact 2', 'fact 3', 'fact 4'] })
    expect(edgesOf(events).at(-1)).toBe('search.done.0')
  })

  it('ends when its budget is used up', async () => {
    // A fact every other time: never stalled, never enough.
    let round = 0
    const { result, events } = await researched(() => (round++ % 2 === 0 && round < 9 ? ['one'] : []))
    expect(result).toMatchObject({ status: 'completed', note: 'incomplete' })
    expect(edgesOf(events)).toContain('search.done.1:otherwise')
  })

  it('plans anew when it gets nowhere, and once more is enough (R6)', async () => {
    const found = await researched((_topic, method) => (method === 'web' ? ['a', 'b', 'c', 'd', 'e'] : []))
    expect(found.result).toMatchObject({ status: 'completed', facts: ['a', 'b', 'c', 'd', 'e'] })
    expect(edgesOf(found.events)).toContain('limits.stall')
    const nothing = await researched(() => [])
    expect(nothing.result).toMatchObject({ status: 'completed', note: 'incomplete' })
    expect(nothing.events.filter(({ type }) => type === 'run.stalled')).toMatchObject([
      { to: 'replan', transitions: 3, times: 1 },
      { to: 'close', transitions: 3, times: 2 },
    ])
  })

  it('goes another way where sources are in conflict (R8)', async () => {
    const { result } = await researched(() => ['yes', 'no'])
    expect(result).toMatchObject({ status: 'completed', note: 'the sources disagree' })
  })

  it('has no findings', () => {
    expect(check(buildGraph(researchIn(() => []))).findings).toEqual([])
  })
})
