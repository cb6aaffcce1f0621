import { describe, expect, it } from 'vitest'
import { readArguments } from './arguments.ts'
import { quickEffort, usualEffort, type Measure } from './measure.ts'

const measures: readonly Measure[] = ['one', 'two'].map((name) => ({ name, run: () => Promise.resolve([]) }))

describe('readArguments', () => {
  it('takes every measure unless some are named', () => {
    expect(readArguments([], measures)).toMatchObject({ measures, effort: usualEffort, asJson: false, isHere: false })
    expect(readArguments(['--only', 'two', '--quick', '--json'], measures)).toMatchObject({
      measures: [{ name: 'two' }],
      effort: quickEffort,
      asJson: true,
    })
  })

  it('answers what it does not know with what it does', () => {
    expect(readArguments(['--only', 'three'], measures)).toMatch(/no measure "three"[^]*Names: one two/)
    expect(readArguments(['--fast'], measures)).toMatch(/--fast[^]*Usage/)
    expect(readArguments(['--help'], measures)).toMatch(/^Usage: npm run bench/)
  })
})
