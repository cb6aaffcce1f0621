/**
 * What a program wrote to one stream: all of it up to a number of bytes, else its beginning and its end.
 *
 * Cost: memory of about the cap, however much is written.
 */
export class CappedOutput {
  readonly #cap: number
  readonly #secrets: readonly Buffer[]
  /** What is kept beyond a cut to see whether a secret lies across it. */
  readonly #margin: number
  readonly #head: Buffer[] = []
  #headBytes = 0
  #tail: Buffer[] = []
  #tailBytes = 0
  #total = 0

  /** @param cap - most bytes to keep @param secrets - values that are never cut in two, because a part of one is not found again */
  constructor(cap: number, secrets: readonly string[] = []) {
    this.#cap = cap
    this.#secrets = secrets.filter((secret) => secret !== '').map((secret) => Buffer.from(secret))
    this.#margin = Math.max(0, ...this.#secrets.map((secret) => secret.length))
  }

  add(chunk: Buffer): void {
    this.#total += chunk.length
    const room = Math.max(0, this.#cap + this.#margin - this.#headBytes)
    const first = chunk.subarray(0, room)
    if (first.length > 0) this.#head.push(first)
    this.#headBytes += first.length
    const rest = chunk.subarray(first.length)
    if (rest.length === 0) return
    this.#tail.push(rest)
    this.#tailBytes += rest.length
    const most = this.#cap + this.#margin
    while (this.#tailBytes - (this.#tail[0]?.length ?? 0) >= most) {
      this.#tailBytes -= this.#tail.shift()?.length ?? 0
    }
  }

  /** The text, invalid UTF-8 replaced, and how many bytes were left out of it. */
  read(): { readonly text: string; readonly omittedBytes: number } {
    const kept = Buffer.concat([...this.#head, ...this.#tail])
    if (this.#total <= this.#cap) return { text: kept.toString('utf8'), omittedBytes: 0 }
    const headEnd = this.#cutBefore(kept, Math.ceil(this.#cap / 2))
    const tailStart = this.#cutAfter(kept, kept.length - Math.floor(this.#cap / 2))
    const head = kept.subarray(0, wholeEnd(kept, headEnd))
    const tail = kept.subarray(wholeStart(kept, tailStart))
    const omittedBytes = this.#total - head.length - tail.length
    const note = `\n[… ${omittedBytes} bytes left out …]\n`
    return { text: `${head.toString('utf8')}${note}${tail.toString('utf8')}`, omittedBytes }
  }

  #cutBefore(bytes: Buffer, cut: number): number {
    const across = this.#across(bytes, cut)
    return across === null ? cut : this.#cutBefore(bytes, across.start)
  }

  #cutAfter(bytes: Buffer, cut: number): number {
    const across = this.#across(bytes, cut)
    return across === null ? cut : this.#cutAfter(bytes, across.end)
  }

  /** A secret that begins before an index and ends after it. */
  #across(bytes: Buffer, cut: number): { readonly start: number; readonly end: number } | null {
    for (const secret of this.#secrets) {
      const start = bytes.subarray(0, cut + secret.length - 1).indexOf(secret, Math.max(0, cut - secret.length + 1))
      if (start !== -1 && start < cut) return { start, end: start + secret.length }
    }
    return null
  }
}

const isContinuation = (byte: number | undefined): boolean => byte !== undefined && byte >= 0x80 && byte < 0xc0

/** The index, or one a little before it, at which no character is cut. */
function wholeEnd(bytes: Buffer, end: number): number {
  let at = end
  while (at > 0 && end - at < 3 && isContinuation(bytes[at])) at -= 1
  return at
}

/** The index, or one a little after it, at which no character is cut. */
function wholeStart(bytes: Buffer, start: number): number {
  let at = start
  while (at - start < 3 && isContinuation(bytes[at])) at += 1
  return at
}
