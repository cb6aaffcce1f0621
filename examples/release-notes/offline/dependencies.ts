import type { Statement } from '../notes/draft.ts'
import type { DraftPrompt } from '../prompts.ts'

/** Most packages named. */
const maxNamed = 12

/** One statement on what the project now depends on: each package once, at its newest version. */
export function describeDependencies(updates: DraftPrompt['dependencies']): Statement[] {
  const named = new Map<string, { readonly version: string; readonly ids: string[] }>()
  const unnamed: string[] = []
  for (const { id, title } of updates) {
    const found = readUpdate(title)
    if (found === undefined) {
      unnamed.push(id)
      continue
    }
    const before = named.get(found.name)
    if (before === undefined) named.set(found.name, { version: found.version, ids: [id] })
    else before.ids.push(id)
  }
  if (updates.length === 0) return []
  const shown = [...named].slice(0, maxNamed)
  const list = shown.map(([name, { version }]) => `\`${name}\`${version === '' ? '' : ` to ${version}`}`)
  const rest = named.size - shown.length + unnamed.length
  const more =
    rest === 0
      ? ''
      : list.length === 0
        ? `${rest} ${rest === 1 ? 'dependency' : 'dependencies'}, the last one: ${updates[0]?.title ?? ''}`
        : `, and ${rest} more`
  const commits = [...[...named.values()].flatMap(({ ids }) => ids), ...unnamed]
  return [{ area: '', text: `Update ${list.join(', ')}${more}`, commits }]
}

function readUpdate(title: string): { readonly name: string; readonly version: string } | undefined {
  const name = '(?:@[\\w.-]+/)?[\\w.-]*[A-Za-z][\\w.-]*'
  const version = '[\\^~]?v?\\d[\\w.+-]*'
  const patterns = [
    new RegExp(
      `^(?:bump|update|upgrade) (?:the )?\`?(${name})\`?(?: dep(?:endency)?)? (?:from \\S+ )?to (${version})`,
      'i',
    ),
    new RegExp(`(?:^|\\s)\`?(${name})@(${version})\`?`, 'i'),
  ]
  for (const pattern of patterns) {
    const match = pattern.exec(title)
    if (match !== null) return { name: match[1] ?? '', version: (match[2] ?? '').replace(/[.,]$/, '') }
  }
  return undefined
}
