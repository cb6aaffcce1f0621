import { describe, expect, it } from 'vitest'
import { dark, light, styleSheet } from './svg-style.ts'

/** Relative luminance, WCAG 2.2. */
function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

function contrast(one: string, other: string): number {
  const [darker = 0, lighter = 0] = [luminance(one), luminance(other)].toSorted((a, b) => a - b)
  return (lighter + 0.05) / (darker + 0.05)
}

describe.each([
  ['light', light],
  ['dark', dark],
])('the %s palette', (_name, { page, card, text, quiet, line, error, kinds }) => {
  it('keeps text at 4.5:1', () => {
    for (const ink of [text, quiet, error]) {
      for (const paper of [page, card]) expect(contrast(ink, paper)).toBeGreaterThanOrEqual(4.5)
    }
  })

  it('keeps lines, borders and marks at 3:1', () => {
    for (const ink of [line, error, ...Object.values(kinds)]) {
      for (const paper of [page, card]) expect(contrast(ink, paper)).toBeGreaterThanOrEqual(3)
    }
  })
})

describe('styleSheet', () => {
  it('touches nothing outside of the picture, and needs no custom properties', () => {
    const rules =
      styleSheet()
        .replace(/@media \([^)]*\)\{/, '')
        .match(/[^{}]+(?=\{)/g) ?? []
    expect(rules.flatMap((rule) => rule.split(',')).filter((selector) => !selector.trim().startsWith('.ws '))).toEqual(
      [],
    )
    expect(styleSheet()).not.toContain('var(')
  })
})
