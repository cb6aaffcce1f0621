/** One row of the table of codes in `packages/core/src/errors/codes.ts`. */
export interface CodeEntry {
  readonly family: string
  readonly means: string
  readonly remedy: string
  readonly failure?: string
}

const generated = /(?<=<!-- errors -->\n)[\s\S]*(?=<!-- \/errors -->)/

/** A Markdown text whose part between `<!-- errors -->` and `<!-- /errors -->` documents every code, by family. */
export function withFreshErrors(markdown: string, codes: Readonly<Record<string, CodeEntry>>): string {
  const families = Map.groupBy(Object.entries(codes), ([, entry]) => entry.family)
  const sections = [...families].map(([family, entries]) => {
    const parts = entries.toSorted(([a], [b]) => a.localeCompare(b)).map(([code, entry]) => section(code, entry))
    return `## ${family.slice(0, 1).toUpperCase()}${family.slice(1)}\n\n${parts.join('\n\n')}`
  })
  return markdown.replace(generated, () => `\n${sections.join('\n\n')}\n\n`)
}

function section(code: string, { means, remedy, failure }: CodeEntry): string {
  const name = failure === undefined ? '' : `\n\n[Failure](failures.md): \`${failure}\``
  return `### ${code}\n\n${means}\n\n${remedy}${name}`
}
