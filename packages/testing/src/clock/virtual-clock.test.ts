import { describe, expect, it } from 'vitest'
import { virtualClock, virtualEpoch } from './virtual-clock.ts'

describe('virtualClock', () => {
  it('stands still until it is moved', async () => {
    const clock = virtualClock(1_000)
    expect(clock.now()).toBe(1_000)
    await clock.advance(250)
    expect(clock.now()).toBe(1_250)
    expect(virtualClock().now()).toBe(virtualEpoch)
  })

  it('calls back in order of time, then in order of asking, at the moment asked for', async () => {
    const clock = virtualClock(0)
    const seen: [string, number][] = []
    const note = (name: string) => (): void => void seen.push([name, clock.now()])
    clock.at(20, note('later'))
    clock.at(10, note('first'))
    clock.at(10, note('second'))
    await clock.advance(15)
    expect(seen).toEqual([
      ['first', 10],
      ['second', 10],
    ])
    await clock.advance(5)
    expect(seen.at(-1)).toEqual(['later', 20])
  })

  it('never calls back synchronously, not even for the past', async () => {
    const clock = virtualClock(100)
    let isCalled = false
    clock.at(50, () => {
      isCalled = true
    })
    expect(isCalled).toBe(false)
    await clock.advance(0)
    expect(isCalled).toBe(true)
    expect(clock.now()).toBe(100)
  })

  it('forgets what was taken back, twice without harm', async () => {
    const clock = virtualClock(0)
    let calls = 0
    const stop = clock.at(10, () => (calls += 1))
    expect(clock.pending).toEqual([10])
    stop()
    stop()
    expect(clock.pending).toEqual([])
    await clock.advance(20)
    expect(calls).toBe(0)
  })

  it('runs what a callback starts, timers included, within the same advance', async () => {
    const clock = virtualClock(0)
    const seen: number[] = []
    clock.at(10, () => {
      void Promise.resolve()
        .then(() => new Promise(setImmediate))
        .then(() => clock.at(clock.now() + 5, () => seen.push(clock.now())))
    })
    await clock.advance(30)
    expect(seen).toEqual([15])
    expect(clock.now()).toBe(30)
  })

  it('runs until a promise settles and gives its value or its error', async () => {
    const clock = virtualClock(0)
    const wait = (ms: number): Promise<number> =>
      new Promise((resolve) => clock.at(clock.now() + ms, () => resolve(ms)))
    expect(await clock.runUntil(wait(40))).toBe(40)
    expect(clock.now()).toBe(40)
    await expect(clock.runUntil(wait(10).then(() => Promise.reject(new RangeError('no'))))).rejects.toThrow('no')
  })

  it('runs until a condition holds', async () => {
    const clock = virtualClock(0)
    let ticks = 0
    const tick = (): void => {
      ticks += 1
      clock.at(clock.now() + 10, tick)
    }
    tick()
    await clock.runUntil(() => ticks === 4)
    expect(clock.now()).toBe(30)
  })

  it('says so when nothing is left that could make it true, or the time is spent', async () => {
    const clock = virtualClock(0)
    await expect(clock.runUntil(() => false)).rejects.toMatchObject({ code: 'WAYSTONE_INPUT_STANDSTILL' })
    clock.at(500, () => {})
    await expect(clock.runUntil(() => false, { withinMs: 100 })).rejects.toThrow(
      'the next callback is at 1970-01-01T00:00:00.500Z, after the time allowed, 1970-01-01T00:00:00.100Z',
    )
  })
})
