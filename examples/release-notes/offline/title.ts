/** First words in other forms than the imperative, and what they become. Only the first word of a title is looked at. */
const imperatives = new Map([
  ...[
    'add',
    'fix',
    'remove',
    'update',
    'change',
    'rename',
    'improve',
    'implement',
    'support',
    'allow',
    'move',
    'refactor',
    'deprecate',
    'introduce',
    'expose',
    'prevent',
    'avoid',
    'handle',
    'replace',
    'drop',
    'bump',
    'upgrade',
    'use',
    'make',
    'set',
    'create',
    'enable',
    'disable',
    'return',
    'correct',
    'ensure',
    'export',
    'extend',
    'simplify',
    'document',
    'convert',
    'switch',
  ].flatMap((verb) => formsOf(verb).map((form) => [form, verb] as const)),
  ['made', 'make'],
  ['ensures', 'ensure'],
])

function formsOf(verb: string): string[] {
  const stem = verb.endsWith('e') ? verb.slice(0, -1) : verb
  const doubled = /^(drop|set)$/.test(verb) ? stem + stem.slice(-1) : stem
  return [`${doubled}ed`, `${doubled}ing`, verb.endsWith('x') || verb.endsWith('ch') ? `${verb}es` : `${verb}s`]
}

/**
 * The part of a commit's title that a reader of notes needs: without type and scope, emoji, references and full stop, in the imperative where
 * a table knows it, with a capital unless it begins with a name of code.
 */
export function cleanTitle(title: string): string {
  const bare = title
    .replace(/^(\s*(:[a-z_]+:|\p{Extended_Pictographic}\uFE0F?|\[[^\]]{1,30}\]))+\s*/u, '')
    .replace(/^[A-Za-z]+!?(\([^()]{1,60}\))?!?:\s+/, '')
    .replace(/^(\[[^\]]{1,30}\]\s*)+/, '')
  const short = withoutReferences(bare)
  const text = short === '' ? title.trim() : short
  return capitalise(imperative(text))
}

function withoutReferences(title: string): string {
  let text = title.trim()
  for (let before = ''; before !== text;) {
    before = text
    text = text
      .replace(
        /\s*[([](?:(?:closes?|fix(?:es|ed)?|resolves?|refs?|see|gh|pr|issue)?\s*:?\s*(?:[\w./-]*#|GH-)\d+(?!\d)[\s,&]*(?:and\s+)?)+[)\]]\.?$/i,
        '',
      )
      .replace(
        /[,;.-]?\s+(?:closes?|fix(?:es|ed)?|resolves?|refs?|see)\s*:?\s*(?:[\w./-]*#|GH-)\d+(?:\s*,?\s*(?:and\s+)?#\d+)*\.?$/i,
        '',
      )
      .replace(/^(?:fix(?:es|ed)?|closes?|resolves?)\s*:?\s*#\d+\s*[:,-]\s*/i, '')
      .trim()
  }
  return text.replace(/(?<!\.)[.;:]$/, '')
}

function imperative(text: string): string {
  const word = /^[A-Za-z]+/.exec(text)?.[0] ?? ''
  const verb = imperatives.get(word.toLowerCase())
  const isVerb = verb !== undefined && text.charAt(word.length) === ' '
  return isVerb ? verb + text.slice(word.length) : text
}

function capitalise(text: string): string {
  const word = /^\S+/.exec(text)?.[0] ?? ''
  const isPlainWord = /^[a-z]+['’]?[a-z]*[,:]?$/.test(word)
  return isPlainWord ? text.charAt(0).toUpperCase() + text.slice(1) : text
}
