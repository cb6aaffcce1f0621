import { describe, expect, it } from 'vitest'
import { Coverage, coverageRows } from './coverage.ts'

describe('Coverage', () => {
  it('names the rows that were never seen', () => {
    const coverage = new Coverage()
    for (const row of coverageRows.slice(2)) coverage.count(row)
    expect(coverage.missing()).toEqual(['crash before create', 'crash after create'])
  })

  it('adds up and prints one row a line', () => {
    const [one, other] = [new Coverage(), new Coverage()]
    one.count('hold')
    other.count('hold')
    other.count('something else')
    one.add(other)
    expect(one.of('hold')).toBe(2)
    expect(one.toText().split('\n')).toHaveLength(coverageRows.length)
    expect(one.toText()).toMatch(/^hold +2$/m)
    expect(one.toText()).toMatch(/^release +0$/m)
  })
})
