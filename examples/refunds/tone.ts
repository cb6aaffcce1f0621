const rudeWords = ['stupid', 'idiot', 'your fault', 'calm down']

/** Finds rude words in a reply; says which and where. */
export function checkTone({ state: { reply = '' } }: { readonly state: { readonly reply?: string } }): {
  readonly outcome: 'pass' | 'rude'
  readonly reasons: readonly string[]
  readonly positions: readonly number[]
} {
  const text = reply.toLowerCase()
  const found = rudeWords.filter((word) => text.includes(word))
  return {
    outcome: found.length === 0 ? 'pass' : 'rude',
    reasons: found.map((word) => `Rude: "${word}".`),
    positions: found.map((word) => text.indexOf(word)),
  }
}
