import { describe, expect, it } from 'vitest'
import { Coverage } from './coverage.ts'

const rows = ['hold', 'release', 'cancel']

describe('Coverage', () => {
  it('names the rows that were never seen', () => {
    const coverage = new Coverage()
    coverage.count('cancel')
    expect(coverage.missing(rows)).toEqual(['hold', 'release'])
  })

  it('adds up and prints one row a line', () => {
    const [one, other] = [new Coverage(), new Coverage()]
    one.count('hold')
    other.count('hold')
    other.count('something else')
    one.add(other)
    expect(one.of('hold')).toBe(2)
    expect(one.toText(rows).split('\n')).toHaveLength(rows.length)
    expect(one.toText(rows)).toMatch(/^hold +2$/m)
    expect(one.toText(rows)).toMatch(/^release +0$/m)
  })
})
