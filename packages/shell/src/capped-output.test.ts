import { describe, expect, it } from 'vitest'
import { CappedOutput } from './capped-output.ts'

function read(
  text: string | Buffer,
  cap: number,
  { secrets = [], chunk = 7 }: { readonly secrets?: readonly string[]; readonly chunk?: number } = {},
): { readonly text: string; readonly omittedBytes: number } {
  const output = new CappedOutput(cap, secrets)
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; at += chunk) output.add(bytes.subarray(at, at + chunk))
  return output.read()
}

describe('CappedOutput', () => {
  it('keeps everything up to its cap', () => {
    expect(read('0123456789', 10)).toEqual({ text: '0123456789', omittedBytes: 0 })
    expect(read('', 10)).toEqual({ text: '', omittedBytes: 0 })
  })

  it('keeps beginning and end of more, and says how much is missing', () => {
    expect(read('0123456789abcdef', 10)).toEqual({
      text: '01234\n[… 6 bytes left out …]\nbcdef',
      omittedBytes: 6,
    })
  })

  it.each([1, 3, 64, 100_000])('keeps the same whatever the pieces, %i bytes each', (chunk) => {
    const text = Array.from({ length: 5000 }, (_, line) => `line ${line}`).join('\n')
    const kept = read(text, 1000, { chunk })
    expect(kept.text.startsWith('line 0\nline 1\n')).toBe(true)
    expect(kept.text.endsWith('line 4998\nline 4999')).toBe(true)
    expect(kept.omittedBytes).toBe(Buffer.byteLength(text) - 1000)
  })

  it('replaces what is no UTF-8, and cuts no character in two', () => {
    expect(read(Buffer.from([0x61, 0xff, 0x62]), 10).text).toBe('a\uFFFDb')
    for (let cap = 10; cap < 20; cap++) expect(read('日本語'.repeat(20), cap).text).not.toContain('\uFFFD')
  })

  it('cuts no secret in two: a part of one is not found again', () => {
    const secret = 'very-secret'
    for (let shift = 0; shift < 60; shift++) {
      const text = `${'.'.repeat(shift)}${secret}${'.'.repeat(100)}${secret}${'.'.repeat(60 - shift)}`
      const rest = read(text, 60, { secrets: [secret] }).text.replaceAll(secret, '')
      expect(rest).toMatch(/^[.\n]*\[… \d+ bytes left out …\][.\n]*$/)
    }
  })
})
