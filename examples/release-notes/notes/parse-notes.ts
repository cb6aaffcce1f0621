/** A place in the notes. Units: 1-based line and column; length in characters. */
export interface Position {
  readonly line: number
  readonly column: number
  readonly length: number
}

/** A citation as written: an id of a commit, or the number of a pull request or issue. */
export interface Citation {
  readonly text: string
  readonly kind: 'commit' | 'reference'
  readonly at: Position
}

/** One list item, joined over its lines. */
export interface ParsedStatement {
  readonly heading: string
  readonly text: string
  readonly citations: readonly Citation[]
  readonly at: Position
}

/** A heading as written. */
export interface ParsedHeading {
  readonly level: number
  readonly text: string
  readonly at: Position
}

/** Notes taken apart. `prose`: every line that is no heading, list item or footnote. */
export interface ParsedNotes {
  readonly headings: readonly ParsedHeading[]
  readonly statements: readonly ParsedStatement[]
  readonly prose: readonly { readonly text: string; readonly at: Position }[]
  /** Footnotes that nothing refers to, and references to footnotes that are not there. */
  readonly dangling: readonly { readonly name: string; readonly at: Position }[]
  /** Length of all but the footnotes. */
  readonly characters: number
}

interface OpenStatement {
  readonly heading: string
  readonly lines: { readonly text: string; readonly line: number }[]
}

/** Takes notes apart by lines. Anything is accepted; what is out of form ends up in `prose` or `dangling`. */
export function parseNotes(notes: string): ParsedNotes {
  const headings: ParsedHeading[] = []
  const prose: { text: string; at: Position }[] = []
  const open: OpenStatement[] = []
  const footnotes = new Map<string, { readonly citations: readonly Citation[]; readonly at: Position }>()
  let characters = 0
  let current: OpenStatement | undefined
  for (const [index, text] of notes.split(/\r?\n/).entries()) {
    const line = index + 1
    const at = { line, column: 1, length: Math.max(1, text.length) }
    const heading = /^(#{1,6})\s+(.*?)\s*#*$/.exec(text)
    const footnote = /^\[\^([\w-]{1,40})\]:\s*/.exec(text)
    if (footnote !== null) {
      footnotes.set(footnote[1] ?? '', { citations: citationsIn(text, footnote[0].length, line), at })
      current = undefined
      continue
    }
    characters += text.length + 1
    if (heading !== null) headings.push({ level: heading[1]?.length ?? 1, text: heading[2] ?? '', at })
    else if (/^[-*+]\s+/.test(text))
      open.push((current = { heading: headings.at(-1)?.text ?? '', lines: [{ text, line }] }))
    else if (/^\s+\S/.test(text) && current !== undefined) current.lines.push({ text, line })
    else if (text.trim() !== '') prose.push({ text, at })
    if (heading !== null || text.trim() === '') current = undefined
  }
  return { headings, prose, characters, ...closeStatements(open, footnotes) }
}

type Footnotes = ReadonlyMap<string, { readonly citations: readonly Citation[]; readonly at: Position }>

function closeStatements(
  open: readonly OpenStatement[],
  footnotes: Footnotes,
): Pick<ParsedNotes, 'statements' | 'dangling'> {
  const used = new Set<string>()
  const dangling: { name: string; at: Position }[] = []
  const statements = open.map(({ heading, lines }): ParsedStatement => {
    const first = lines[0] ?? { text: '', line: 1 }
    const citations: Citation[] = []
    for (const { text, line } of lines) {
      for (const match of text.matchAll(/\[\^([\w-]{1,40})\]/g)) {
        const name = match[1] ?? ''
        used.add(name)
        const footnote = footnotes.get(name)
        if (footnote !== undefined) citations.push(...footnote.citations)
        else dangling.push({ name, at: { line, column: match.index + 1, length: match[0].length } })
      }
    }
    const last = lines.at(-1) ?? first
    const group = /\(([^()]*)\)[.\s]*$/.exec(last.text)
    if (group !== null && isCitationGroup(group[1] ?? ''))
      citations.push(...citationsIn(last.text, group.index, last.line))
    return {
      heading,
      text: lines
        .map(({ text }) => text.trim())
        .join(' ')
        .replace(/^[-*+]\s+/, ''),
      citations,
      at: { line: first.line, column: 1, length: Math.max(1, first.text.length) },
    }
  })
  for (const [name, { at }] of footnotes) if (!used.has(name)) dangling.push({ name, at })
  return { statements, dangling }
}

/** Commits and references apart by commas, and nothing else: `(see the docs)` is text. */
function isCitationGroup(inner: string): boolean {
  return inner.split(',').every((part) => /^\s*`?(#\d{1,7}|[0-9a-f]{4,64})`?\s*$/i.test(part))
}

function citationsIn(text: string, from: number, line: number): Citation[] {
  return [...text.slice(from).matchAll(/#\d{1,7}\b|\b[0-9a-f]{4,64}\b/gi)].map((match) => ({
    text: match[0].toLowerCase(),
    kind: match[0].startsWith('#') ? 'reference' : 'commit',
    at: { line, column: from + match.index + 1, length: match[0].length },
  }))
}
