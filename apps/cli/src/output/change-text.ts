import { formatPath, type Change, type Json } from '@waystone/core'
import { printableExcerpt } from './printable.ts'
import type { Style } from './style.ts'

/** One changed path of the state: what was there, what is there. */
export function changeLines({ path, kind, before, after }: Change, style: Style): readonly string[] {
  const place = style('strong', formatPath(path))
  switch (kind) {
    case 'added':
      return [`${style('good', '+')} ${place}  ${valueText(after)}`]
    case 'removed':
      return [`${style('bad', '-')} ${place}  ${valueText(before)}`]
    case 'changed':
      return [
        `${style('warn', '~')} ${place}`,
        `    ${style('bad', '-')} ${valueText(before)}`,
        `    ${style('good', '+')} ${valueText(after)}`,
      ]
  }
}

function valueText(value: Json | undefined): string {
  return value === undefined ? '' : printableExcerpt(JSON.stringify(value), 400)
}
