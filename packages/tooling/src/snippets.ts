const marked = /^<!-- snippet: ([^\s#]+#\S+) -->$(?:\n+```(\w*)\n[\s\S]*?^```$)?/gm

/**
 * A Markdown text in which every `<!-- snippet: path#name -->` is followed by a block that holds what that region of the file holds; a block that is
 * missing is put there.
 *
 * @param read - gives the text of a file named from the root
 * @throws {RangeError} when a file has no such region
 */
export function withFreshSnippets(markdown: string, read: (path: string) => string): string {
  return markdown.replaceAll(marked, (_block, source: string, language = 'ts') => {
    const [path = '', name = ''] = source.split('#')
    const code = region(read(path), name)
    if (code === undefined)
      throw new RangeError(`${path} has no lines between "#region ${name}" and "#endregion ${name}"`)
    return `<!-- snippet: ${source} -->\n\n\`\`\`${language}\n${code}\n\`\`\``
  })
}

/** The lines between the two markers of a region, without markers inside and without common indentation. */
function region(text: string, name: string): string | undefined {
  const lines = text.split('\n')
  const isMarker = (line: string, word: string): boolean => line.trim() === `// #${word} ${name}`
  const start = lines.findIndex((line) => isMarker(line, 'region'))
  const end = lines.findIndex((line) => isMarker(line, 'endregion'))
  if (start === -1 || end < start) return undefined
  const kept = lines.slice(start + 1, end).filter((line) => !/^\s*\/\/ #(end)?region /.test(line))
  const indents = kept.filter((line) => line.trim() !== '').map((line) => line.length - line.trimStart().length)
  const indent = Math.min(...indents)
  return kept
    .map((line) => line.slice(indent))
    .join('\n')
    .trim()
}
