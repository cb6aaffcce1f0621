import type { VoidedVote } from '@waystone/core'
import { printableLine } from './printable.ts'

/** Who decided, and whom for. */
export function personText(whose: { readonly by: string; readonly for?: string; readonly rule?: unknown }): string {
  const { by, for: person, rule } = whose
  const who = person === undefined ? printableLine(by) : `${printableLine(by)} for ${printableLine(person)}`
  return rule === undefined ? who : `a rule of ${who}`
}

/** Why a vote counts no more; empty: it does, or did. */
export function voidedText(voided: VoidedVote | undefined): string {
  if (voided === undefined) return ''
  const { cause, by, sequence } = voided
  const whose = by === null ? '' : ` of ${printableLine(by)}`
  return `, void since ${sequence}: ${causes[cause]}${whose} changed what is asked`
}

const causes = { answer: 'the answer', patch: 'the patch', change: 'a node' } as const
