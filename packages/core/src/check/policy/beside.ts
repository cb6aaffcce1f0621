import type { PolicyRecord } from '../../graph/graph.ts'
import { isCrossing } from '../../graph/policy-crossing.ts'
import type { ForkRegion } from '../../graph/regions.ts'
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
  for (const { branches } of regions.forks.values()) {
    for (const branch of branches) {
      const others = branches.filter((other) => other !== branch).flatMap((other) => [...other.nodes])
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
    mayUndo: (region) => [...region.nodes].some((node) => undoes(node)),
    writesOf: (region) => new Set([...region.nodes].flatMap((node) => graph.nodes[node]?.writes ?? [])),
  }
}

const nothing: ReadonlySet<string> = new Set()
