/**
 * Chooses where to kill: the points named, every gap between a commit and what is performed after it, then the rest, spread evenly.
 *
 * @param points - those that an undisturbed run reaches, in order
 * @param options - `count`: kills in all; `first`: points to be killed at whatever the count
 * @returns indexes into `points`, `count` of them; some twice when there are fewer points
 */
export function planKills(
  points: readonly string[],
  { count, first }: { readonly count: number; readonly first: readonly string[] },
): readonly number[] {
  const all = points.map((_, index) => index)
  const named = all.filter((index) => first.includes(points[index] ?? ''))
  const gaps = [...named, ...all.filter((index) => points[index]?.startsWith('after commit') === true)]
  const others = all.filter((index) => !gaps.includes(index))
  const chosen = count >= gaps.length ? gaps : [...named, ...spread(gaps.slice(named.length), count - named.length)]
  const rest = count - chosen.length
  const more = rest <= others.length ? spread(others, rest) : [...others]
  // Points that come round again meet the program at another moment of its own.
  while (chosen.length + more.length < count) more.push(...spread(all, count - chosen.length - more.length))
  return [...chosen, ...more]
}

function spread(indexes: readonly number[], count: number): number[] {
  return Array.from(
    { length: Math.min(count, indexes.length) },
    (_, place) => indexes[Math.floor((place * indexes.length) / count)] ?? 0,
  )
}

/** Names of points beyond which those that nothing was killed at are left out. */
const mostNames = 100

/** Kills by gap, as text, in the order of an undisturbed run. */
export function histogram(points: readonly string[], killedAt: readonly string[]): string {
  const all = [...new Set(points)]
  const names = all.length <= mostNames ? all : all.filter((name) => killedAt.includes(name))
  const width = Math.max(0, ...names.map((name) => name.length))
  return names
    .map((name) => {
      const count = killedAt.filter((one) => one === name).length
      return `${name.padEnd(width)} ${String(count).padStart(3)} ${'█'.repeat(count)}`
    })
    .join('\n')
}

/** Works through items, two at a time. */
export async function inPairs<Item>(items: readonly Item[], work: (item: Item) => Promise<void>): Promise<void> {
  const queue = [...items]
  const worker = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await work(item)
  }
  await Promise.all([worker(), worker()])
}
