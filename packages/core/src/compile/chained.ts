import type { Decision } from '../snapshot/decision.ts'

/** Two decisions of one transition, the later one at the end of the earlier one's. */
export function chained(first: Decision | undefined, last: Decision | undefined): Decision | undefined {
  if (first === undefined || last === undefined) return first ?? last
  return { ...first, next: chained(first.next, last) ?? last }
}
