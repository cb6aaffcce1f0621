/**
 * Makes untrusted text safe to print: escape sequences, control characters and the invisible characters that reorder text are
 * taken out, so that what a model or a commit message says cannot move the cursor, set a title or hide a word.
 *
 * Line feeds and tabs stay.
 */
export function printable(text: string): string {
  return text.replace(/\r\n?/g, '\n').replace(escapeSequences, '').replace(controls, '')
}

/** {@link printable} on one line: white space of any kind becomes one space. */
export function printableLine(text: string): string {
  return printable(text).replace(/\s+/g, ' ').trim()
}

/** {@link printableLine}, cut to a number of characters, with `…` when something was cut. */
export function printableExcerpt(text: string, maxLength: number): string {
  const characters = [...printableLine(text)]
  return characters.length <= maxLength ? characters.join('') : `${characters.slice(0, maxLength - 1).join('')}…`
}

/** JSON, by default indented, in which every character that {@link printable} would take out is escaped: safe to print, and the same when read. */
export function printableJson(value: unknown, indent = 2): string {
  return JSON.stringify(value, null, indent).replace(controls, (found) =>
    [...Array(found.length).keys()]
      .map((place) => `\\u${found.charCodeAt(place).toString(16).padStart(4, '0')}`)
      .join(''),
  )
}

// CSI and its 8-bit form; OSC, DCS, SOS, PM and APC with what they hold, up to their end, or to the end of the line when they
// have none; then any other escape with its intermediates.
const escapeSequences =
  // oxlint-disable-next-line no-control-regex -- control characters are what this is about
  /(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?|\x1b[ -/]*[0-~]?/g

// C0 without tab and line feed, DEL, C1, and the marks of bidirectional text, zero-width and language-tag characters.
const controls =
  // oxlint-disable-next-line no-control-regex -- control characters are what this is about
  /[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\u{e0000}-\u{e007f}]/gu
