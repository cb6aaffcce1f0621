import type { RunId } from '../base/ids.ts'
import type { Owner } from './owner.ts'

/** At most so much in any stretch of time. */
export interface RateWindow {
  readonly unit: 'calls' | 'tokens'
  /** From 1. */
  readonly max: number
  /** Length of the stretch, ms. */
  readonly perMs: number
}

/** What one attempt needs of one resource. */
export interface PermitClaim {
  /** `model:fast`, `tool:search` or `resource:crm`. */
  readonly resource: string
  /** Permits at a time; null: any number. */
  readonly concurrent: number | null
  readonly rates: readonly RateWindow[]
  /** Tokens it is expected to use; more than a window allows counts as all of the window. */
  readonly tokens: number
}

/** The attempt that a permit is for. With its owner it names the permit. */
export interface PermitKey {
  readonly runId: RunId
  readonly step: number
  readonly attempt: number
}

/** An attempt that wants to begin. */
export interface PermitAsk extends PermitKey {
  /** Order: the same for everybody (models and tools before named resources, these by name), or the line could block itself. At least one. */
  readonly claims: readonly PermitClaim[]
}

/** An attempt that has begun: rates count it from then on. Until that is told it counts as if it began now. */
export interface PermitBegin extends PermitKey {
  /** Ms since the epoch. */
  readonly at: number
}

/** An attempt that is over, or wants no more. */
export interface PermitEnd extends PermitKey {
  /** When it began, ms since the epoch; absent: it never did, and no rate counts it. */
  readonly beganAt?: number
  /** Tokens it really used: counted in place of those it was expected to use. */
  readonly tokens?: number
}

/** Nobody begins with a resource for a while: its provider said so. */
export interface ResourceBlock {
  readonly resource: string
  /** Ms since the epoch. An earlier moment than one that is known changes nothing. */
  readonly until: number
}

/** What one owner says and asks at once. */
export interface PermitRequest {
  readonly owner: Owner
  /** Ms since the epoch. */
  readonly now: number
  /** Until when everything that this owner holds and waits for lives, unless it comes again. */
  readonly expiresAt: number
  readonly begins: readonly PermitBegin[]
  readonly ends: readonly PermitEnd[]
  readonly blocks: readonly ResourceBlock[]
  /** Order: as they take their places. */
  readonly asks: readonly PermitAsk[]
  /** Ids of owners whose process is known to be gone: what they hold is free. */
  readonly dead: readonly string[]
}

/** Why an attempt waits. `concurrent`: too many at a time; `rate`: too many in a stretch of time; `blocked`: the provider said so. */
export type WaitReason = 'concurrent' | 'rate' | 'blocked'

/** A place in line. */
export interface PermitWait extends PermitKey {
  /** The first of its resources that it cannot have. */
  readonly resource: string
  readonly reason: WaitReason
  /** Attempts before it that want this resource, too. */
  readonly ahead: number
  /** Earliest moment at which time alone may let it go, ms since the epoch; null: somebody must give something back. */
  readonly until: number | null
}

/** What became of a request. */
export interface PermitAnswer {
  /** Every permit that the owner holds now. Order: by place. */
  readonly held: readonly PermitKey[]
  /** Every attempt of the owner that waits. Order: by place. */
  readonly waiting: readonly PermitWait[]
  /** Until when all of this lives unless the owner comes again, ms since the epoch. */
  readonly expiresAt: number
  /** Other owners of permits and places. */
  readonly others: readonly Owner[]
  /** See `Store.permitVersion`. */
  readonly version: number
}

/** A permit or a place in line, as a store keeps it. */
export interface PermitRow extends PermitAsk {
  /** Grows with every place taken. */
  readonly ticket: number
  readonly owner: Owner
  /** Ms since the epoch. */
  readonly expiresAt: number
  /** When it was granted, ms since the epoch; null: it waits. */
  readonly grantedAt: number | null
  /** When it began, ms since the epoch; null: it has not, or its owner has not said so yet. */
  readonly beganAt: number | null
}

/** What was used of a window at one moment. A window with more than 250 units keeps moments of a 250th of its length, rounded up. */
export interface WindowUse {
  readonly resource: string
  readonly unit: RateWindow['unit']
  readonly perMs: number
  /** Ms since the epoch. It counts until `at + perMs`. */
  readonly at: number
  /** Units. */
  readonly amount: number
}

/** Everything that decides about permits. */
export interface PermitState {
  /** Order: by ticket. */
  readonly rows: readonly PermitRow[]
  /** Uses that still count; older ones are ignored. */
  readonly uses: readonly WindowUse[]
  /** Until when a resource is blocked, ms since the epoch. */
  readonly blocks: ReadonlyMap<string, number>
}

/** What a store has to write down. Order: as listed here. */
export interface PermitChanges {
  /** Tickets that are gone. */
  readonly removed: readonly number[]
  /** Tickets that live until the request's `expiresAt`. Empty when that would hardly prolong them. */
  readonly prolonged: readonly number[]
  /** New places. Their tickets are those that the store was said to give next. */
  readonly added: readonly PermitRow[]
  /** Tickets of old places that were granted. */
  readonly granted: readonly number[]
  /** Tickets that have begun, and when, ms since the epoch. */
  readonly began: readonly { readonly ticket: number; readonly at: number }[]
  /** Amounts to add to what is kept at that moment; may be negative. */
  readonly used: readonly WindowUse[]
  readonly blocked: readonly ResourceBlock[]
  /** The version grows. */
  readonly isFreed: boolean
}
