/**
 * What a terminal shows after some output: knows line feeds, cursor up, erase below and colours, which is all that the live view uses.
 *
 * @throws when an escape sequence is another one
 */
export function screenAfter(output: string): string {
  const lines = ['']
  let row = 0
  for (const part of output.match(/\u001b\[\d*[A-Za-z]|\n|[^\u001b\n]+|[\s\S]/g) ?? []) {
    if (part === '\n') {
      row += 1
      lines[row] ??= ''
    } else if (/^\u001b\[\d*m$/.test(part)) continue
    else if (part === '\u001b[0J') lines.splice(row, Infinity, '')
    else if (/^\u001b\[\d+A$/.test(part)) row -= Number(part.slice(2, -1))
    else if (part.startsWith('\u001b')) throw new RangeError(`unexpected escape sequence ${JSON.stringify(part)}`)
    else lines[row] += part
  }
  return lines.join('\n')
}
