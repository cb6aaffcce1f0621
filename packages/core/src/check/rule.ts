import type { ModelPrice } from '../define/model.ts'
import type { ErrorCode } from '../errors/codes.ts'
import type { Place } from '../errors/definition-error.ts'
import type { Subject } from './moves.ts'
import type { Finding } from './report.ts'

/** What the checker may be told of the environment. */
export interface CheckOptions {
  /** Bound models by name. Absent: not known, so unbound names are not looked for. */
  readonly models?: { readonly [name: string]: { readonly name: string } }
  /** By the name agents use, or by the model's own. Absent: cost is unknown. */
  readonly prices?: { readonly [model: string]: ModelPrice }
}

/** One rule: everything it finds wrong. Order: as written in the workflow. */
export type Rule = (subject: Subject, options: CheckOptions) => readonly Finding[]

/** What a finding says and where; its severity comes from the caller. */
export interface Statement {
  readonly place: Place
  readonly message: string
  readonly hint: string
}

/** A finding that refuses the workflow. */
export function errorAt(code: ErrorCode, { place, message, hint }: Statement): Finding {
  return { code, severity: 'error', message, hint, place }
}

/** A finding that the workflow runs with. */
export function warningAt(code: ErrorCode, { place, message, hint }: Statement): Finding {
  return { code, severity: 'warning', message, hint, place }
}

/** Names as people read them: `"a", "b" and 3 more`. */
export function listNames(names: readonly string[], most = 5): string {
  const shown = names.slice(0, most).map((name) => `"${name}"`)
  const rest = names.length - shown.length
  if (rest > 0) return `${shown.join(', ')} and ${rest} more`
  const last = shown.pop()
  if (last === undefined) return 'none'
  return shown.length === 0 ? last : `${shown.join(', ')} and ${last}`
}
