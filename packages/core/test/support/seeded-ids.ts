import type { Ids, RunId } from '../../src/base/ids.ts'

/** Ids that count: the same in every run of a test. */
export function createCountingIds(prefix = 'run'): Ids {
  let runs = 0
  let events = 0
  return {
    run: () => `${prefix}-${++runs}` as RunId,
    event: () => `${prefix}-event-${++events}`,
  }
}
