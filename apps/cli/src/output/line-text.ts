import type { PermitRow } from '@waystone/core/store'
import { resourceText } from './notice-text.ts'
import { counted } from './usage-text.ts'

/** An attempt of a run that waits for what all runs share. */
export interface PlaceInLine {
  readonly step: number
  readonly attempt: number
  /** What it needs, e.g. `model:fast`. */
  readonly resources: readonly string[]
  /** Attempts before it that wait for any of that. */
  readonly ahead: number
}

/** What of a run waits in line. Order: by place. */
export function placesOf(line: readonly PermitRow[], runId: string): readonly PlaceInLine[] {
  const waiting = line.filter(({ grantedAt }) => grantedAt === null)
  return waiting.flatMap((row, index) => {
    if (row.runId !== runId) return []
    const resources = row.claims.map(({ resource }) => resource)
    const ahead = waiting.slice(0, index).filter(({ claims }) => claims.some((one) => resources.includes(one.resource)))
    return [{ step: row.step, attempt: row.attempt, resources, ahead: ahead.length }]
  })
}

/** The same, for people. */
export function placeLines(places: readonly PlaceInLine[]): readonly string[] {
  return places.map(({ step, resources, ahead }) => {
    const line = ahead === 0 ? 'first in line' : `${counted(ahead, 'attempt')} ahead`
    return `step ${step} waits for ${resources.map(resourceText).join(' and ')}, ${line}`
  })
}
