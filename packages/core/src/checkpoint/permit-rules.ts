import type { Owner } from './owner.ts'
import type {
  PermitAnswer,
  PermitChanges,
  PermitClaim,
  PermitEnd,
  PermitKey,
  PermitRequest,
  PermitRow,
  PermitState,
  PermitWait,
  RateWindow,
  WaitReason,
  WindowUse,
} from './permit.ts'

/** Moments that are told apart in one window. */
const momentsPerWindow = 250

/** What the rules say. */
export interface PermitDecision {
  readonly changes: PermitChanges
  /** Without the version, which the store keeps. */
  readonly answer: Omit<PermitAnswer, 'version'>
}

/**
 * The rules of `Store.permits`: pure, so that every store has the same.
 *
 * First come, first served, for each resource: an attempt takes all it needs at once or nothing, and whoever waits keeps, of the resources before the
 * one it cannot have, what it needs against everybody behind it. All take them in one order, so the oldest place always gets on, and nobody
 * is held up by somebody who waits for something else.
 *
 * Cost: the length of the line, times the claims of a place.
 *
 * @param nextTicket - larger than every ticket in `state`
 */
export function decidePermits(state: PermitState, request: PermitRequest, nextTicket: number): PermitDecision {
  const standing = standingRows(state.rows, request)
  const added = newRows(standing.kept, request, nextTicket)
  const blocks = new Map(state.blocks)
  const blocked = request.blocks.filter(({ resource, until }) => until > (blocks.get(resource) ?? request.now))
  for (const { resource, until } of blocked) blocks.set(resource, Math.max(until, blocks.get(resource) ?? 0))
  const begun = standing.begun.flatMap(({ row, at }) => usesOf(row, at))
  const settled = standing.ended.flatMap(({ row, end }) => usesOfEnded(row, end))
  // Whoever is gone without a word may have begun.
  const lost = standing.lost.flatMap((row) => (row.beganAt === null ? usesOf(row, request.now) : []))
  const used = [...begun, ...settled, ...lost]
  const line = new Line({ ...state, blocks, uses: [...state.uses, ...used] }, request.now)
  const rows = [...standing.kept, ...added]
  const { granted, waiting } = line.walk(rows, request.owner.id)
  const grantedNow = new Set(granted.map(({ ticket }) => ticket))
  const isHeld = ({ ticket, grantedAt }: PermitRow): boolean => grantedAt !== null || grantedNow.has(ticket)
  const own = rows.filter(({ owner }) => owner.id === request.owner.id)
  const prolonged = prolongedOf(standing.kept, request)
  return {
    changes: {
      removed: standing.removed,
      prolonged,
      added: added.map((row) => (isHeld(row) ? { ...row, grantedAt: request.now } : row)),
      granted: granted.flatMap(({ ticket }) => (ticket < nextTicket ? [ticket] : [])),
      began: standing.begun.map(({ row: { ticket }, at }) => ({ ticket, at })),
      used,
      blocked,
      isFreed: standing.removed.length > 0,
    },
    answer: {
      held: own.filter(isHeld).map(keyOf),
      waiting,
      expiresAt:
        prolonged.length > 0 ? request.expiresAt : Math.min(request.expiresAt, ...own.map((row) => row.expiresAt)),
      others: othersOf(rows, request.owner),
    },
  }
}

/** The name of a permit among those of its owner. */
export function permitName({ runId, step, attempt }: PermitKey): string {
  return `${runId}/${step}/${attempt}`
}

interface Standing {
  readonly kept: readonly PermitRow[]
  readonly removed: readonly number[]
  readonly begun: readonly { readonly row: PermitRow; readonly at: number }[]
  readonly ended: readonly { readonly row: PermitRow; readonly end: PermitEnd }[]
  /** Permits of owners that are gone. */
  readonly lost: readonly PermitRow[]
}

/** What stays of the rows: not what was ended, not what is dead, and not what others left to expire. */
function standingRows(rows: readonly PermitRow[], { owner, now, begins, ends, dead }: PermitRequest): Standing {
  const endOf = new Map(ends.map((end) => [permitName(end), end]))
  const beginOf = new Map(begins.map((begin) => [permitName(begin), begin]))
  const kept: PermitRow[] = []
  const removed: number[] = []
  const begun: { row: PermitRow; at: number }[] = []
  const ended: { row: PermitRow; end: PermitEnd }[] = []
  const lost: PermitRow[] = []
  for (const row of rows) {
    const isOwn = row.owner.id === owner.id
    const end = isOwn ? endOf.get(permitName(row)) : undefined
    const begin = isOwn && row.grantedAt !== null && row.beganAt === null ? beginOf.get(permitName(row)) : undefined
    const isLost = !isOwn && (row.expiresAt <= now || dead.includes(row.owner.id))
    if (end !== undefined) ended.push({ row, end })
    else if (begin !== undefined) begun.push({ row, at: begin.at })
    if (isLost && row.grantedAt !== null) lost.push(row)
    if (isLost || end !== undefined) removed.push(row.ticket)
    else kept.push(begin === undefined ? row : { ...row, beganAt: begin.at })
  }
  return { kept, removed, begun, ended, lost }
}

function newRows(kept: readonly PermitRow[], request: PermitRequest, nextTicket: number): readonly PermitRow[] {
  const { owner, expiresAt } = request
  const known = new Set(kept.filter((row) => row.owner.id === owner.id).map(permitName))
  const added: PermitRow[] = []
  for (const ask of request.asks) {
    if (known.has(permitName(ask))) continue
    known.add(permitName(ask))
    added.push({
      ...keyOf(ask),
      claims: ask.claims,
      ticket: nextTicket + added.length,
      owner,
      expiresAt,
      grantedAt: null,
      beganAt: null,
    })
  }
  return added
}

/** Writing every row at every request would tell every process of news that are none. */
function prolongedOf(kept: readonly PermitRow[], { owner, now, expiresAt }: PermitRequest): readonly number[] {
  const own = kept.filter((row) => row.owner.id === owner.id)
  const isDue = own.some((row) => row.expiresAt - now < ((expiresAt - now) * 3) / 4)
  return isDue ? own.map(({ ticket }) => ticket) : []
}

function keyOf({ runId, step, attempt }: PermitKey): PermitKey {
  return { runId, step, attempt }
}

function othersOf(rows: readonly PermitRow[], self: Owner): readonly Owner[] {
  const others = new Map(rows.map(({ owner }) => [owner.id, owner]))
  others.delete(self.id)
  return [...others.values()]
}

/** The moment that a use counts from: rounded up, so that a window never holds more than it may. */
function momentOf({ max, perMs }: RateWindow, at: number): number {
  if (max <= momentsPerWindow) return at
  const length = Math.max(1, Math.floor(perMs / momentsPerWindow))
  return Math.ceil(at / length) * length
}

function amountOf({ unit, max }: RateWindow, { tokens }: PermitClaim): number {
  return unit === 'calls' ? 1 : Math.min(max, tokens)
}

/** What an attempt that began at a moment uses. @param tokens - really used; undefined: as expected */
function usesOf({ claims }: PermitRow, at: number, tokens?: number): readonly WindowUse[] {
  return claims.flatMap((claim) =>
    claim.rates.flatMap((window): readonly WindowUse[] => {
      const { unit, perMs } = window
      const amount = unit === 'tokens' && tokens !== undefined ? tokens : amountOf(window, claim)
      return amount === 0 ? [] : [{ resource: claim.resource, unit, perMs, at: momentOf(window, at), amount }]
    }),
  )
}

/** Tokens that were really used, in place of those that were expected. One that never began used nothing at all. */
function usesOfEnded(row: PermitRow, { beganAt, tokens }: PermitEnd): readonly WindowUse[] {
  const at = row.beganAt
  if (at === null) return row.grantedAt === null || beganAt === undefined ? [] : usesOf(row, beganAt, tokens)
  if (tokens === undefined) return []
  const counted = usesOf(row, at).map((use) => ({ ...use, amount: -use.amount }))
  return [...counted, ...usesOf(row, at, tokens)].filter(({ unit }) => unit === 'tokens')
}

interface Stop {
  readonly reason: WaitReason
  readonly until: number | null
}

/** The line as it is walked from its front: what is taken, and what those in front keep for themselves. */
class Line {
  readonly #now: number
  readonly #blocks: ReadonlyMap<string, number>
  readonly #uses: ReadonlyMap<string, readonly WindowUse[]>
  readonly #slots = new Map<string, number>()
  readonly #amounts = new Map<string, number>()
  readonly #waiting = new Map<string, number>()

  constructor({ blocks, uses }: PermitState, now: number) {
    this.#now = now
    this.#blocks = blocks
    this.#uses = Map.groupBy(
      uses.filter(({ at, perMs }) => at + perMs > now).toSorted((left, right) => left.at - right.at),
      windowName,
    )
  }

  walk(
    rows: readonly PermitRow[],
    ownerId: string,
  ): { readonly granted: readonly PermitRow[]; readonly waiting: readonly PermitWait[] } {
    for (const { grantedAt, beganAt, claims } of rows) {
      for (const claim of grantedAt === null ? [] : claims) {
        this.#takeSlot(claim)
        if (beganAt === null) this.#takeAmounts(claim)
      }
    }
    const granted: PermitRow[] = []
    const waiting: PermitWait[] = []
    for (const row of rows) {
      if (row.grantedAt !== null) continue
      const isOwn = row.owner.id === ownerId
      const stop = this.#keep(row)
      if (stop === null && isOwn) granted.push(row)
      if (stop !== null && isOwn) waiting.push({ ...keyOf(row), ...stop })
      for (const { resource } of stop === null && isOwn ? [] : row.claims)
        this.#waiting.set(resource, (this.#waiting.get(resource) ?? 0) + 1)
    }
    return { granted, waiting }
  }

  /** Takes what a place needs, up to and with the first thing that is not to be had. @returns that thing; null: it may begin */
  #keep({ claims }: PermitRow): (Stop & Pick<PermitWait, 'resource' | 'ahead'>) | null {
    for (const claim of claims) {
      const stop = this.#stopAt(claim)
      this.#takeSlot(claim)
      this.#takeAmounts(claim)
      if (stop === null) continue
      const { resource } = claim
      return { resource, ...stop, ahead: this.#waiting.get(resource) ?? 0 }
    }
    return null
  }

  #stopAt(claim: PermitClaim): Stop | null {
    const { resource, concurrent, rates } = claim
    const blockedUntil = this.#blocks.get(resource) ?? 0
    if (blockedUntil > this.#now) return { reason: 'blocked', until: blockedUntil }
    const isFull = concurrent !== null && (this.#slots.get(resource) ?? 0) >= concurrent
    const freeAt = rates.map((window) => this.#freeAt(window, claim)).filter((at) => at > this.#now)
    // Whoever waits for both comes again when something is given back, and then for the time.
    if (isFull) return { reason: 'concurrent', until: null }
    return freeAt.length === 0 ? null : { reason: 'rate', until: Math.max(...freeAt) }
  }

  /** When a window has room for a claim and for all that is kept before it. */
  #freeAt(window: RateWindow, claim: PermitClaim): number {
    const name = windowName({ ...window, resource: claim.resource })
    const uses = this.#uses.get(name) ?? []
    const kept = this.#amounts.get(name) ?? 0
    let over = uses.reduce((sum, { amount }) => sum + amount, kept + amountOf(window, claim)) - window.max
    if (over <= 0) return this.#now
    for (const { at, amount } of uses) {
      over -= amount
      if (over <= 0) return at + window.perMs
    }
    // What is kept before it is not used yet: it counts from now at the earliest.
    return this.#now + window.perMs
  }

  /** Of what has not begun: it counts as if it began now. */
  #takeAmounts(claim: PermitClaim): void {
    for (const window of claim.rates)
      add(this.#amounts, windowName({ ...window, resource: claim.resource }), amountOf(window, claim))
  }

  #takeSlot({ resource }: PermitClaim): void {
    add(this.#slots, resource, 1)
  }
}

function windowName({ resource, unit, perMs }: Pick<WindowUse, 'resource' | 'unit' | 'perMs'>): string {
  return `${unit}/${perMs}/${resource}`
}

function add(sums: Map<string, number>, name: string, amount: number): void {
  sums.set(name, (sums.get(name) ?? 0) + amount)
}
