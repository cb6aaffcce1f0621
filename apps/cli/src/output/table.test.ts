import { describe, expect, it } from 'vitest'
import { colouredStyle, displayWidth } from './style.ts'
import { table } from './table.ts'

describe('table', () => {
  it('lines cells up by the columns they take on a terminal', () => {
    const rows = [
      [colouredStyle('good', 'ok'), '7'],
      ['漢字', '1,000'],
    ]
    const lines = table([{ title: 'name' }, { title: 'count', align: 'right' }], rows)
    expect(lines.map((line) => displayWidth(line))).toEqual([11, 11, 11])
    expect(lines[2]).toBe('漢字  1,000')
  })

  it('fills short rows and leaves no space at the end', () => {
    expect(table([{ title: 'a' }, { title: 'b' }], [['x']])).toEqual(['a  b', 'x'])
  })
})
