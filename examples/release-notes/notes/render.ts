import type { Commit } from '../git/commit.ts'
import type { Range } from '../git/collect.ts'
import { printable } from '../git/printable.ts'
import { headings, type Draft, type Statement } from './draft.ts'

/** Most commits cited within the line; more become a footnote. */
const maxInlineCommits = 3

/** The line under the title: a fact of the range, written by code. */
export function summaryLine(range: Range): string {
  const since = range.from === '' ? '' : ` since ${plainText(range.from)}`
  return `${range.commits} ${range.commits === 1 ? 'commit' : 'commits'}${since}, up to ${range.date}.`
}

/**
 * Writes a draft as Markdown. Every statement ends with its citations: `(#12, 1a2b3c4)`, or a footnote when there are many.
 *
 * Text of the draft is untrusted: it stays one line, and Markdown and HTML in it, code spans apart, are neutralised.
 *
 * Order: sections as {@link headings}; two of one name become one; statements as drafted.
 */
export function renderNotes(draft: Draft, range: Range, commits: readonly Commit[]): string {
  const byId = new Map(commits.map((commit) => [commit.id, commit]))
  const footnotes: string[] = []
  const lines = [`# ${plainText(`${range.project} ${range.to}`)}`, '', summaryLine(range)]
  for (const heading of headings) {
    const statements = draft.sections
      .filter((section) => section.heading === heading)
      .flatMap((section) => section.statements)
    if (statements.length === 0) continue
    lines.push('', `## ${heading}`, '')
    for (const statement of statements) lines.push(renderStatement(statement, byId, footnotes))
  }
  if (footnotes.length > 0) lines.push('', ...footnotes)
  return `${lines.join('\n')}\n`
}

function renderStatement(statement: Statement, byId: ReadonlyMap<string, Commit>, footnotes: string[]): string {
  const ids = [...new Set(statement.commits)]
  const area = statement.area === '' ? '' : `**${plainText(statement.area)}:** `
  const text = plainText(statement.text)
  if (ids.length > maxInlineCommits) {
    const name = `[^${footnotes.length + 1}]`
    footnotes.push(`${name}: ${ids.join(', ')}`)
    return `- ${area}${text}${name}`
  }
  const refs = ids.flatMap((id) => byId.get(id)?.refs.slice(0, 1) ?? [])
  const citations = [...new Set(refs.map((ref) => `#${ref}`)), ...ids]
  return `- ${area}${text} (${citations.join(', ')})`
}

/** Untrusted text as one line of Markdown that shows as itself. Code spans are kept, bare addresses become code. */
function plainText(text: string): string {
  const line = printable(text)
  const isBalanced = (line.split('`').length - 1) % 2 === 0 && !line.includes('``')
  const parts = isBalanced ? line.split(/(`[^`]+`)/) : [line.replaceAll('`', "'")]
  const safe = parts.map((part) => (part.startsWith('`') ? part : escapeMarkdown(part))).join('')
  return safe.replace(/^([#>+=-]|\d+[.)](?=\s))/, '\\$1')
}

function escapeMarkdown(text: string): string {
  return text
    .split(/((?:https?:\/\/|www\.)[^\s)>\]]+)/)
    .map((part, index) => (index % 2 === 1 ? `\`${part}\`` : escapePlain(part)))
    .join('')
}

function escapePlain(text: string): string {
  return text
    .replace(/&(?=#?\w{1,32};)/g, '&amp;')
    .replace(/<(?=[A-Za-z/!?])/g, '&lt;')
    .replace(/[\\[\]*]/g, '\\$&')
    .replace(/(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])/g, '\\_')
    .replace(/~(?=~)/g, '\\~')
}
