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
  const widthOf = ({ join, branches }: ForkRegion): number =>
    branches.reduce((sum, { entry }) => sum + widest(inside(join.id, entry)), 0)
  return {
    fork: [...forks.values()].reduce((most, { branches }) => Math.max(most, branches.length), 1),
    run: widest(inside(undefined, undefined)),
  }
}
