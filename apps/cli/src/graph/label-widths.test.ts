import { describe, expect, it } from 'vitest'
import { labelWidth, wrapLabel } from './label-widths.ts'

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

describe('wrapLabel', () => {
  const font = { size: 10 }

  it.each<[string, string, number, readonly string[]]>([
    ['leaves alone what fits', 'short', 100, ['short']],
    ['breaks after a comma before anywhere else', 'of ada, bo or cy, dee', 60, ['of ada,', 'bo or cy, dee']],
    ['breaks at a space', 'one two three four', 50, ['one two', 'three four']],
    ['breaks inside a name at its parts', 'mentionsPeopleOr-companies', 50, ['mentions', 'PeopleOr-', 'companies']],
    ['breaks anywhere where it must', 'aaaaaaaaaaaa', 30, ['aaaaa', 'aaaaa', 'aa']],
    ['leaves a letter that is too wide', 'WW', 1, ['W', 'W']],
    ['keeps a letter with its marks', 'e\u0301e\u0301', 6, ['e\u0301', 'e\u0301']],
  ])('%s', (_what, text, width, lines) => {
    expect(wrapLabel(text, width, font)).toEqual(lines)
  })

  it('leaves nothing out and keeps to the width', () => {
    const text = 'approveOrRejectTheRefundOfTheCustomer, then_tell-everybody about the decision of yesterday'
    const lines = wrapLabel(text, 70, font)
    for (const line of lines) expect(labelWidth(line, 10)).toBeLessThanOrEqual(70)
    expect(lines.join('').replaceAll(' ', '')).toBe(text.replaceAll(' ', ''))
  })
})
