import { stripVTControlCharacters } from 'node:util'

/** How a piece of text is meant; what it looks like is decided where it is printed. */
export type Tone = 'strong' | 'quiet' | 'good' | 'bad' | 'warn' | 'accent'

/** Dresses text for a terminal, or leaves it plain. */
export type Style = (tone: Tone, text: string) => string

const codes: { readonly [tone in Tone]: readonly [number, number] } = {
  strong: [1, 22],
  quiet: [2, 22],
  good: [32, 39],
  bad: [31, 39],
  warn: [33, 39],
  accent: [36, 39],
}

/** Colours and weights by escape sequences. */
export const colouredStyle: Style = (tone, text) => {
  if (text === '') return ''
  const [on, off] = codes[tone]
  return `\u001b[${on}m${text}\u001b[${off}m`
}

/** No escape sequences at all. */
export const plainStyle: Style = (_tone, text) => text

/** Columns that a styled text takes; wide characters count as two. */
export function displayWidth(text: string): number {
  let width = 0
  for (const character of stripVTControlCharacters(text)) {
    if (/\p{M}/u.test(character)) continue
    width +=
      /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u.test(
        character,
      )
        ? 2
        : 1
  }
  return width
}
