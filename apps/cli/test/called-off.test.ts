import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createCommandLine, type CommandLine } from './command-line.ts'

let waystone: CommandLine
beforeEach(() => {
  waystone = createCommandLine()
})
afterEach(() => waystone.close())

describe('the loser of a race', () => {
  it('is told as called off by run, show, audit and stats, and is no failure', async () => {
    const { out, exit } = await waystone('run', 'race.ts', '--input', '{"from":"a"}')
    expect(exit).toBe(0)
    expect(out).toMatch(/slow +called off by the join/)
    const shown = (await waystone('show', 'last')).out
    expect(shown).toMatch(/slow +called off by the join/)
    const audited = (await waystone('audit', 'last')).out
    expect(audited).toMatch(/node slow +effect.ended +called off by the join/)
    for (const text of [out, shown, audited]) expect(text).not.toMatch(/failed|aborted/)
    const { checkpoints } = JSON.parse((await waystone('show', 'last', '--json')).out) as { checkpoints: object[] }
    expect(checkpoints.at(-1)).toMatchObject({ outcome: 'failed', calledOff: 'join', step: { node: 'slow' } })
    expect((await waystone('stats', '--by', 'node')).out).toMatchInlineSnapshot(`
      "      name        ended   good  bad  called off  model calls  tokens  cost  median  95 %
      node  race/ask        1  100 %    0           0            0       0    $0    0 ms  0 ms
      node  race/slow       1           0           1            0       0    $0
      node  race/swift      1  100 %    0           0            0       0    $0    0 ms  0 ms
      Of the runs that are stored: those that were deleted are not counted.
      "
    `)
  })
})

describe('waystone stats', () => {
  it('counts cancelled runs as called off, not as bad, and says that it knows of stored runs alone', async () => {
    await waystone('run', 'trip.ts', '--input', '{"to":"rome"}')
    await waystone('cancel', 'last', '--reason', 'withdrawn')
    expect((await waystone('stats', '--by', 'workflow')).out).toMatchInlineSnapshot(`
      "          name  ended  good  bad  called off  model calls  tokens  cost  median  95 %
      workflow  trip      1          0           1            0       0    $0
      Of the runs that are stored: those that were deleted are not counted.
      "
    `)
    const { rows } = JSON.parse((await waystone('stats', '--by', 'workflow', '--json')).out) as { rows: object[] }
    expect(rows).toMatchObject([{ count: 1, succeeded: 0, failed: 0, calledOff: 1 }])
  })
})
