import { cancelledBy, wayOf, type Regions } from '../../graph/regions.ts'
import type { EdgeRecord } from '../../graph/graph.ts'
import { errorAt, listNames, type Rule } from '../rule.ts'

/** An edge cancels branches beside its own, and ends its own. */
export const cancelsBranches: Rule = ({ graph, regions }) =>
  graph.edges
    .filter((edge) => edge.cancels !== undefined && !isRight(regions, edge))
    .map((edge) =>
      errorAt('WAYSTONE_DEFINITION_CANCELS_NO_BRANCH', {
        place: edge.place,
        message: `edge ${edge.id} cancels ${listNames(edge.cancels ?? [])}, which are not all in branches beside that of "${edge.from}", up to the same join; or it does not lead out of its branch, or leads into what it cancels`,
        hint: 'Cancel nodes of branches beside it, with an edge that ends its own branch. To end all of them, write cancelsFork: true.',
      }),
    )

function isRight(regions: Regions, edge: EdgeRecord): boolean {
  const cancelled = cancelledBy(regions, edge)
  const way = wayOf(regions, edge, edge.to)
  if (cancelled === null || (way.type !== 'step' && way.type !== 'arrival') || way.join !== cancelled.join) return false
  return way.type === 'arrival' || !way.to.some((name) => cancelled.branches.includes(name))
}
