import type { SharedLimits } from '@waystone/core'
import type { SeededRandom } from '../random/seeded-random.ts'

/** Limits as the oracle knows them, by what is limited. */
export interface KnownLimit {
  readonly name: string
  readonly concurrent: number
  readonly perSecond: number
  /** Whether a call of that name falls under it. */
  readonly covers: (call: string) => boolean
}

/** What the processes of a world share. */
export interface DrawnLimits {
  readonly limits: SharedLimits | undefined
  readonly known: readonly KnownLimit[]
}

const unlimited = Number.POSITIVE_INFINITY

/** The limits of one seed: none, or narrow ones of the model, a tool and a resource. */
export function drawLimits(random: SeededRandom): DrawnLimits {
  if (random.chance(0.4)) return { limits: undefined, known: [] }
  const model = { concurrent: random.integer(1, 3), ...(random.chance(0.5) && { perSecond: random.integer(1, 4) }) }
  const lookUp = { concurrent: random.integer(1, 2) }
  const ledger = { concurrent: random.integer(1, 2), perSecond: random.integer(1, 3) }
  return {
    limits: { models: { main: model }, tools: { 'look-up': lookUp }, resources: { ledger } },
    known: [
      { name: 'model:main', perSecond: unlimited, ...model, covers: (call) => call === 'model' },
      { name: 'tool:look-up', perSecond: unlimited, ...lookUp, covers: (call) => call === 'look-up' },
      { name: 'resource:ledger', ...ledger, covers: (call) => call === 'note' || call === 'charge' },
    ],
  }
}
