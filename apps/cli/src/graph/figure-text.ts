import { labelWidth, maxTextWidth, wrapLabel } from './label-widths.ts'
import type { Line } from './picture-lines.ts'
import type { Figure } from './picture.ts'

/** Sizes of texts, px. */
export const textSizes = { title: 13, detail: 11, label: 11 } as const

/** The texts of a figure as lines that a picture has room for in width. */
export interface FigureText {
  readonly title: readonly string[]
  /** What the node is, its tools, what else is to be known of it; none for pills. */
  readonly details: readonly string[]
}

/** Breaks the texts of a figure into lines. */
export function figureText({ title, subtitle, tools, notes }: Figure): FigureText {
  const details = [subtitle, tools, ...notes].filter((text) => text !== '')
  return {
    title: wrapLabel(title, maxTextWidth, { size: textSizes.title, weight: 'bold' }),
    details: details.flatMap((text) => wrapLabel(text, maxTextWidth, { size: textSizes.detail })),
  }
}

/** Width of the widest line of a figure, px. */
export function figureTextWidth({ title, details }: FigureText): number {
  return Math.max(
    ...title.map((line) => labelWidth(line, textSizes.title, 'bold')),
    ...details.map((line) => labelWidth(line, textSizes.detail)),
  )
}

/** Breaks what stands on a line into lines of text. */
export function labelText({ labels }: Line): readonly string[] {
  return labels.flatMap((label) => wrapLabel(label, maxTextWidth, { size: textSizes.label }))
}
