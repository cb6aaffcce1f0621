import { describe, expect, it } from 'vitest'
import { cleanTitle } from './title.ts'

describe('cleanTitle', () => {
  it.each([
    ['feat(client): retry a letter (#41)', 'Retry a letter'],
    ['feat!: drop Node 18', 'Drop Node 18'],
    ['Fixed a crash in the parser.', 'Fix a crash in the parser'],
    ['Added `res.links()`', 'Add `res.links()`'],
    ['fix: replaceUrlParam should not match (fixes #58)', 'replaceUrlParam should not match'],
    [':sparkles: add tracking', 'Add tracking'],
    ['✨ bring back query tests (#5690)', 'Bring back query tests'],
    ['[core] fix: loop, closes #12', 'Loop'],
    ['Fix #12: do not loop', 'Do not loop'],
    ['fix: handle e.g. ...', 'Handle e.g. ...'],
    ['fix(#12): (#12)', 'fix(#12): (#12)'],
  ])('makes of "%s" "%s"', (title, clean) => {
    expect(cleanTitle(title)).toBe(clean)
  })

  it('is not kept busy by a title made for that', () => {
    const title = `fix: it (${'#11'.repeat(75)}x`
    expect(cleanTitle(title)).toBe(`It (${'#11'.repeat(75)}x`)
  })
})
