import type { Json } from '@waystone/core'
import { canonicalText, isList, isObject, objectOf, textOf } from './json-access.ts'

/** One place where two requests differ. */
export interface RequestDifference {
  /** `input[2] (user).content, line 3`; `tools[1] (look_up).parameters.required[0]`. */
  readonly place: string
  /** Undefined: it is not there. */
  readonly recorded: string | undefined
  readonly asked: string | undefined
}

/** Every place where two request bodies differ. Order: as in the bodies, sorted by key. */
export function diffRequests(recorded: Json | undefined, asked: Json | undefined, place = ''): RequestDifference[] {
  if (isList(recorded) && isList(asked)) return diffLists(recorded, asked, place)
  if (isObject(recorded) && isObject(asked)) {
    const keys = [...new Set([...Object.keys(recorded), ...Object.keys(asked)])].toSorted()
    return keys.flatMap((key) => diffRequests(recorded[key], asked[key], place === '' ? key : `${place}.${key}`))
  }
  if (typeof recorded === 'string' && typeof asked === 'string') return diffTexts(recorded, asked, place)
  if (textFor(recorded) === textFor(asked)) return []
  return [{ place, recorded: textFor(recorded), asked: textFor(asked) }]
}

/** Entries that are equal from the front and from the back stand opposite each other; those between are compared in order. */
function diffLists(recorded: readonly Json[], asked: readonly Json[], place: string): RequestDifference[] {
  const isSame = (a: Json | undefined, b: Json | undefined): boolean => textFor(a) === textFor(b)
  const shorter = Math.min(recorded.length, asked.length)
  let front = 0
  while (front < shorter && isSame(recorded[front], asked[front])) front += 1
  let back = 0
  while (back < shorter - front && isSame(recorded.at(-1 - back), asked.at(-1 - back))) back += 1
  const left = recorded.slice(front, recorded.length - back)
  const right = asked.slice(front, asked.length - back)
  return Array.from({ length: Math.max(left.length, right.length) }, (_, index) => {
    const entry = right[index] ?? left[index]
    return diffRequests(left[index], right[index], `${place}[${front + index}]${nameOf(entry)}`)
  }).flat()
}

/** What a message, tool or schema is called, in brackets. */
function nameOf(entry: Json | undefined): string {
  const { name, role, type, function: inner } = objectOf(entry)
  const found = textOf(name) ?? textOf(objectOf(inner)['name']) ?? textOf(role) ?? textOf(type)
  return found === undefined ? '' : ` (${found})`
}

function diffTexts(recorded: string, asked: string, place: string): RequestDifference[] {
  if (recorded === asked) return []
  const [left, right] = [recorded.split('\n'), asked.split('\n')]
  const shorter = Math.min(left.length, right.length)
  let front = 0
  while (front < shorter && left[front] === right[front]) front += 1
  let back = 0
  while (back < shorter - front && left.at(-1 - back) === right.at(-1 - back)) back += 1
  const isOneLine = left.length === 1 && right.length === 1
  const [before, after] = [left.slice(front, left.length - back), right.slice(front, right.length - back)]
  return Array.from({ length: Math.max(before.length, after.length) }, (_, index) => ({
    place: isOneLine ? place : `${place}, line ${front + index + 1}`,
    ...aroundDifference(before[index], after[index]),
  }))
}

const shownBefore = 40
const shownAfter = 80

/** Long lines are cut to what is around the first character that differs. */
function aroundDifference(
  recorded: string | undefined,
  asked: string | undefined,
): Pick<RequestDifference, 'recorded' | 'asked'> {
  const [left, right] = [recorded ?? '', asked ?? '']
  let at = 0
  while (at < left.length && left[at] === right[at]) at += 1
  const cut = (text: string | undefined): string | undefined => {
    if (text === undefined) return undefined
    const from = Math.max(0, at - shownBefore)
    const to = at + shownAfter
    return JSON.stringify(`${from > 0 ? '…' : ''}${text.slice(from, to)}${to < text.length ? '…' : ''}`)
  }
  return { recorded: cut(recorded), asked: cut(asked) }
}

const longestShown = 300

function textFor(value: Json | undefined): string | undefined {
  return value === undefined ? undefined : canonicalText(value)
}

/** Differences over several lines, for people. @param limit - how many are shown */
export function formatDifferences(differences: readonly RequestDifference[], limit = 12): string {
  const shown = differences
    .slice(0, limit)
    .map(({ place, recorded, asked }) =>
      [
        `  ${place === '' ? 'the body' : place}`,
        ...(recorded === undefined ? [] : [`    - ${shorten(recorded)}`]),
        ...(asked === undefined ? [] : [`    + ${shorten(asked)}`]),
      ].join('\n'),
    )
  const more = differences.length - shown.length
  return [...shown, ...(more > 0 ? [`  and ${more} more`] : [])].join('\n')
}

function shorten(text: string): string {
  return text.length > longestShown ? `${text.slice(0, longestShown)}…` : text
}
