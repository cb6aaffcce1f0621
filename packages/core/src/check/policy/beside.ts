import type { PolicyRecord } from '../../graph/graph.ts'
import { isCrossing } from '../../graph/policy-crossing.ts'
import { besideBranch, type Branch, type ForkRegion } from '../../graph/regions.ts'
import type { Subject } from '../moves.ts'
import { runnersOf } from './runners.ts'

/** What branches of forks may do to a crossing that another branch relies on. */
export interface Beside {
  /** Nodes beside which a branch runs that may undo a crossing: nothing they cross counts, at any moment. */
  readonly isUndone: (node: string) => boolean
  /** State keys that branches beside a node write. */
  readonly writesBeside: (node: string) => ReadonlySet<string>
  /** Whether a node may undo a crossing: it runs the tool, or writes what was shown. */
  readonly undoes: (node: string) => boolean
  /**
   * Where branches wait for one another: a branch that may undo a crossing between the branch where it was (null: before the fork) and another one that
   * begins; undefined: none may.
   */
  readonly undoerBetween: (region: ForkRegion, crossed: string | null, next: Branch) => string | undefined
  /** State keys that branches of a fork other than this one write. */
  readonly writesByOthers: (region: ForkRegion, branch: string) => ReadonlySet<string>
  /** Whether any branch of a fork may undo a crossing. */
  readonly mayUndo: (region: ForkRegion) => boolean
  /** State keys that the branches of a fork write. */
  readonly writesOf: (region: ForkRegion) => ReadonlySet<string>
}

/** Works out what a policy needs to know of branches that run beside each other. Cost: O(forks × branches × nodes), once. */
export function besideOf({ graph, regions }: Subject, policy: PolicyRecord): Beside {
  const crossed = Object.values(graph.nodes).filter((node) =>
    node.outcomes.some((outcome) => isCrossing(policy, node, outcome)),
  )
  const shown = new Set(crossed.flatMap((node) => node.reads))
  const runners = new Set(runnersOf(graph, policy.never).map(({ node }) => node.id))
  const undoes = (node: string): boolean =>
    runners.has(node) || graph.nodes[node]?.writes.some((key) => shown.has(key)) === true
  const undone = new Set<string>()
  const written = new Map<string, Set<string>>()
  for (const region of regions.forks.values()) {
    for (const branch of region.branches) {
      const others = besideBranch(region, branch).flatMap((other) => [...other.nodes])
      const isUndone = others.some((node) => undoes(node))
      const keys = others.flatMap((node) => graph.nodes[node]?.writes ?? [])
      for (const node of branch.nodes) {
        if (isUndone) undone.add(node)
        const known = written.get(node) ?? new Set<string>()
        written.set(node, known)
        for (const key of keys) known.add(key)
      }
    }
  }
  return {
    isUndone: (node) => undone.has(node),
    writesBeside: (node) => written.get(node) ?? nothing,
    undoes,
    undoerBetween: (region, crossed, next) => {
      const at = region.branches.find(({ nodes }) => crossed !== null && nodes.has(crossed))
      const isBetween = ({ entry, behind }: Branch): boolean =>
        entry !== next.entry && !behind.has(next.entry) && entry !== at?.entry && at?.behind.has(entry) !== true
      return region.branches
        .filter((branch) => isBetween(branch))
        .flatMap((branch) => [...branch.nodes])
        .find((node) => undoes(node))
    },
    writesByOthers: (region, branch) =>
      new Set(
        region.branches
          .filter(({ entry }) => entry !== branch)
          .flatMap(({ nodes }) => [...nodes].flatMap((node) => graph.nodes[node]?.writes ?? [])),
      ),
    mayUndo: (region) => [...region.nodes].some((node) => undoes(node)),
    writesOf: (region) => new Set([...region.nodes].flatMap((node) => graph.nodes[node]?.writes ?? [])),
  }
}

const nothing: ReadonlySet<string> = new Set()
