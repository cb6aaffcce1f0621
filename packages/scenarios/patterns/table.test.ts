import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const rows = readFileSync(new URL('../../../docs/control-flow-patterns.md', import.meta.url), 'utf8')
  .split('\n')
  .flatMap((line) => {
    const [, number = '', , how = ''] = line.split('|').map((cell) => cell.trim())
    return /^\d+$/.test(number) ? [{ number: Number(number), how }] : []
  })

const titles = readdirSync(new URL('.', import.meta.url))
  .filter((name) => name.endsWith('.test.ts') && !name.startsWith('table'))
  .flatMap((name) => readFileSync(new URL(name, import.meta.url), 'utf8').match(/it\('[^\n]*/g) ?? [])

describe('the table of control-flow patterns', () => {
  it('has each of the 43 once, at least 36 of them direct, and a test for each that says the same', () => {
    expect(rows.map(({ number }) => number)).toEqual(Array.from({ length: 43 }, (_, index) => index + 1))
    for (const { number, how } of rows) {
      const tests = titles.filter((title) => new RegExp(`WCP-${number}\\b`).test(title))
      expect(tests, `WCP-${number}`).toHaveLength(1)
      expect(tests[0]?.includes('by composition'), `WCP-${number}`).toBe(how === 'by composition')
    }
    const direct = rows.filter(({ how }) => how === 'direct')
    expect(direct.length).toBeGreaterThanOrEqual(36)
    expect(direct.length).toBe(37)
  })
})
