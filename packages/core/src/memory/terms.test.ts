import { describe, expect, it } from 'vitest'
import { asciiTerm, queryTermsOf, termsOf } from './terms.ts'

describe('termsOf', () => {
  it('gives words in one form, whatever their case, accents and width', () => {
    expect(termsOf('Café CAFE ｃａｆé — naïve, 42!')).toEqual(['cafe', 'cafe', 'cafe', 'naive', '42'])
  })

  it('gives characters and pairs of scripts without spaces, and words of others beside them', () => {
    expect(termsOf('东京tower 2')).toEqual(['东', '京', '东京', 'tower', '2'])
  })

  it('keeps marks that are part of a word', () => {
    expect(termsOf('चाय')).toEqual(['चाय'])
  })

  it('finds nothing in what holds no word', () => {
    expect(termsOf('"*( ) — \u0000 \uD83D 😀')).toEqual([])
  })
})

describe('queryTermsOf', () => {
  it('gives each term once, 64 at most', () => {
    expect(queryTermsOf('tea Tea TEA')).toEqual(['tea'])
    expect(queryTermsOf('东京塔')).toEqual(['东京', '京塔'])
    expect(queryTermsOf(Array.from({ length: 100 }, (_, index) => `w${index}`).join(' '))).toHaveLength(64)
  })
})

describe('asciiTerm', () => {
  it('keeps different terms apart', () => {
    const terms = ['tea', 'é', 'u', 'uc3a9', 'c3a9', '茶']
    expect(new Set(terms.map(asciiTerm)).size).toBe(terms.length)
    expect(terms.map(asciiTerm).every((term) => /^[a-z0-9]+$/.test(term))).toBe(true)
  })
})
