/** Marks that show nothing or turn the reading direction, and could mislead a reader. */
const invisible = /[\u200B\u200E\u200F\u202A-\u202E\u2060-\u2069\uFEFF]/g

/**
 * One line without control characters, which could reach a terminal, and without invisible marks.
 *
 * @param maxLength - characters; longer text ends in an ellipsis
 */
export function printable(text: string, maxLength = Number.POSITIVE_INFINITY): string {
  const line = text
    .replace(/[\p{Cc}\u2028\u2029]+/gu, ' ')
    .replace(invisible, '')
    .replace(/ {2,}/g, ' ')
    .trim()
  return line.length <= maxLength ? line : `${line.slice(0, maxLength - 1).trimEnd()}…`
}
