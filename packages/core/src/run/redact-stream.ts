/** What a text is searched for: what matches, and every text that can match. */
export interface Finder {
  /** Global; at each place the longest text is tried first. */
  readonly pattern: RegExp
  /** By text: what stands for it. */
  readonly forms: ReadonlyMap<string, string>
}

/** A text that comes in pieces. */
export interface RedactedStream {
  readonly push: (piece: string) => void
  /** Gives out what was held back. Whatever is pushed after it is dropped. */
  readonly end: () => void
}

/** A text without what a finder finds. */
export function redactText({ pattern, forms }: Finder, text: string): string {
  return text.replace(pattern, (form) => forms.get(form) ?? '[secret]')
}

/**
 * Redacts a text that comes in pieces: together they read as the whole text redacted at once, however it was cut.
 *
 * What may be the beginning of a match is held back until it is known to be one or none.
 *
 * @param finderNow - asked at every piece, since secrets may be resolved while a text is coming in; null: there is nothing to find
 */
export function redactStream(finderNow: () => Finder | null, emit: (text: string) => void): RedactedStream {
  let held = ''
  let hasEnded = false
  const give = (text: string): void => {
    if (text !== '') emit(text)
  }
  return {
    push(piece) {
      if (hasEnded) return
      const finder = finderNow()
      if (finder === null) {
        give(piece)
        return
      }
      const { known, rest } = splitKnown(finder, held + piece)
      held = rest
      give(known)
    },
    end() {
      if (hasEnded) return
      hasEnded = true
      const finder = finderNow()
      give(finder === null ? held : redactText(finder, held))
    },
  }
}

/** Splits a text into what is settled, redacted, and what more text could still make a match of. */
function splitKnown(finder: Finder, text: string): { readonly known: string; readonly rest: string } {
  const openAt = firstOpen(finder, text)
  let known = ''
  let from = 0
  for (const match of text.matchAll(finder.pattern)) {
    // From there on a longer match may be coming. One that began before it was settled first, as in the whole text.
    if (match.index >= openAt) break
    known += text.slice(from, match.index) + (finder.forms.get(match[0]) ?? '[secret]')
    from = match.index + match[0].length
  }
  if (from > openAt) {
    const after = splitKnown(finder, text.slice(from))
    return { known: known + after.known, rest: after.rest }
  }
  return { known: known + text.slice(from, openAt), rest: text.slice(openAt) }
}

/** The first place from which the text to its end is the beginning of a longer form; its length: none. */
function firstOpen({ forms }: Finder, text: string): number {
  let first = text.length
  for (const form of forms.keys()) {
    for (let at = Math.max(0, text.length - form.length + 1); at < first; at++) {
      if (form.startsWith(text.slice(at))) first = at
    }
  }
  return first
}
