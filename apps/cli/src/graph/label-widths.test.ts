import { describe, expect, it } from 'vitest'
import { fitLabel, labelWidth } from './label-widths.ts'

describe('labelWidth', () => {
  it.each([
    ['', 0],
    ['i', 2.22],
    ['W', 9.44],
    ['isSmall ≤ 2×', 54.67],
  ])('measures %j at 10 px', (text, width) => {
    expect(labelWidth(text, 10)).toBe(width)
  })

  it('is wider in bold and grows with the size', () => {
    expect(labelWidth('triage', 13, 'bold')).toBeGreaterThan(labelWidth('triage', 13))
    expect(labelWidth('triage', 26)).toBeCloseTo(2 * labelWidth('triage', 13))
  })

  it('takes letters with marks for their base letter, and gives wide scripts a square', () => {
    expect(labelWidth('é', 10)).toBe(labelWidth('e', 10))
    expect(labelWidth('漢', 10)).toBe(10)
  })
})

describe('fitLabel', () => {
  it('leaves alone what fits, and cuts the rest with an ellipsis', () => {
    expect(fitLabel('short', 100, { size: 10 })).toBe('short')
    const cut = fitLabel('mentionsPeopleOrCompanies', 60, { size: 10 })
    expect(cut).toBe('mentionsP…')
    expect(labelWidth(cut, 10)).toBeLessThanOrEqual(60)
    expect(fitLabel('anything', 1, { size: 10 })).toBe('…')
  })
})
