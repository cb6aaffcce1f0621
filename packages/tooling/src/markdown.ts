/** The rows of the first Markdown table under a heading, as records keyed by the column titles. */
export function tableUnder(heading: string, markdown: string): readonly Record<string, string>[] {
  const section = markdown.split(`## ${heading}\n`)[1] ?? ''
  const lines =
    section
      .split('\n## ')[0]
      ?.split('\n')
      .filter((line) => line.startsWith('|')) ?? []
  const [titles = [], , ...rows] = lines.map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
  return rows.map((cells) => Object.fromEntries(titles.map((title, index) => [title, cells[index] ?? ''])))
}

/** What stands in backticks in a text: `` `errors/` `base/` `` gives `errors/` and `base/`. */
export function codeSpans(text: string): readonly string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '')
}
