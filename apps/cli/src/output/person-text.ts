import { printableLine } from './printable.ts'

/** Who decided, and whom for. */
export function personText({ by, for: person }: { readonly by: string; readonly for?: string }): string {
  return person === undefined ? printableLine(by) : `${printableLine(by)} for ${printableLine(person)}`
}
