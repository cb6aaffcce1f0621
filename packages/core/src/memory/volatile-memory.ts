import { storeError } from '../errors/store-error.ts'
import {
  checkPlace,
  checkPut,
  checkScope,
  checkWrite,
  listCursor,
  listLimit,
  memoryLimit,
  readListCursor,
  readSearchCursor,
  revisionError,
  scopeEnd,
  scopeText,
  searchLimit,
  writeIdMs,
} from './memory-rules.ts'
import type {
  MemoryEntry,
  MemoryFilter,
  MemoryPage,
  MemoryPut,
  MemorySearch,
  MemoryStore,
  MemoryWrite,
  MemoryWritten,
} from './memory-store.ts'
import { queryTermsOf, termsOf } from './terms.ts'

/**
 * Long-term memory that lasts as long as this process, for tests and trials. Whoever holds the instance shares it.
 *
 * Every method does its work before it returns, so calls take effect in the order they are made.
 */
export function createVolatileMemory(): MemoryStore {
  return new VolatileMemory()
}

interface Kept {
  readonly entry: MemoryEntry
  readonly scope: string
  /** How often each term stands in the text. */
  readonly terms: ReadonlyMap<string, number>
  readonly length: number
}

interface Answered {
  readonly at: number
  readonly answer: MemoryWritten | boolean
}

/** The usual constants of BM25. */
const saturation = 1.2
const lengthWeight = 0.75

class VolatileMemory implements MemoryStore {
  readonly name = 'memory'
  readonly durability = 'memory'
  readonly #entries = new Map<string, Kept>()
  /** Order: as answered. */
  readonly #answers = new Map<string, Answered>()
  #revision = 0
  #isClosed = false

  async put(put: MemoryPut): Promise<MemoryWritten> {
    const checked = checkPut(put)
    return this.#write(put, (before) => {
      const entry: MemoryEntry = Object.freeze({
        ...checked,
        revision: (this.#revision += 1),
        createdAt: before?.createdAt ?? put.now,
        updatedAt: put.now,
      })
      const terms = termsOf(entry.text)
      this.#entries.set(placeOf(put), {
        entry,
        scope: scopeText(entry.scope),
        terms: countsOf(terms),
        length: terms.length,
      })
      return Object.freeze({ revision: entry.revision, isNew: before === undefined })
    })
  }

  async get({ scope, key, now }: Parameters<MemoryStore['get']>[0]): Promise<MemoryEntry | undefined> {
    this.#checkOpen()
    checkPlace({ scope, key })
    return this.#live({ scope, key, now })
  }

  async delete(write: MemoryWrite): Promise<boolean> {
    checkWrite(write)
    return this.#write(write, (before) => {
      this.#entries.delete(placeOf(write))
      return before !== undefined
    })
  }

  async list(filter: MemoryFilter): Promise<MemoryPage> {
    this.#checkOpen()
    checkScope(filter.scope)
    const [afterScope, afterKey] = readListCursor(filter)
    const limit = memoryLimit(filter.limit, listLimit)
    const found = this.#matching(filter)
      .filter(({ scope, entry }) => (compare(scope, afterScope) || compare(entry.key, afterKey)) > 0)
      .toSorted((left, right) => compare(left.scope, right.scope) || compare(left.entry.key, right.entry.key))
    const entries = found.slice(0, limit).map(({ entry }) => entry)
    const last = entries.at(-1)
    return { entries, next: found.length > limit && last !== undefined ? listCursor(last) : null }
  }

  async search(search: MemorySearch): Promise<MemoryPage> {
    this.#checkOpen()
    checkScope(search.scope)
    const from = readSearchCursor(search)
    const limit = memoryLimit(search.limit, searchLimit)
    const terms = queryTermsOf(search.text)
    const all = [...this.#entries.values()]
    const rarity = new Map(terms.map((term) => [term, rarityOf(term, all)]))
    const mean = all.reduce((sum, { length }) => sum + length, 0) / Math.max(1, all.length)
    const found = this.#matching(search)
      .map((kept) => ({ kept, score: scoreOf(kept, { rarity, mean }) }))
      .filter(({ score }) => score > 0)
      .toSorted((left, right) => right.score - left.score || right.kept.entry.revision - left.kept.entry.revision)
    const entries = found.slice(from, from + limit).map(({ kept }) => kept.entry)
    return { entries, next: found.length > from + limit ? String(from + limit) : null }
  }

  async close(): Promise<void> {
    this.#isClosed = true
  }

  #write<Answer extends MemoryWritten | boolean>(
    write: MemoryWrite,
    work: (before: MemoryEntry | undefined) => Answer,
  ): Answer {
    this.#checkOpen()
    this.#forget(write.now)
    const known = write.writeId === undefined ? undefined : this.#answers.get(write.writeId)
    // A write id belongs to one call in one place, whose answer has one type.
    if (known !== undefined) return known.answer as Answer
    const before = this.#live(write)
    const revision = before?.revision ?? 0
    if (write.ifRevision !== undefined && write.ifRevision !== revision) throw revisionError(write, revision)
    const answer = work(before)
    if (write.writeId !== undefined) this.#answers.set(write.writeId, { at: write.now, answer })
    return answer
  }

  #live(place: Parameters<MemoryStore['get']>[0]): MemoryEntry | undefined {
    const kept = this.#entries.get(placeOf(place))
    return kept === undefined || isExpired(kept.entry, place.now) ? undefined : kept.entry
  }

  #matching({ scope, tag, now }: MemoryFilter): readonly Kept[] {
    const begin = scopeText(scope)
    const end = scopeEnd(scope)
    return [...this.#entries.values()].filter(
      (kept) =>
        compare(kept.scope, begin) >= 0 &&
        compare(kept.scope, end) < 0 &&
        !isExpired(kept.entry, now) &&
        (tag === undefined || kept.entry.tags.includes(tag)),
    )
  }

  /** Takes out what has expired, and write ids that are old enough. */
  #forget(now: number): void {
    for (const [place, { entry }] of this.#entries) if (isExpired(entry, now)) this.#entries.delete(place)
    for (const [id, { at }] of this.#answers) {
      if (at > now - writeIdMs) break
      this.#answers.delete(id)
    }
  }

  #checkOpen(): void {
    if (this.#isClosed) throw storeError('WAYSTONE_STORE_CLOSED', 'the long-term memory has been closed')
  }
}

function placeOf({ scope, key }: { readonly scope: readonly string[]; readonly key: string }): string {
  return `${scopeText(scope)}${key}`
}

function isExpired({ expiresAt }: MemoryEntry, now: number): boolean {
  return expiresAt !== null && expiresAt <= now
}

/** By code point, as UTF-8 sorts. */
function compare(left: string, right: string): number {
  return Buffer.compare(Buffer.from(left), Buffer.from(right))
}

function countsOf(terms: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const term of terms) counts.set(term, (counts.get(term) ?? 0) + 1)
  return counts
}

/** How much finding a term says: little when most entries have it. */
function rarityOf(term: string, all: readonly Kept[]): number {
  const having = all.filter(({ terms }) => terms.has(term)).length
  return Math.max(1e-6, Math.log((all.length - having + 0.5) / (having + 0.5)))
}

/** BM25. Source: Robertson and Zaragoza, The Probabilistic Relevance Framework, 2009 */
function scoreOf(
  { terms, length }: Kept,
  { rarity, mean }: { readonly rarity: ReadonlyMap<string, number>; readonly mean: number },
): number {
  let score = 0
  for (const [term, weight] of rarity) {
    const count = terms.get(term) ?? 0
    const part = count + saturation * (1 - lengthWeight + (lengthWeight * length) / Math.max(1, mean))
    if (count > 0) score += (weight * count * (saturation + 1)) / part
  }
  return score
}
