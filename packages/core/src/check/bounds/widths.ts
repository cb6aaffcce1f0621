import type { ForkRegion, Regions } from '../../graph/regions.ts'

/** How much may be under way at once. 1 without forks. */
export interface Widths {
  /** Branches of the widest fork. */
  readonly fork: number
  /** Nodes of a run that may be active at once, forks inside branches included. */
  readonly run: number
}

/** Counts what may be under way at once. Cost: O(forks × branches). */
export function parallelWidths({ forks, homes }: Regions): Widths {
  const inside = (join: string | undefined, branch: string | undefined): readonly ForkRegion[] =>
    [...forks.values()].filter((region) => {
      const home = homes.get(region.join.id)?.at(-1)
      return home?.join === join && home?.branch === branch
    })
  const widest = (regions: readonly ForkRegion[]): number =>
    regions.reduce((most, region) => Math.max(most, widthOf(region)), 1)
  const widthOf = (region: ForkRegion): number =>
    mostAtOnce(
      region,
      region.branches.map(({ entry }) => widest(inside(region.join.id, entry))),
    )
  return {
    fork: [...forks.values()].reduce((most, { branches }) => Math.max(most, branches.length), 1),
    run: widest(inside(undefined, undefined)),
  }
}

/**
 * How much of a fork may be under way at once: where branches wait for one another, no two of which one is behind the other.
 *
 * Source: Dilworth: as many chains as cover all branches, found as a matching; branches of more than width 1 are added to that.
 */
function mostAtOnce({ branches, isMeshed }: ForkRegion, widths: readonly number[]): number {
  const sum = widths.reduce((total, width) => total + width, 0)
  if (!isMeshed) return sum
  const partner = new Map<number, number>()
  const numbers = new Map(branches.map(({ entry }, number) => [entry, number]))
  const pair = (earlier: number, tried: Set<number>): boolean =>
    branches.some((later, number) => {
      if (tried.has(number) || !later.behind.has(branches[earlier]?.entry ?? '')) return false
      tried.add(number)
      const other = partner.get(number)
      if (other !== undefined && !pair(other, tried)) return false
      partner.set(number, earlier)
      return true
    })
  const paired = branches.filter(({ entry }) => pair(numbers.get(entry) ?? 0, new Set())).length
  return branches.length - paired + (sum - branches.length)
}
