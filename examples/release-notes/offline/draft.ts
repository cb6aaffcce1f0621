import type { Kind } from '../git/commit.ts'
import type { Draft, Heading, Statement } from '../notes/draft.ts'
import type { DraftPrompt, PromptChange } from '../prompts.ts'
import { groupStatements } from './group.ts'
import { pickHighlights } from './highlights.ts'
import { describeDependencies } from './dependencies.ts'
import { toStatement } from './statement.ts'

const sectionOf: { readonly [kind in Kind]?: Heading } = {
  breaking: 'Breaking changes',
  security: 'Security',
  feature: 'Features',
  fix: 'Fixes',
  performance: 'Performance',
  deprecation: 'Deprecations',
  change: 'Changes',
}

/** What one change of a section is called, one and several. */
const nouns: { readonly [heading in Heading]?: readonly [string, string] } = {
  'Breaking changes': ['breaking change', 'breaking changes'],
  Security: ['security fix', 'security fixes'],
  Features: ['feature', 'features'],
  Fixes: ['fix', 'fixes'],
  Performance: ['improvement', 'improvements'],
  Deprecations: ['deprecation', 'deprecations'],
  Changes: ['change', 'changes'],
}

/** Statements that the sections of user-facing changes share, before anybody asks for fewer. */
const usualRoom = 100

/** Fewest changes that are worth a section of highlights. */
const leastForHighlights = 12

/** Lines that a section may always have: what readers must act on is not folded into a count early. */
const leastLines: { readonly [kind in Kind]?: number } = { breaking: 25, security: 20, deprecation: 10 }

/** What a reader's reasons ask of the next draft, as far as rules can tell. */
interface Wishes {
  readonly room: number
  readonly hasHighlights: boolean
  /** Words, numbers or ids to be put first. */
  readonly mention: readonly string[]
}

/** Drafts notes by rules: sections by kind, long ones grouped by area, the largest features as highlights. */
export function draftByRules(given: DraftPrompt): Draft {
  const prompt = { ...given, changes: withoutCommonArea(given.changes) }
  const wishes = readWishes(prompt)
  const highlighted = wishes.hasHighlights
    ? pickHighlights(prompt.changes, { mention: wishes.mention, least: leastForHighlights })
    : []
  const taken = new Set(highlighted)
  const sections: Draft['sections'] = []
  const add = (heading: Heading, statements: Statement[]): void => {
    if (statements.length > 0) sections.push({ heading, statements })
  }
  add(
    'Highlights',
    highlighted.map((change) => toStatement(change)),
  )
  const rest = prompt.changes.filter((change) => !taken.has(change))
  const total = Math.max(1, rest.length)
  for (const [kind, heading] of Object.entries(sectionOf) as [Kind, Heading][]) {
    const changes = rest.filter((change) => change.kind === kind)
    const share = Math.max(leastLines[kind] ?? 3, Math.round((wishes.room * changes.length) / total))
    add(
      heading,
      groupStatements(changes, {
        room: total <= wishes.room ? changes.length : share,
        noun: nouns[heading] ?? ['change', 'changes'],
      }),
    )
  }
  add('Dependencies', describeDependencies(prompt.dependencies))
  add('Under the hood', describeOthers(prompt))
  return { sections }
}

/** An area that most changes have says nothing. */
function withoutCommonArea(changes: readonly PromptChange[]): readonly PromptChange[] {
  const counts = Map.groupBy(changes, (change) => change.area)
  const common = [...counts].find(([area, list]) => area !== '' && list.length > changes.length * 0.5)?.[0]
  return common === undefined
    ? changes
    : changes.map((change) => (change.area === common ? { ...change, area: '' } : change))
}

/** Words that rules understand in a person's reasons; the rest is left to a model that reads. */
function readWishes(prompt: DraftPrompt): Wishes {
  const said = prompt.heard.person.join(' ').toLowerCase()
  const isTooLong = prompt.heard.facts.some((finding) => finding.rule === 'length')
  const asksShorter = /\b(short(er)?|too long|fewer|less|concise|brief)\b/.test(said)
  const asksLonger = /\b(longer|more detail|too short|in full|expand)\b/.test(said)
  const room = asksShorter || isTooLong ? usualRoom / 2 : asksLonger ? usualRoom * 1.4 : usualRoom
  const asksNoHighlights = /\b(no|without|drop|remove|omit)\b[^.]*\bhighlights?\b/.test(said)
  const quoted = [...said.matchAll(/["“'`]([^"”'`]{2,60})["”'`]|(#\d+)|\b([0-9a-f]{7,40})\b/g)].map(
    (match) => match[1] ?? match[2] ?? match[3] ?? '',
  )
  return { room: Math.round(room), hasHighlights: !asksNoHighlights, mention: quoted.filter((text) => text !== '') }
}

const othersNames: { readonly [kind in Kind]?: string } = {
  docs: 'Documentation and examples',
  tests: 'Tests',
  build: 'Build',
  internal: 'Internal',
  dependencies: 'Development dependencies',
}

/** One line a kind: how many, and the last one. */
function describeOthers(prompt: DraftPrompt): Statement[] {
  return (Object.entries(othersNames) as [Kind, string][]).flatMap(([kind, area]) => {
    const others = prompt.others.find((entry) => entry.kind === kind)
    if (others === undefined) return []
    const { count, latest } = others
    return [
      {
        area,
        text: count === 1 ? latest.title : `${count} changes, the last one: ${latest.title}`,
        commits: [latest.id],
      },
    ]
  })
}
