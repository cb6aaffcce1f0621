import { expect } from 'vitest'

const escape = '\u001b'

/**
 * What a terminal shows after some output. Knows line feeds, cursor up, erase below and colours, which is all that the live view
 * uses; any other escape sequence fails the test.
 */
export function screenAfter(output: string): string {
  const [first = '', ...sequences] = output.split(escape)
  const screen = { lines: [''], row: 0 }
  write(screen, first)
  for (const text of sequences) {
    const [whole, count, verb] = /^\[(\d*)([A-Za-z])/.exec(text) ?? []
    expect(['m', 'A', 'J'], `escape sequence before ${JSON.stringify(text.slice(0, 20))}`).toContain(verb)
    if (verb === 'A') screen.row -= Number(count)
    if (verb === 'J') screen.lines.splice(screen.row, Infinity, '')
    write(screen, text.slice(whole?.length ?? 0))
  }
  return screen.lines.join('\n')
}

function write(screen: { lines: string[]; row: number }, text: string): void {
  for (const [index, part] of text.split('\n').entries()) {
    if (index > 0) screen.row += 1
    screen.lines[screen.row] = (screen.lines[screen.row] ?? '') + part
  }
}
