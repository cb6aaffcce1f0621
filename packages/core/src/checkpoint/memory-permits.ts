import type { PermitAnswer, PermitChanges, PermitRequest, PermitRow, WindowUse } from './permit.ts'
import { decidePermits } from './permit-rules.ts'

/** The permits of a memory store. */
export class MemoryPermits {
  #rows: readonly PermitRow[] = []
  #uses: readonly WindowUse[] = []
  readonly #blocks = new Map<string, number>()
  #nextTicket = 1
  #version = 0

  /** See `Store.permitVersion`. */
  get version(): number {
    return this.#version
  }

  /** See `Store.line`. */
  get rows(): readonly PermitRow[] {
    return this.#rows
  }

  /** See `Store.permits`. */
  take(request: PermitRequest): PermitAnswer {
    const state = { rows: this.#rows, uses: this.#uses, blocks: this.#blocks }
    const { changes, answer } = decidePermits(state, request, this.#nextTicket)
    this.#write(changes, request)
    return { ...answer, version: this.#version }
  }

  #write(changes: PermitChanges, { now, expiresAt }: PermitRequest): void {
    const removed = new Set(changes.removed)
    const prolonged = new Set(changes.prolonged)
    const granted = new Set(changes.granted)
    const began = new Map(changes.began.map(({ ticket, at }) => [ticket, at]))
    const kept = this.#rows.flatMap((row) => {
      if (removed.has(row.ticket)) return []
      const isChanged = prolonged.has(row.ticket) || granted.has(row.ticket) || began.has(row.ticket)
      if (!isChanged) return [row]
      return [
        {
          ...row,
          ...(prolonged.has(row.ticket) && { expiresAt }),
          ...(granted.has(row.ticket) && { grantedAt: now }),
          beganAt: began.get(row.ticket) ?? row.beganAt,
        },
      ]
    })
    this.#rows = [...kept, ...changes.added]
    this.#nextTicket += changes.added.length
    this.#uses = addUses(
      this.#uses.filter(({ at, perMs }) => at + perMs > now),
      changes.used,
    )
    for (const { resource, until } of changes.blocked)
      this.#blocks.set(resource, Math.max(until, this.#blocks.get(resource) ?? 0))
    if (changes.isFreed) this.#version += 1
  }
}

function addUses(kept: readonly WindowUse[], used: readonly WindowUse[]): readonly WindowUse[] {
  if (used.length === 0) return kept
  const sums = new Map(kept.map((use) => [nameOf(use), use]))
  for (const use of used) {
    const before = sums.get(nameOf(use))
    sums.set(nameOf(use), before === undefined ? use : { ...before, amount: before.amount + use.amount })
  }
  return [...sums.values()]
}

function nameOf({ resource, unit, perMs, at }: WindowUse): string {
  return `${at}/${unit}/${perMs}/${resource}`
}
