import { printableLine } from './printable.ts'

/** Who decided, and whom for. */
export function personText(whose: { readonly by: string; readonly for?: string; readonly rule?: unknown }): string {
  const { by, for: person, rule } = whose
  const who = person === undefined ? printableLine(by) : `${printableLine(by)} for ${printableLine(person)}`
  return rule === undefined ? who : `a rule of ${who}`
}
