import type { Home } from '../graph/regions.ts'
import { clearBranch } from './fork-ledger.ts'
import { stateId, type Parts, type TransitionConfig } from './machine-parts.ts'
import { eventNames } from './names.ts'
import { closeAll } from './steps.ts'

/**
 * The transitions by which an operator's redirect enters nodes: from anywhere in the run, or, into a node of a branch, from anywhere in
 * that branch, beside which the others go on.
 *
 * @param home - the branch; undefined: nodes outside of forks
 */
export function redirectsInto(
  parts: Parts,
  home: Home | undefined,
): { readonly [event: string]: readonly TransitionConfig[] } {
  const { graph, index, changes } = parts
  const { forks } = index
  const found: { [event: string]: readonly TransitionConfig[] } = {}
  for (const { id, isRedirectable } of Object.values(graph.nodes)) {
    const own = forks?.homes.get(id)?.at(-1)
    if (isRedirectable !== true || own?.join !== home?.join || own?.branch !== home?.branch) continue
    const action = `redirect:${id}`
    changes.set(action, ({ context }) =>
      forks === null || own === undefined ? closeAll(context) : clearBranch(forks, context, own),
    )
    // Without `reenter` the state that holds it stays: of a fork only this branch is left.
    found[eventNames.redirect(id)] = [{ target: stateId(id), actions: [action] }]
  }
  return found
}
