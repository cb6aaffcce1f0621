import type { Clock } from '../base/clock.ts'
import {
  type PermitAnswer,
  type PermitAsk,
  type PermitBegin,
  type PermitClaim,
  type PermitEnd,
  type PermitWait,
  type ResourceBlock,
} from '../checkpoint/permit.ts'
import { permitName } from '../checkpoint/permit-rules.ts'
import type { Owner, Store } from '../checkpoint/store.ts'
import type { Liveness } from './liveness.ts'

/** Least time between two looks at the store because of news, ms: most of its changes are none for those who wait. */
const betweenLooksMs = 25

/** How often those who wait look whether the processes before them still live, ms. It asks the system, not the store. */
const betweenPulsesMs = 500

/** When a store that failed is asked again, ms. */
const askAgainMs = 1_000

/** The right of one attempt to use its resources, or its place in line. */
export interface Permit {
  /** False when it was lost, because this process slept for longer than it lives. */
  isHeld(): boolean
  /** The attempt begins now. */
  begin(): void
  /** The provider said that nobody should come before a moment, ms since the epoch. */
  block(until: number): void
  /** Gives it back, or the place in line. Twice is once. @param tokens - really used; undefined: as expected */
  end(tokens?: number): void
}

/** What a permit's holder is told. */
export interface PermitListener {
  /** It is held now. Never called before `ask` has returned. */
  onGranted(): void
  /** It waits, for the first time or for another resource. */
  onWaiting(wait: PermitWait): void
  /** The store could not be asked, and the attempt has no place in line. */
  onFailed(error: unknown): void
}

/** What a keeper needs of its runtime. */
export interface PermitKeeperParts {
  readonly store: Store
  readonly clock: Clock
  readonly owner: Owner
  readonly liveness: Liveness
  /** How long permits live when nobody prolongs them, ms. */
  readonly leaseMs: number
}

interface Entry {
  readonly ask: PermitAsk
  readonly listener: PermitListener
  state: 'new' | 'waiting' | 'held' | 'lost'
  /** The resource that was last told to be waited for. */
  told: string | null
  /** Ms since the epoch; null: it has not begun. */
  beganAt: number | null
}

/**
 * Keeps the permits of one runtime and stands in line for it: one exchange with the store at a time, with everything that came up
 * meanwhile, and none while nothing limited is under way.
 */
export class PermitKeeper {
  readonly #parts: PermitKeeperParts
  readonly #entries = new Map<string, Entry>()
  readonly #begins = new Map<string, PermitBegin>()
  readonly #ends = new Map<string, PermitEnd>()
  readonly #blocks: ResourceBlock[] = []
  #dead: readonly string[] = []
  #others: readonly Owner[] = []
  #version: number | null = null
  #lookedAt = Number.NEGATIVE_INFINITY
  /** Until when permits surely live, ms since the epoch. */
  #livesUntil = 0
  #isClosed = false
  #isDue = false
  #exchanging: Promise<void> | null = null
  #stopWatch: (() => void) | null = null
  readonly #timers = new Map<'again' | 'renew' | 'pulse' | 'look', () => void>()

  constructor(parts: PermitKeeperParts) {
    this.#parts = parts
  }

  /** Asks for a permit. */
  ask(ask: PermitAsk, listener: PermitListener): Permit {
    const name = permitName(ask)
    const entry: Entry = { ask, listener, state: 'new', told: null, beganAt: null }
    this.#entries.set(name, entry)
    this.#exchange()
    return {
      isHeld: () => entry.state === 'held' && this.#livesUntil > this.#parts.clock.now(),
      begin: () => this.#begin(name, entry),
      block: (until) => this.#block(ask.claims, until),
      end: (tokens) => this.#end(name, entry, tokens),
    }
  }

  /** Gives everything back and stops. Never rejects: what a store cannot be told of runs out. */
  async close(): Promise<void> {
    for (const [name, entry] of this.#entries) this.#end(name, entry, undefined)
    while (this.#exchanging !== null) await this.#exchanging
    this.#isClosed = true
    this.#rest()
  }

  #block(claims: readonly PermitClaim[], until: number): void {
    const [first, ...others] = claims
    if (first === undefined) return
    // A model's limits are its own; what a tool meets is the service behind it, which its resources name.
    const blocked = first.resource.startsWith('model:') ? [first] : [first, ...others]
    for (const { resource } of blocked) this.#blocks.push({ resource, until })
    this.#exchange()
  }

  /** Only rates need to know when it was, and only those who wait for them need to know soon. */
  #begin(name: string, entry: Entry): void {
    entry.beganAt = this.#parts.clock.now()
    if (entry.ask.claims.every(({ rates }) => rates.length === 0)) return
    const { runId, step, attempt } = entry.ask
    this.#begins.set(name, { runId, step, attempt, at: entry.beganAt })
    this.#exchange()
  }

  #end(name: string, entry: Entry, tokens: number | undefined): void {
    if (this.#entries.get(name) !== entry) return
    this.#entries.delete(name)
    const { runId, step, attempt } = entry.ask
    this.#begins.delete(name)
    this.#ends.set(name, {
      runId,
      step,
      attempt,
      ...(entry.beganAt !== null && { beganAt: entry.beganAt }),
      ...(tokens !== undefined && { tokens }),
    })
    this.#exchange()
  }

  #exchange(): void {
    if (this.#isClosed) return
    this.#isDue = true
    this.#exchanging ??= this.#exchangeAll().finally(() => {
      this.#exchanging = null
      if (this.#isDue) this.#exchange()
    })
  }

  async #exchangeAll(): Promise<void> {
    // What the same turn brings goes along.
    await Promise.resolve()
    while (this.#isDue) {
      this.#isDue = false
      if (!(await this.#exchangeOnce())) break
    }
    this.#arm()
  }

  /** @returns false when the store failed */
  async #exchangeOnce(): Promise<boolean> {
    const { store, clock, owner, leaseMs } = this.#parts
    const now = clock.now()
    const begins = [...this.#begins]
    const ends = [...this.#ends]
    const blocks = this.#blocks.splice(0)
    const asked = [...this.#entries].filter(([, { state }]) => state === 'new' || state === 'waiting')
    this.#begins.clear()
    this.#ends.clear()
    try {
      const answer = await store.permits({
        owner,
        now,
        expiresAt: now + leaseMs,
        begins: begins.map(([, begin]) => begin),
        ends: ends.map(([, end]) => end),
        blocks,
        asks: asked.map(([, { ask }]) => ask),
        dead: this.#dead,
      })
      this.#take(answer)
      return true
    } catch (error) {
      for (const [name, begin] of begins) if (this.#entries.has(name)) this.#begins.set(name, begin)
      for (const [name, end] of ends) if (!this.#ends.has(name)) this.#ends.set(name, end)
      this.#blocks.push(...blocks)
      this.#fail(asked, error)
      return false
    }
  }

  #take({ held, waiting, expiresAt, others, version }: PermitAnswer): void {
    this.#livesUntil = expiresAt
    this.#version = version
    this.#others = others
    const names = new Set(held.map(permitName))
    for (const [name, entry] of this.#entries) if (entry.state === 'held' && !names.has(name)) entry.state = 'lost'
    for (const wait of waiting) this.#wait(wait)
    for (const key of held) {
      // Ended since the store was asked: whoever asks again by that name has not been heard yet.
      if (this.#ends.has(permitName(key))) continue
      const entry = this.#entries.get(permitName(key))
      // Nobody here knows it any more: it was given up while it was asked for.
      if (entry === undefined) this.#giveBack(key)
      else if (entry.state !== 'held') this.#grant(entry)
    }
    const again = waiting.flatMap(({ until }) => until ?? [])
    this.#set('again', again.length === 0 ? null : Math.min(...again), () => this.#exchange())
    this.#judgeOthers()
  }

  #grant(entry: Entry): void {
    entry.state = 'held'
    entry.told = null
    entry.listener.onGranted()
  }

  #wait(wait: PermitWait): void {
    if (this.#ends.has(permitName(wait))) return
    const entry = this.#entries.get(permitName(wait))
    if (entry === undefined) return this.#giveBack(wait)
    entry.state = 'waiting'
    if (entry.told === wait.resource) return
    entry.told = wait.resource
    entry.listener.onWaiting(wait)
  }

  #giveBack({ runId, step, attempt }: PermitEnd): void {
    const name = permitName({ runId, step, attempt })
    if (this.#ends.has(name)) return
    this.#ends.set(name, { runId, step, attempt })
    this.#isDue = true
  }

  /** What has a place in line keeps it and is asked for again; what has none cannot wait for a store that is not well. */
  #fail(asked: readonly (readonly [string, Entry])[], error: unknown): void {
    for (const [name, entry] of asked) {
      if (entry.state !== 'new' || this.#entries.get(name) !== entry) continue
      this.#end(name, entry, undefined)
      entry.listener.onFailed(error)
    }
    this.#isDue = false
    this.#set('again', this.#parts.clock.now() + askAgainMs, () => this.#exchange())
  }

  /** Owners that are gone are named at once. */
  #judgeOthers(): void {
    const isWaiting = this.#isWaiting()
    const dead = isWaiting ? this.#others.filter((owner) => this.#parts.liveness.stateOf(owner) === 'dead') : []
    this.#dead = dead.map(({ id }) => id)
    if (dead.length > 0) this.#exchange()
  }

  #isWaiting(): boolean {
    for (const { state } of this.#entries.values()) if (state === 'waiting') return true
    return false
  }

  /** Sets what is to be done later, and nothing once nothing is under way. */
  #arm(): void {
    const { clock, store, leaseMs } = this.#parts
    if (this.#entries.size === 0 && this.#ends.size === 0) return this.#rest()
    const now = clock.now()
    this.#set('renew', now + Math.floor(leaseMs / 3), () => this.#exchange())
    const isWaiting = this.#isWaiting()
    this.#set('pulse', isWaiting && this.#others.length > 0 ? now + betweenPulsesMs : null, () => this.#pulse())
    if (isWaiting) this.#stopWatch ??= store.watch(() => this.#look())
    else {
      this.#stopWatch?.()
      this.#stopWatch = null
    }
  }

  #rest(): void {
    for (const stop of this.#timers.values()) stop()
    this.#timers.clear()
    this.#stopWatch?.()
    this.#stopWatch = null
  }

  #pulse(): void {
    this.#judgeOthers()
    if (this.#exchanging === null) this.#set('pulse', this.#parts.clock.now() + betweenPulsesMs, () => this.#pulse())
  }

  /** The store has changed: comes again when something was given back. */
  #look(): void {
    const { clock } = this.#parts
    if (this.#timers.has('look')) return
    const now = clock.now()
    if (this.#lookedAt > now) this.#lookedAt = Number.NEGATIVE_INFINITY
    this.#set('look', Math.max(now, this.#lookedAt + betweenLooksMs), () => {
      this.#lookedAt = clock.now()
      void this.#compareVersions()
    })
  }

  async #compareVersions(): Promise<void> {
    try {
      const version = await this.#parts.store.permitVersion()
      if (version !== this.#version && this.#isWaiting()) this.#exchange()
    } catch {
      // The store is not well; everything is asked for again before it runs out.
    }
  }

  /** @param at - ms since the epoch; null: not at all */
  #set(name: 'again' | 'renew' | 'pulse' | 'look', at: number | null, act: () => void): void {
    this.#timers.get(name)?.()
    this.#timers.delete(name)
    if (at === null) return
    this.#timers.set(
      name,
      this.#parts.clock.at(at, () => {
        this.#timers.delete(name)
        act()
      }),
    )
  }
}
