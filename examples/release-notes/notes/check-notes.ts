import type { Commit, CommitClass } from '../git/commit.ts'
import type { Range } from '../git/collect.ts'
import { listRequired, type Change } from './changes.ts'
import { headings, room } from './draft.ts'
import { parseNotes, type ParsedNotes, type ParsedStatement, type Position } from './parse-notes.ts'
import { summaryLine } from './render.ts'

/** Rules that notes are held to. */
export type NotesRule =
  | 'title'
  | 'heading'
  | 'uncited'
  | 'unknown-commit'
  | 'unknown-reference'
  | 'unrelated'
  | 'missing'
  | 'misplaced'
  | 'footnote'
  | 'markup'
  | 'length'

/** One thing wrong with the notes, and where. */
export interface NotesFinding {
  readonly rule: NotesRule
  readonly message: string
  readonly at: Position
  /** Ids concerned, for `missing` and `misplaced`. */
  readonly commits?: readonly string[]
}

/** What notes are checked against. */
export interface NotesFacts {
  readonly range: Range
  readonly commits: readonly Commit[]
  readonly classes: readonly CommitClass[]
}

/** What a check found. `covered` of `required` user-facing changes are cited. */
export interface NotesReport {
  /** Order: by line, then column. */
  readonly findings: readonly NotesFinding[]
  readonly required: number
  readonly covered: number
}

/**
 * Holds notes against the facts of their range, without a model: every statement cites commits of the range that have to do with it, no
 * user-facing change is missing, headings and length are as agreed.
 */
export function checkNotes(notes: string, facts: NotesFacts): NotesReport {
  const parsed = parseNotes(notes)
  const lookup = createLookup(facts.commits)
  const required = listRequired(facts.commits, facts.classes)
  const missing = required.filter((change) => !isCited(change, parsed.statements, lookup))
  const findings = [
    ...checkHeadings(parsed, facts.range),
    ...parsed.statements.flatMap((statement) => checkStatement(statement, facts, lookup)),
    ...describeMissing(missing),
    ...checkBreaking(parsed, required, lookup),
    ...parsed.dangling.map(({ name, at }): NotesFinding => ({
      rule: 'footnote',
      message: `footnote "${name}" has no partner`,
      at,
    })),
    ...checkLength(parsed),
  ]
  const ordered = findings.toSorted((left, right) => left.at.line - right.at.line || left.at.column - right.at.column)
  return { findings: ordered, required: required.length, covered: required.length - missing.length }
}

/** Commits that a cited id names: exactly one, or none of the range. */
type Lookup = (id: string) => Commit | undefined

function createLookup(commits: readonly Commit[]): Lookup {
  const byId = new Map(commits.map((commit) => [commit.id, commit]))
  return (id) => {
    const exact = byId.get(id)
    if (exact !== undefined) return exact
    const found = commits.filter((commit) => commit.hash.startsWith(id))
    return found.length === 1 ? found[0] : undefined
  }
}

const top: Position = { line: 1, column: 1, length: 1 }

function checkHeadings(parsed: ParsedNotes, range: Range): NotesFinding[] {
  const findings: NotesFinding[] = []
  const [title, ...sections] = parsed.headings
  if (title?.level !== 1 || title.at.line !== 1)
    findings.push({
      rule: 'title',
      message: 'the first line must be the title, "# project version"',
      at: title?.at ?? top,
    })
  let last = -1
  for (const { level, text, at } of sections) {
    const place = headings.findIndex((heading) => heading === text)
    if (level !== 2 || place === -1)
      findings.push({
        rule: 'heading',
        message: `"${text}" is none of the sections: ${headings.join(', ')}, each "## "`,
        at,
      })
    else if (place <= last)
      findings.push({ rule: 'heading', message: `section "${text}" stands twice or too late`, at })
    else if (!parsed.statements.some((statement) => statement.heading === text))
      findings.push({ rule: 'heading', message: `section "${text}" is empty`, at })
    last = Math.max(last, place)
  }
  for (const { text, at } of parsed.prose) {
    if (text.trim() !== summaryLine(range))
      findings.push({
        rule: 'uncited',
        message: 'text outside a list cites nothing: make it a statement with its commits',
        at,
      })
  }
  return findings
}

function checkStatement(statement: ParsedStatement, facts: NotesFacts, lookup: Lookup): NotesFinding[] {
  const findings: NotesFinding[] = []
  const cited = statement.citations.filter((citation) => citation.kind === 'commit')
  if (cited.length === 0) findings.push({ rule: 'uncited', message: 'the statement cites no commit', at: statement.at })
  const known: Commit[] = []
  for (const citation of cited) {
    const commit = lookup(citation.text)
    if (commit !== undefined) known.push(commit)
    else
      findings.push({ rule: 'unknown-commit', message: `${citation.text} is no commit of the range`, at: citation.at })
  }
  for (const citation of statement.citations) {
    if (citation.kind !== 'reference' || known.some((commit) => commit.refs.includes(Number(citation.text.slice(1)))))
      continue
    findings.push({
      rule: 'unknown-reference',
      message: `${citation.text} is named by none of the commits cited`,
      at: citation.at,
    })
  }
  if (known.length > 0 && !isRelated(statement.text, known, facts)) {
    findings.push({
      rule: 'unrelated',
      message: 'the statement shares no word with the commits it cites',
      at: statement.at,
    })
  }
  const markup = /(?<!\\)<[A-Za-z/!]|(?<!\\)\]\(|https?:\/\//.exec(
    statement.text.replace(/`[^`]*`/g, (code) => ' '.repeat(code.length)),
  )
  if (markup !== null)
    findings.push({
      rule: 'markup',
      message: `HTML, links and images are not taken from commits: "${markup[0]}"`,
      at: statement.at,
    })
  if (statement.text.length > room.statementCharacters + 100) {
    findings.push({
      rule: 'length',
      message: `a statement of ${statement.text.length} characters, at most ${room.statementCharacters}`,
      at: statement.at,
    })
  }
  return findings
}

const idleWords = new Set([
  'the',
  'and',
  'for',
  'from',
  'with',
  'that',
  'this',
  'when',
  'into',
  'not',
  'are',
  'was',
  'its',
  'more',
  'among',
  'them',
  'commit',
  'commits',
])

/** Word stems: the first five letters, so that `fixes` meets `fixed`. Scripts without blanks give whole runs. */
function stemsOf(text: string): Set<string> {
  const words = text.toLowerCase().match(/[\p{L}\p{N}]{2,}/gu) ?? []
  return new Set(words.filter((word) => !idleWords.has(word)).map((word) => word.slice(0, 5)))
}

function isRelated(text: string, cited: readonly Commit[], facts: NotesFacts): boolean {
  const words = stemsOf(text.replace(/\([^()]*\)[.\s]*$/, '').replace(/\[\^[\w-]+\]/g, ''))
  if (words.size === 0) return false
  const ids = new Set(cited.map((commit) => commit.id))
  const kindsSaid = facts.classes.filter((entry) => ids.has(entry.id)).map((entry) => `${entry.kind} ${entry.area}`)
  const sources = cited.map(
    (commit) => `${commit.subject} ${commit.title} ${commit.area} ${commit.breakingNote} ${commit.touches.join(' ')}`,
  )
  const stems = stemsOf([...sources, ...kindsSaid].join(' '))
  return [...words].some((word) => stems.has(word))
}

function isCited(change: Change, statements: readonly ParsedStatement[], lookup: Lookup): boolean {
  return citedIds(statements, lookup).has(change.commit.id)
}

const citedByStatements = new WeakMap<readonly ParsedStatement[], ReadonlySet<string>>()

/** Ids of all commits cited; a cited commit also stands for the merge that brought it in. Worked out once per list. */
function citedIds(statements: readonly ParsedStatement[], lookup: Lookup): ReadonlySet<string> {
  const before = citedByStatements.get(statements)
  if (before !== undefined) return before
  const ids = new Set<string>()
  for (const citation of statements.flatMap((statement) => statement.citations)) {
    const commit = citation.kind === 'commit' ? lookup(citation.text) : undefined
    if (commit === undefined) continue
    ids.add(commit.id)
    if (commit.within !== '') ids.add(commit.within)
  }
  citedByStatements.set(statements, ids)
  return ids
}

/** One finding a kind, so that a thousand missing commits are still a short list of reasons. */
function describeMissing(missing: readonly Change[]): NotesFinding[] {
  const byKind = Map.groupBy(missing, (change) => change.kind)
  return [...byKind].map(([kind, changes]) => {
    const named = changes.slice(0, 3).map((change) => `${change.commit.id} "${change.title}"`)
    const rest = changes.length > named.length ? ` and ${changes.length - named.length} more` : ''
    return {
      rule: 'missing',
      message: `${kind}: ${named.join(', ')}${rest} in no statement`,
      at: top,
      commits: changes.map((change) => change.commit.id),
    }
  })
}

function checkBreaking(parsed: ParsedNotes, required: readonly Change[], lookup: Lookup): NotesFinding[] {
  const inPlace = citedIds(
    parsed.statements.filter((statement) => statement.heading === 'Breaking changes'),
    lookup,
  )
  const anywhere = citedIds(parsed.statements, lookup)
  const lost = required.filter(({ commit }) => commit.isBreaking && anywhere.has(commit.id) && !inPlace.has(commit.id))
  if (lost.length === 0) return []
  const ids = lost.map(({ commit }) => commit.id)
  return [
    {
      rule: 'misplaced',
      message: `${ids.slice(0, 5).join(', ')} declared breaking, not under "Breaking changes"`,
      at: top,
      commits: ids,
    },
  ]
}

function checkLength(parsed: ParsedNotes): NotesFinding[] {
  const findings: NotesFinding[] = []
  const over = parsed.statements[room.statements]
  if (over !== undefined)
    findings.push({
      rule: 'length',
      message: `${parsed.statements.length} statements, at most ${room.statements}: group what belongs together`,
      at: over.at,
    })
  if (parsed.characters > room.characters)
    findings.push({
      rule: 'length',
      message: `${parsed.characters} characters without footnotes, at most ${room.characters}`,
      at: top,
    })
  return findings
}
