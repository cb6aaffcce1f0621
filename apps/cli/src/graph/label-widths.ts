/**
 * Widths of glyphs, in thousandths of the font size, of the fonts that share Helvetica's metrics (Arial, Helvetica, Liberation
 * Sans, Arimo), so that labels can be measured where there is no screen. Index 0 is U+0020, the last is U+007E.
 *
 * Source: measured with a browser's text metrics over Liberation Sans at 1,000 px.
 */
const ascii = {
  regular: [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556,
    556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833,
    722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556,
    556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334,
    260, 334, 584,
  ],
  bold: [
    278, 333, 474, 556, 556, 889, 722, 238, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556,
    556, 556, 556, 333, 333, 584, 584, 584, 611, 975, 722, 722, 722, 722, 667, 611, 778, 722, 278, 556, 722, 611, 833,
    722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 333, 278, 333, 584, 556, 333, 556, 611, 556, 611,
    556, 333, 611, 611, 278, 278, 556, 278, 889, 611, 611, 611, 611, 389, 556, 333, 611, 556, 778, 556, 556, 500, 389,
    280, 389, 584,
  ],
} as const

/** Other glyphs that labels often hold: regular, bold. */
const others: { readonly [glyph: string]: readonly [number, number] } = {
  '…': [1000, 1000],
  '–': [556, 556],
  '—': [1000, 1000],
  '·': [278, 278],
  '•': [350, 350],
  '→': [1000, 1000],
  '×': [584, 584],
  '≥': [549, 549],
  '≤': [549, 549],
  '“': [333, 500],
  '”': [333, 500],
  '‘': [222, 278],
  '’': [222, 278],
  '€': [556, 556],
  ß: [611, 611],
  æ: [889, 889],
  ø: [611, 611],
  Æ: [1000, 1000],
  Ø: [778, 778],
  œ: [944, 944],
  Œ: [1000, 1000],
  ł: [222, 278],
}

/** The weight a label is drawn in. */
export type LabelWeight = keyof typeof ascii

/** No line of a picture is wider, px. */
export const maxTextWidth = 220

/** The font stack the widths belong to. */
export const labelFonts = "Arial, Helvetica, 'Liberation Sans', Arimo, sans-serif"

/**
 * Width of a line of text.
 *
 * Letters with marks count as their base letter; wide scripts and pictographs as one square; what is unknown as a wide letter,
 * so that a label is sooner given too much room than too little.
 *
 * @param size - font size, px
 * @returns px
 */
export function labelWidth(text: string, size: number, weight: LabelWeight = 'regular'): number {
  let thousandths = 0
  for (const character of text.normalize('NFD')) thousandths += glyphWidth(character, weight)
  return Math.round(thousandths * size) / 1000
}

function glyphWidth(character: string, weight: LabelWeight): number {
  const code = character.codePointAt(0) ?? 0
  const known = ascii[weight][code - 32] ?? others[character]?.[weight === 'bold' ? 1 : 0]
  if (known !== undefined) return known
  if (/\p{M}/u.test(character)) return 0
  if (code >= 0x1100) return 1000
  return 722
}

/** How a text is measured. */
export interface LabelFont {
  /** Font size, px. */
  readonly size: number
  readonly weight?: LabelWeight
}

// Where a text may be broken, best first: after a comma, at a space, inside a name, anywhere.
const breaks: readonly { readonly at: RegExp; readonly between: string }[] = [
  { at: /(?<=[,;]) /u, between: ' ' },
  { at: / /u, between: ' ' },
  { at: /(?<=[-_/.:])(?=.)|(?<=[\p{Ll}\d])(?=\p{Lu})/u, between: '' },
  { at: /(?<=.)(?=\P{M})/su, between: '' },
]

/**
 * Breaks a text into lines of a width; nothing of it is left out.
 *
 * @param maxWidth - px; a single letter that is wider stands alone
 * @returns one line at least
 */
export function wrapLabel(text: string, maxWidth: number, font: LabelFont): readonly string[] {
  return wrapped(text, maxWidth, { font, level: 0 })
}

function wrapped(text: string, maxWidth: number, how: { font: LabelFont; level: number }): readonly string[] {
  const { font, level } = how
  const step = breaks[level]
  if (step === undefined || labelWidth(text, font.size, font.weight) <= maxWidth) return [text]
  const lines: string[] = []
  for (const part of text.split(step.at)) {
    const [last] = lines.slice(-1)
    const longer = last === undefined ? part : `${last}${step.between}${part}`
    if (last !== undefined && labelWidth(longer, font.size, font.weight) <= maxWidth) lines.splice(-1, 1, longer)
    else lines.push(...wrapped(part, maxWidth, { font, level: level + 1 }))
  }
  return lines
}
