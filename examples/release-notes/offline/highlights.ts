import type { PromptChange } from '../prompts.ts'
import { weigh } from './group.ts'

/** What to pick by. */
export interface HighlightWishes {
  /** Words, `#numbers` or ids a person asked for: these come first, of any kind. */
  readonly mention: readonly string[]
  /** Fewest changes in all for highlights of our own choice. */
  readonly least: number
}

/** Up to five changes to put first: those asked for, then the features that reach furthest, one an area. */
export function pickHighlights(changes: readonly PromptChange[], wishes: HighlightWishes): PromptChange[] {
  const asked = changes
    .filter((change) => change.kind !== 'breaking' && wishes.mention.some((text) => isMeant(change, text)))
    .slice(0, 5)
  if (changes.length < wishes.least) return asked
  const features = changes
    .filter((change) => change.kind === 'feature' && !asked.includes(change))
    .toSorted((left, right) => weigh(right) - weigh(left))
  if (features.length < 6) return asked
  const picked = [...asked]
  const areas = new Set(asked.map((change) => change.area))
  const most = Math.min(5, Math.ceil(features.length / 4) + 1 + asked.length)
  for (const change of features) {
    if (picked.length >= most) break
    if (change.area !== '' && areas.has(change.area)) continue
    areas.add(change.area)
    picked.push(change)
  }
  return picked
}

function isMeant(change: PromptChange, text: string): boolean {
  if (/^[0-9a-f]{7,40}$/.test(text)) return text.startsWith(change.id) || change.id.startsWith(text)
  if (text.startsWith('#')) return change.refs.includes(Number(text.slice(1)))
  return change.title.toLowerCase().includes(text) || change.area.toLowerCase() === text
}
