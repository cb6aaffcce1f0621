/** A command line as argument list, or why it is none. */
export type SplitCommand =
  | { readonly args: readonly string[]; readonly problem?: never }
  | { readonly args?: never; readonly problem: string }

interface Word {
  text: string
  /** True once anything stood there, also an empty pair of quotes. */
  isBegun: boolean
}

const operators = new Map([
  ['|', 'a pipe'],
  ['&', 'an operator'],
  [';', 'an operator'],
  ['<', 'a redirection'],
  ['>', 'a redirection'],
  ['(', 'a subshell'],
  [')', 'a subshell'],
  ['$', 'an expansion'],
  ['`', 'a substitution'],
  ['*', 'a file pattern'],
  ['?', 'a file pattern'],
  ['[', 'a file pattern'],
  ['\n', 'a second command'],
])

/**
 * Splits a command line into words as a shell would, and refuses whatever a shell would do more than that: nothing is expanded,
 * substituted, redirected or combined.
 *
 * Shape: single quotes keep everything, double quotes all but `\"`, `\\`, `\$` and `` \` ``; a backslash outside keeps the next character.
 */
export function splitCommand(line: string): SplitCommand {
  const args: string[] = []
  let word: Word = { text: '', isBegun: false }
  const text = line.trim()
  let at = 0
  while (at < text.length) {
    const char = text[at] ?? ''
    if (char === ' ' || char === '\t') {
      if (word.isBegun) args.push(word.text)
      word = { text: '', isBegun: false }
      at += 1
      continue
    }
    const problem = problemAt(char, word, args.length)
    if (problem !== null) return { problem }
    const piece = readPiece(text, at)
    if (typeof piece === 'string') return { problem: piece }
    word = { text: word.text + piece.text, isBegun: true }
    at = piece.end
  }
  if (word.isBegun) args.push(word.text)
  return args.length === 0 ? { problem: 'it is empty' } : { args }
}

function problemAt(char: string, word: Word, count: number): string | null {
  const operator = operators.get(char)
  if (operator !== undefined) {
    return `${JSON.stringify(char)} is ${operator}, and there is no shell; quote it to mean the character itself`
  }
  if (char === '~' && !word.isBegun) return '"~" is not expanded; write the path'
  if (char === '#' && !word.isBegun) return '"#" begins a comment; quote it to mean the character itself'
  if (char === '=' && count === 0) return 'variables cannot be set before a command'
  return null
}

interface Piece {
  readonly text: string
  /** Index after it. */
  readonly end: number
}

/** What is quoted, escaped or plain at an index; a text: the problem. */
function readPiece(text: string, at: number): Piece | string {
  const char = text[at] ?? ''
  if (char === '\\') {
    const next = text[at + 1]
    if (next === undefined || next === '\n') return 'it ends in a backslash'
    return { text: next, end: at + 2 }
  }
  if (char === "'") {
    const close = text.indexOf("'", at + 1)
    return close === -1 ? 'a single quote is not closed' : { text: text.slice(at + 1, close), end: close + 1 }
  }
  return char === '"' ? readDoubleQuoted(text, at) : { text: char, end: at + 1 }
}

function readDoubleQuoted(text: string, start: number): Piece | string {
  let value = ''
  let at = start + 1
  while (at < text.length) {
    const char = text[at] ?? ''
    const next = text[at + 1]
    if (char === '"') return { text: value, end: at + 1 }
    if (char === '$' || char === '`') {
      return `${JSON.stringify(char)} in double quotes is ${operators.get(char) ?? ''}, and there is no shell; use single quotes`
    }
    const isEscape = char === '\\' && next !== undefined && '"\\$`'.includes(next)
    value += isEscape ? next : char
    at += isEscape ? 2 : 1
  }
  return 'a double quote is not closed'
}
