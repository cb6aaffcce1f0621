import type { z } from 'zod'
import { formatPath } from '../base/json.ts'

/** What a schema has against a value, one line an issue: `notes[2].id: expected string, received number`. */
export function issueLines(error: z.ZodError): readonly string[] {
  return error.issues.map((issue) => {
    const path = formatPath(issue.path.map((part) => (typeof part === 'number' ? part : String(part))))
    return path === '' ? issue.message : `${path}: ${issue.message}`
  })
}

/**
 * Where a schema has something against a value, each place once, without a word of the schema or of the value: `notes[2].id`.
 *
 * @param isKnown - names that may be said; a path ends at the first that may not: `accounts[…]`
 */
export function issuePlaces(error: z.ZodError, isKnown: (name: string) => boolean): readonly string[] {
  const places = error.issues.map(({ path }) => {
    const hidden = path.findIndex((part) => typeof part !== 'number' && !isKnown(String(part)))
    const said = hidden === -1 ? path : path.slice(0, hidden)
    const text = formatPath(said.map((part) => (typeof part === 'number' ? part : String(part))))
    return hidden === -1 ? text : `${text}[…]`
  })
  return [...new Set(places)].filter((place) => place !== '')
}
