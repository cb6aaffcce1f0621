import type { Statement } from '../notes/draft.ts'
import type { PromptChange } from '../prompts.ts'
import { toStatement } from './statement.ts'

/** How far to group. */
export interface Grouping {
  /** Statements wanted at most. */
  readonly room: number
  /** What one change is called, and several. */
  readonly noun: readonly [string, string]
}

interface Area {
  readonly name: string
  /** Order: weightiest first. */
  readonly items: readonly Item[]
}

/** A change, or several of one title. */
interface Item {
  readonly statement: Statement
  readonly weight: number
}

/**
 * Makes statements of changes: one each while there is room. Beyond it every area of some size gets lines in proportion, its weightiest changes
 * first and the rest of them in its last line; small areas share one.
 *
 * Order: areas by number of changes, the shared one last; within an area by weight.
 */
export function groupStatements(changes: readonly PromptChange[], grouping: Grouping): Statement[] {
  const items = mergeTitles(changes)
  const areas = byArea(items)
  if (items.length <= grouping.room) return areas.flatMap((area) => area.items.map((item) => item.statement))
  const named = areas.filter((area) => area.name !== '' && area.items.length > 1).slice(0, Math.ceil(grouping.room / 3))
  const rest = areas.filter((area) => !named.includes(area)).flatMap((area) => area.items)
  const groups = rest.length === 0 ? named : [...named, { name: '', items: rest.toSorted(byWeight) }]
  const lines = shareLines(groups, grouping.room)
  return groups.flatMap((area, index) => writeArea(area, lines[index] ?? 1, grouping.noun))
}

/** Lines for each group: one at least, the others one by one to whoever has most changes a line. */
function shareLines(groups: readonly Area[], room: number): number[] {
  const lines = groups.map(() => 1)
  for (let left = room - groups.length; left > 0; left--) {
    let neediest = 0
    for (const [index, { items }] of groups.entries()) {
      const need = (items.length - (lines[index] ?? 1)) / (lines[index] ?? 1)
      const most = ((groups[neediest]?.items.length ?? 0) - (lines[neediest] ?? 1)) / (lines[neediest] ?? 1)
      if (need > most) neediest = index
    }
    lines[neediest] = (lines[neediest] ?? 1) + 1
  }
  return lines
}

function byWeight(left: Item, right: Item): number {
  return right.weight - left.weight
}

/** Changes of one area and title (cherry-picks, second tries) become one item that cites them all. */
function mergeTitles(changes: readonly PromptChange[]): Item[] {
  const items = new Map<string, Item>()
  for (const change of changes) {
    const key = `${change.area.toLowerCase()}\n${change.title
      .toLowerCase()
      .replace(/[^\p{L}\p{N}]+/gu, ' ')
      .trim()}`
    const before = items.get(key)
    if (before === undefined) items.set(key, { statement: toStatement(change), weight: weigh(change) })
    else
      items.set(key, {
        ...before,
        statement: { ...before.statement, commits: [...before.statement.commits, change.id] },
      })
  }
  return [...items.values()]
}

/** Rough reach of a change: how many files, less for those that only straighten something. */
export function weigh(change: PromptChange): number {
  const isMinor =
    /\b(typos?|lint|types?|comments?|warnings?|messages?|logs?|logging|rename|refactor|clean ?up|unused|wording|extract|tests?|helpers?|scaffold\w*|skeleton|slice|wire|plumb\w*|internal)\b/i.test(
      change.title,
    )
  return Math.log2(change.files + 1) * (isMinor ? 0.5 : 1)
}

function byArea(items: readonly Item[]): Area[] {
  const groups = Map.groupBy(items, (item) => item.statement.area.toLowerCase())
  const areas = [...groups].map(([name, list]): Area => ({
    name: name === '' ? '' : (list[0]?.statement.area ?? name),
    items: list.toSorted(byWeight),
  }))
  return areas.toSorted(
    (left, right) =>
      Number(left.name === '') - Number(right.name === '') ||
      right.items.length - left.items.length ||
      (left.name < right.name ? -1 : 1),
  )
}

/** The weightiest changes a line each, and all others in the last line. */
function writeArea(area: Area, lines: number, [one, several]: readonly [string, string]): Statement[] {
  const isWhole = area.items.length <= lines + 1
  const shown = isWhole ? area.items : area.items.slice(0, lines - 1)
  const rest = area.items.slice(shown.length)
  const statements = shown.map((item) => item.statement)
  if (rest.length === 0) return statements
  const samples = rest.slice(0, 3).map((item) => shorten(item.statement.text))
  const count = `${rest.length}${shown.length === 0 ? '' : ' more'} ${rest.length === 1 ? one : several}`
  const text =
    rest.length === samples.length ? `${count}: ${samples.join('; ')}` : `${count}, among them: ${samples.join('; ')}`
  return [
    ...statements,
    { area: area.name === '' ? 'Elsewhere' : area.name, text, commits: rest.flatMap((item) => item.statement.commits) },
  ]
}

function shorten(text: string): string {
  const first = text.split('. ')[0] ?? text
  if (first.length <= 90) return first
  const cut = first.slice(0, 89)
  const blank = cut.lastIndexOf(' ')
  const whole = blank > 50 ? cut.slice(0, blank) : cut
  const isCodeOpen = (whole.split('`').length - 1) % 2 === 1
  return `${isCodeOpen ? whole.slice(0, whole.lastIndexOf('`')).trimEnd() : whole}…`
}
