import { eventWord } from '@waystone/core'
import type { RefusedEvent } from '@waystone/core/store'
import { printableLine } from './printable.ts'
import { formatTime } from './units.ts'

/** What was delivered to a run and could not be used: `redirect by ada refused (not-written): …`. */
export function refusedText({ type, by, at, reason, message }: RefusedEvent): string {
  const whose = by === null ? '' : ` by ${printableLine(by)}`
  return `${eventWord(type)}${whose} refused ${formatTime(at)} (${printableLine(reason)}): ${printableLine(message)}`
}
