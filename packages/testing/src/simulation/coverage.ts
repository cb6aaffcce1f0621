/** Operations of a store that can be interrupted. */
const interruptedOperations = [
  'create',
  'commit',
  'markStarted',
  'acquire',
  'renew',
  'release',
  'deliver',
  'discard',
  'load',
  'inbox',
  'claimable',
  'permits',
] as const

/** Moments around an effect at which its process can die. */
const effectMoments = ['effect started', 'effect happened', 'effect answered'] as const

/**
 * What a simulation must have seen at least once over its seeds; a row that stays at zero means that nothing was shown about it.
 */
export const coverageRows = [
  ...interruptedOperations.flatMap((name) => [`crash before ${name}`, `crash after ${name}`]),
  ...effectMoments.map((name) => `crash when ${name}`),
  'crash while a retry waits',
  'crash while a person is asked',
  'failed create',
  'failed commit',
  'failed markStarted',
  'failed load',
  'failed deliver',
  'failed acquire',
  'failed renew',
  'failed release',
  'failed permits',
  'torn create',
  'torn commit',
  'torn markStarted',
  'torn deliver',
  'torn discard',
  'torn permits',
  'slow store',
  'permit awaited: concurrent',
  'permit awaited: rate',
  'permit awaited: blocked',
  'permit of a dead process freed',
  'resource blocked',
  'crash while in line',
  'place in line given up',
  'stale owner refused: commit',
  'stale owner refused: markStarted',
  'stale owner told by renew',
  'owner frozen',
  'owner thawed',
  'run taken from a frozen owner',
  'run taken from a dead owner',
  'live owner conflict',
  'decision applied',
  'decision delivered',
  'late decision',
  'double decision',
  'expiry',
  'edited',
  'asked back',
  'rejected',
  'decided during an outage',
  'call approved',
  'call edited',
  'call rejected',
  'call asked',
  'call expired',
  'call asked about while others run',
  'crash while a person is asked about a call',
  'approved call waits for its place',
  'voice counted',
  'voice refused',
  'quorum reached',
  'quorum of a call reached',
  'decided by a delegate',
  'escalated',
  'fork taken',
  'branch waited for',
  'branch lost',
  'loser left to finish',
  'fork left by an edge',
  'join done',
  'join failed',
  'join unsatisfied',
  'join deadline',
  'join deadline by its timer',
  'join in spite of a failed branch',
  'join into a join',
  'lists put in order of branch',
  'tool kept back',
  'call refused by when',
  'call refused by after',
  'call refused by maxCalls',
  'call answered from the cache',
  'calls of one turn shared',
  'identical call waited for',
  'tool node not run again',
  'degraded by alternate',
  'degraded by otherwise',
  'degraded by edge',
  'degraded by fallback',
  'hold',
  'release',
  'cancel',
  'patch',
  'patch under an override',
  'patch of what is asked',
  'patch refused',
  'late end settled',
  'unknown outcome',
  'unknown by timeout',
  'resolved happened',
  'resolved did-not-happen',
  'resolved failed',
  'unknown routed by an edge',
  'unknown inside an agent',
  'retry',
  'timeout',
  'lost model call',
  'repair',
  'conversation told in a summary',
  'summary told again',
  'summary failed',
  'conversation forgotten',
  'refused call',
  'refused patch',
  'tool failed',
  'model failed',
  'keyed effect made twice',
  'edge limit hit',
  'workflow limit hit',
  'duration hit',
  'limit of an agent hit',
  'time of an agent over',
  'call queued',
  'fallback model asked',
  'cost set aside',
  'effect aborted',
  'ended completed',
  'ended failed',
  'ended cancelled',
  'ended exhausted',
  'start by key again',
  'runtime drained',
  'runtime closed',
  'events resumed from a cursor',
] as const

/** The same for seeds that run maps. */
export const mapRows = [
  'item begun',
  'item left',
  'list cut',
  'map done',
  'map unsatisfied',
  'map in spite of a failed item',
  'first item that is wanted',
  'person asked about an item',
] as const

/** One row of the coverage table. */
export type CoverageRow = (typeof coverageRows)[number]

/** Counts of what was seen. */
export class Coverage {
  readonly #counts = new Map<string, number>()

  /** Counts one. Names that are no row are kept too, for looking closer. */
  count(name: string): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1)
  }

  of(name: string): number {
    return this.#counts.get(name) ?? 0
  }

  add(other: Coverage): void {
    for (const [name, count] of other.#counts) this.#counts.set(name, this.of(name) + count)
  }

  /** Rows that were never seen. */
  missing(): readonly CoverageRow[] {
    return coverageRows.filter((row) => this.of(row) === 0)
  }

  /** The table as text, one row a line. */
  toText(): string {
    const width = Math.max(...coverageRows.map((row) => row.length))
    return coverageRows.map((row) => `${row.padEnd(width)}  ${String(this.of(row)).padStart(8)}`).join('\n')
  }
}
