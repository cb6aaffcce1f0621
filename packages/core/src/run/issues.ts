import type { z } from 'zod'
import { formatPath } from '../base/json.ts'

/** What a schema has against a value, one line an issue: `notes[2].id: expected string, received number`. */
export function issueLines(error: z.ZodError): readonly string[] {
  return error.issues.map((issue) => {
    const path = formatPath(issue.path.map((part) => (typeof part === 'number' ? part : String(part))))
    return path === '' ? issue.message : `${path}: ${issue.message}`
  })
}
