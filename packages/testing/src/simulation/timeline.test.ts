import { describe, expect, it } from 'vitest'
import { seededRandom } from '../random/seeded-random.ts'
import { SimulatedProcess } from './process.ts'
import { Timeline } from './timeline.ts'

const newTimeline = (seed = 1): Timeline => new Timeline(seededRandom(seed), 1_000)

async function runAll(timeline: Timeline): Promise<void> {
  while (await timeline.step()) {
    // Until nothing is left.
  }
}

describe('Timeline', () => {
  it('runs tasks in order of their moments, one at a time, with everything that follows at once', async () => {
    const timeline = newTimeline()
    const seen: string[] = []
    timeline.in(20, null, () => seen.push(`late at ${timeline.now}`))
    timeline.in(10, null, () => {
      void Promise.resolve()
        .then(() => new Promise(setImmediate))
        .then(() => seen.push('what followed'))
    })
    timeline.in(10.5, null, () => seen.push('next'))
    await runAll(timeline)
    expect(seen).toEqual(['what followed', 'next', 'late at 1020'])
    expect(timeline.steps).toBe(3)
  })

  it('draws the order of what falls on one moment from the seed', async () => {
    const orderOf = async (seed: number): Promise<string> => {
      const timeline = newTimeline(seed)
      const seen: number[] = []
      for (let index = 0; index < 8; index++) timeline.in(5, null, () => seen.push(index))
      await runAll(timeline)
      return seen.join('')
    }
    expect(await orderOf(1)).toBe(await orderOf(1))
    expect(new Set([await orderOf(1), await orderOf(2), await orderOf(3)]).size).toBeGreaterThan(1)
  })

  it('forgets what was taken off', async () => {
    const timeline = newTimeline()
    let calls = 0
    timeline.in(1, null, () => (calls += 1))()
    await runAll(timeline)
    expect(calls).toBe(0)
  })
})

describe('SimulatedProcess', () => {
  const start = (): { timeline: Timeline; process: SimulatedProcess } => {
    const timeline = newTimeline()
    return { timeline, process: new SimulatedProcess(timeline, { name: 'one', pid: 1, seed: 'one' }) }
  }

  it('gets nothing once it is dead', async () => {
    const { timeline, process } = start()
    let isCalled = false
    process.clock.at(timeline.now + 5, () => (isCalled = true))
    process.kill()
    await runAll(timeline)
    expect(isCalled).toBe(false)
  })

  it('gets everything late that came while it was frozen', async () => {
    const { timeline, process } = start()
    const at: number[] = []
    process.clock.at(timeline.now + 5, () => at.push(process.clock.now()))
    process.clock.at(timeline.now + 200, () => at.push(process.clock.now()))
    process.freeze()
    timeline.in(100, null, () => process.thaw())
    await runAll(timeline)
    expect(at).toEqual([1_100, 1_200])
  })

  it('does not come back from the dead', () => {
    const { process } = start()
    process.kill()
    process.thaw()
    process.freeze()
    expect(process.state).toBe('dead')
  })
})
