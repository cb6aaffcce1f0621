import { labelFonts } from './label-widths.ts'
import type { FigureKind } from './picture.ts'

/** Colours of one theme, as `#rrggbb`. */
export interface Palette {
  readonly page: string
  readonly card: string
  readonly text: string
  readonly quiet: string
  readonly line: string
  readonly error: string
  readonly kinds: { readonly [kind in FigureKind]: string }
}

/** Contrast is at least 4.5:1 for text and 3:1 for lines and marks, in both themes. */
export const light: Palette = {
  page: '#ffffff',
  card: '#ffffff',
  text: '#1b1f27',
  quiet: '#59616e',
  line: '#6a7280',
  error: '#b3261e',
  kinds: {
    agent: '#5b3fd6',
    tool: '#0b6e99',
    gate: '#8a5a00',
    approval: '#b3261e',
    task: '#4a5568',
    map: '#8a3fa0',
    join: '#23704a',
    workflow: '#1d5fa8',
    wait: '#8f4f14',
    group: '#59616e',
    start: '#59616e',
    end: '#59616e',
    failed: '#b3261e',
    exhausted: '#8a5a00',
    person: '#b3261e',
  },
}

/** See {@link light}. */
export const dark: Palette = {
  page: '#14171c',
  card: '#1b1f26',
  text: '#e8eaee',
  quiet: '#a7aeba',
  line: '#8d95a3',
  error: '#ff9a8f',
  kinds: {
    agent: '#b0a0ff',
    tool: '#6cc5ee',
    gate: '#f0b84a',
    approval: '#ff9a8f',
    task: '#b6c0d0',
    map: '#dba2ee',
    join: '#7fd3a3',
    workflow: '#8cc0ff',
    wait: '#e8ae7a',
    group: '#a7aeba',
    start: '#a7aeba',
    end: '#a7aeba',
    failed: '#ff9a8f',
    exhausted: '#f0b84a',
    person: '#ff9a8f',
  },
}

/**
 * The style sheet of a picture: light, and dark where the reader's system is.
 *
 * Plain rules without custom properties, since converters to PDF and PNG do not know those.
 */
export function styleSheet(): string {
  const fixed = [
    `.ws text{font-family:${labelFonts};font-size:11px}`,
    '.ws .title{font-size:13px;font-weight:bold}',
    '.ws .heading{font-size:16px;font-weight:bold}',
    '.ws .label,.ws .pill .title{text-anchor:middle}',
    '.ws .pill .title{font-weight:normal}',
    '.ws .glyph{fill:none;stroke-width:1.4;stroke-linecap:round;stroke-linejoin:round}',
    '.ws .card{stroke-width:1.6}',
    '.ws .frame .card{fill:none;stroke-width:1.2}',
    '.ws .group .card{stroke-dasharray:2 3}',
    '.ws .inner{fill:none;stroke-width:1}',
    '.ws .approval .card,.ws .person .card{stroke-dasharray:6 3.5}',
    '.ws .route{fill:none;stroke-width:1.5;stroke-linejoin:round}',
    '.ws .main .route{stroke-width:2}',
    '.ws .back .route{stroke-dasharray:1.5 4;stroke-linecap:round;stroke-width:1.8}',
    '.ws .error .route{stroke-dasharray:6 4}',
  ]
  return [...fixed, ...themed(light), `@media (prefers-color-scheme:dark){${themed(dark).join('')}}`].join('\n')
}

function themed({ page, card, text, quiet, line, error, kinds }: Palette): readonly string[] {
  return [
    `.ws .page,.ws .label-page{fill:${page}}`,
    `.ws .card{fill:${card}}`,
    `.ws text{fill:${text}}`,
    `.ws .quiet,.ws .subtitle{fill:${quiet}}`,
    `.ws .route{stroke:${line}}`,
    `.ws .head{fill:${line}}`,
    `.ws .error .route{stroke:${error}}`,
    `.ws .error .head,.ws .error .label{fill:${error}}`,
    ...Object.entries(kinds).map(
      ([kind, colour]) => `.ws .${kind} .card,.ws .${kind} .inner,.ws .${kind} .glyph{stroke:${colour}}`,
    ),
  ]
}
