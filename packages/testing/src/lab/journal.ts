import { InputError, type Json, type ModelUsage } from '@waystone/core'
import type { LabRequest } from './lab-request.ts'
import { addUsage, noTokens } from './read-usage.ts'

/** How the answer to a request ended. */
export interface LabEnd {
  /** Units: milliseconds since 1970, with fractions. */
  readonly at: number
  /** Who closed: the lab, after its answer or as a fault says; or the client, before the answer was whole. */
  readonly by: 'client' | 'lab'
  /** True when everything that should have been sent was sent. */
  readonly isWhole: boolean
}

/**
 * One request and what became of it. The fields that can be null are filled in as it goes on.
 *
 * Units: times in milliseconds since 1970, with fractions, from one clock that never goes back.
 */
export interface LabEntry {
  /** From 0, in the order in which requests were read to their end. */
  readonly index: number
  readonly method: string
  /** With the query, without the host: `/v1/responses`. */
  readonly path: string
  /** Names in lower case; `[secret]` for authorization, keys and cookies. */
  readonly headers: Readonly<Record<string, string>>
  /** Parsed; null when there is none or it is no JSON. */
  readonly body: Json | null
  /** The body as scripts see it; null when it is neither Responses nor chat. */
  readonly request: LabRequest | null
  readonly receivedAt: number
  readonly bytesIn: number
  /** Requests that were not answered yet when this one came, itself included. */
  readonly inFlight: number
  /** `answer 2`, `rule 0, answer 1`, `recorded 5`, `upstream`; null when the lab had no answer. */
  readonly answeredBy: string | null
  readonly status: number | null
  /** When the headers of the answer were sent. */
  readonly answeredAt: number | null
  /** Frames of the body that were sent; a body that is not streamed is one. */
  readonly frames: number
  readonly bytesOut: number
  /** What the answer, as far as it was sent, said it used. */
  readonly usage: ModelUsage | null
  readonly end: LabEnd | null
}

/** Sums over a journal, to compare with the usage of runs. */
export interface LabTotals {
  readonly requests: number
  /** Requests that were answered with a status below 400. */
  readonly accepted: number
  /** Accepted requests whose answer did not say what it used, or was cut before it could. */
  readonly unreported: number
  readonly usage: ModelUsage
  /** By the model that was asked. */
  readonly models: Readonly<Record<string, { readonly requests: number; readonly usage: ModelUsage }>>
  /** The most requests that were open at a time. */
  readonly maxInFlight: number
}

/** A {@link LabEntry} that can be written. */
export type OpenEntry = { -readonly [Field in keyof LabEntry]: LabEntry[Field] }

/** What a waiter waits for: so many requests, or anything that can be seen in the journal. */
export type LabCondition = number | ((entries: readonly LabEntry[]) => boolean)

/** The clock of the journal: milliseconds since 1970, with fractions, never going back. */
export function wireTime(): number {
  return performance.timeOrigin + performance.now()
}

interface Waiter {
  readonly condition: (entries: readonly LabEntry[]) => boolean
  readonly settle: (error: Error | null) => void
}

/** Everything that reached a lab, and those who wait for it. */
export class Journal {
  readonly entries: OpenEntry[] = []
  #waiters: readonly Waiter[] = []

  /** Adds a request that was read to its end. */
  add(given: Pick<LabEntry, 'method' | 'path' | 'headers' | 'body' | 'request' | 'bytesIn'>): OpenEntry {
    const entry: OpenEntry = {
      ...given,
      index: this.entries.length,
      receivedAt: wireTime(),
      inFlight: this.entries.filter(({ end }) => end === null).length + 1,
      answeredBy: null,
      status: null,
      answeredAt: null,
      frames: 0,
      bytesOut: 0,
      usage: null,
      end: null,
    }
    this.entries.push(entry)
    this.changed()
    return entry
  }

  /** Looks whether somebody waited for what an entry now says. */
  changed(): void {
    for (const waiter of this.#waiters) {
      try {
        if (waiter.condition(this.entries)) waiter.settle(null)
      } catch (error) {
        waiter.settle(error instanceof Error ? error : new InputError('WAYSTONE_INPUT_LAB_WAIT', String(error)))
      }
    }
  }

  /** Resolves as soon as the condition holds. @throws {InputError} WAYSTONE_INPUT_LAB_WAIT when it does not in time */
  until(condition: LabCondition, withinMs: number): Promise<void> {
    const wanted = typeof condition === 'number' ? `${condition} requests` : 'what the journal was to show'
    const holds =
      typeof condition === 'number' ? (entries: readonly LabEntry[]) => entries.length >= condition : condition
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        condition: holds,
        settle: (error) => {
          clearTimeout(timer)
          this.#waiters = this.#waiters.filter((one) => one !== waiter)
          if (error === null) resolve()
          else reject(error)
        },
      }
      const timer = setTimeout(() => {
        const message = `waited ${withinMs} ms for ${wanted}; the lab saw ${this.#summary()}`
        waiter.settle(new InputError('WAYSTONE_INPUT_LAB_WAIT', message))
      }, withinMs)
      this.#waiters = [...this.#waiters, waiter]
      this.changed()
    })
  }

  /** Ends all waiting. */
  close(): void {
    const message = `the lab was closed while a test waited; it saw ${this.#summary()}`
    for (const waiter of this.#waiters) waiter.settle(new InputError('WAYSTONE_INPUT_LAB_WAIT', message))
  }

  totals(): LabTotals {
    const accepted = this.entries.filter(({ status }) => status !== null && status < 400)
    const byModel = Map.groupBy(this.entries, ({ request }) => request?.model ?? '')
    const models = [...byModel].flatMap(([model, entries]) =>
      model === '' ? [] : [[model, { requests: entries.length, usage: sumUsage(entries) }] as const],
    )
    return {
      requests: this.entries.length,
      accepted: accepted.length,
      unreported: accepted.filter(({ usage }) => usage === null).length,
      usage: sumUsage(this.entries),
      models: Object.fromEntries(models),
      maxInFlight: Math.max(0, ...this.entries.map(({ inFlight }) => inFlight)),
    }
  }

  #summary(): string {
    if (this.entries.length === 0) return 'no request'
    const lines = this.entries.map(({ index, method, path, status, end }) => {
      const ended = end === null ? 'open' : `closed by the ${end.by}`
      return `request ${index} (${method} ${path}, ${status ?? 'not answered'}, ${ended})`
    })
    return lines.join('; ')
  }
}

function sumUsage(entries: readonly LabEntry[]): ModelUsage {
  return entries.reduce((sum, { usage }) => (usage === null ? sum : addUsage(sum, usage)), noTokens)
}
