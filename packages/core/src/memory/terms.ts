/** Terms that a search counts, at most. */
const mostQueryTerms = 64

/** Characters of a searched text that are looked at. */
const longestQuery = 10_000

/** Scripts that write words without spaces between them. */
const unspaced = String.raw`\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}`

/** A stretch of an unspaced script, or a word of any other: letters and digits with the marks that belong to them. */
const words = new RegExp(
  String.raw`(?<unspaced>[${unspaced}]\p{M}*(?:[${unspaced}ー]\p{M}*)*)|[\p{L}\p{N}](?:(?![${unspaced}])[\p{L}\p{N}\p{M}])*`,
  'gu',
)

/** Accents of Latin, Greek and Cyrillic; marks of other scripts carry meaning and stay. */
const accents = /[\u0300-\u036F]/gu

/**
 * The terms that a text is found by, as often as they stand in it.
 *
 * Order: as in the text. Upper and lower case, accents and width make no difference; of unspaced scripts every character and every pair is a term.
 */
export function termsOf(text: string): readonly string[] {
  const terms: string[] = []
  for (const found of wordsOf(text)) {
    if (!found.isUnspaced) terms.push(found.word)
    else terms.push(...charactersOf(found.word), ...pairsOf(found.word))
  }
  return terms
}

/** The different terms that a search is for. Of an unspaced stretch its pairs, or its only character. */
export function queryTermsOf(text: string): readonly string[] {
  const terms = new Set<string>()
  for (const { word, isUnspaced } of wordsOf(text.slice(0, longestQuery))) {
    const pairs = isUnspaced ? pairsOf(word) : []
    for (const term of pairs.length > 0 ? pairs : [word]) {
      if (terms.size >= mostQueryTerms) return [...terms]
      terms.add(term)
    }
  }
  return [...terms]
}

/** A term in ASCII letters and digits alone, for an index with a tokenizer of its own: different terms stay different. */
export function asciiTerm(term: string): string {
  return /^[a-z0-9]+$/.test(term) ? `a${term}` : `u${Buffer.from(term).toString('hex')}`
}

function* wordsOf(text: string): Generator<{ readonly word: string; readonly isUnspaced: boolean }> {
  const plain = text.normalize('NFKD').replaceAll(accents, '').toLowerCase().normalize('NFKC')
  for (const match of plain.matchAll(words))
    yield { word: match[0], isUnspaced: match.groups?.['unspaced'] !== undefined }
}

function charactersOf(stretch: string): readonly string[] {
  return stretch.match(/.\p{M}*/gsu) ?? []
}

function pairsOf(stretch: string): readonly string[] {
  const characters = charactersOf(stretch)
  return characters.slice(1).map((character, index) => `${characters[index] ?? ''}${character}`)
}
