import { displayWidth } from './style.ts'

/** One column of a text table. */
export interface Column {
  readonly title: string
  /** Numbers stand right. Default left. */
  readonly align?: 'left' | 'right'
}

/**
 * Lays rows out under titles, two spaces between columns, no lines drawn.
 *
 * @param rows - cells, one line each, already safe to print; shorter rows are filled up
 * @returns lines without trailing spaces
 */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): readonly string[] {
  const lines = [columns.map(({ title }) => title), ...rows]
  const widths = columns.map((_, index) => Math.max(...lines.map((line) => displayWidth(line[index] ?? ''))))
  return lines.map((line) =>
    columns
      .map(({ align }, index) => {
        const cell = line[index] ?? ''
        const space = ' '.repeat(Math.max(0, (widths[index] ?? 0) - displayWidth(cell)))
        return align === 'right' ? space + cell : cell + space
      })
      .join('  ')
      .trimEnd(),
  )
}
