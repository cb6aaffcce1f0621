import { checkNotes, type NotesFacts } from './check-notes.ts'

/** Most reasons handed on; the rest is a count. */
const maxReasons = 40

/** What a gate says of notes: pass, or revise with one reason a finding and its position. Score: covered share of the required changes. */
export interface NotesVerdict {
  readonly outcome: 'pass' | 'revise'
  readonly reasons: readonly { readonly rule: string; readonly message: string; readonly commits?: readonly string[] }[]
  readonly positions: readonly { readonly line: number; readonly column: number; readonly length: number }[]
  readonly score: number
}

/** Decides on notes by {@link checkNotes}. */
export function decideNotes(
  state: Omit<NotesFacts, 'range'> & { readonly span: NotesFacts['range']; readonly notes: string },
): NotesVerdict {
  const { findings, required, covered } = checkNotes(state.notes, {
    range: state.span,
    commits: state.commits,
    classes: state.classes,
  })
  const shown = findings.slice(0, maxReasons)
  const reasons = shown.map(({ rule, message, commits, at }) => ({
    rule,
    message: `line ${at.line}: ${message}`,
    ...(commits === undefined ? {} : { commits }),
  }))
  const rest = findings.length - shown.length
  return {
    outcome: findings.length === 0 ? 'pass' : 'revise',
    reasons: rest === 0 ? reasons : [...reasons, { rule: 'more', message: `${rest} further findings` }],
    positions: shown.map(({ at }) => ({ line: at.line, column: at.column, length: at.length })),
    score: required === 0 ? 1 : Math.round((covered / required) * 1000) / 1000,
  }
}
