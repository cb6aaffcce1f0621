import type { Ids, RunId } from '@waystone/core'
import { seededRandom } from './seeded-random.ts'

const alphabet = '0123456789abcdefghjkmnpqrstvwxyz'

/**
 * Ids that one seed decides, for `createRuntime({ ids })`.
 *
 * Two runtimes that share a store need two seeds, or they make the same ids.
 *
 * Shape: run ids are `run-<count>-<4 letters>`, event ids `event-<count>-<4 letters>`; counts from 1, so they sort by age up to 9,999.
 */
export function seededIds(seed: number | string): Ids {
  const random = seededRandom(seed)
  const letters = (): string => Array.from({ length: 4 }, () => alphabet.charAt(random.integer(0, 31))).join('')
  const count = { run: 0, event: 0 }
  const next = (kind: 'run' | 'event'): string => {
    count[kind] += 1
    return `${kind}-${String(count[kind]).padStart(4, '0')}-${letters()}`
  }
  return { run: () => next('run') as RunId, event: () => next('event') }
}
