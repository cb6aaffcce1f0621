import { handoffOf } from '../../graph/handoff.ts'
import { decompose, type UnlimitedComponent } from '../bounds/levels.ts'
import { workNetwork } from '../bounds/network.ts'
import { walkFrom, type Move, type Subject } from '../moves.ts'
import { errorAt, type Rule } from '../rule.ts'
import type { Finding } from '../report.ts'

/** Every cycle has an edge with a limit whose reset node is not in the cycle. */
export const unlimitedCycle: Rule = (subject) => {
  const network = workNetwork(subject)
  const first = (component: UnlimitedComponent): number => Math.min(...component.nodes)
  const unlimited = decompose(network).unlimited.toSorted((left, right) => first(left) - first(right))
  return unlimited.map((component) =>
    describe(subject, { ...component, ids: component.nodes.map((node) => network.ids[node] ?? '') }),
  )
}

function describe(subject: Subject, component: UnlimitedComponent & { readonly ids: readonly string[] }): Finding {
  const inside = new Set(component.ids)
  const moves = subject.moves.filter((move) => inside.has(move.from) && inside.has(move.to))
  const isUnlimited = (move: Move): boolean => inside.has(move.to) && !isCounted(move)
  const cycle =
    shortestCycle(subject, component.ids, isUnlimited) ??
    shortestCycle(subject, component.ids, (move) => inside.has(move.to)) ??
    []
  const nodes = [...cycle.map((move) => move.from), cycle[0]?.from ?? component.ids[0] ?? '']
  const reset = moves.filter((move) => isCounted(move) && move.edge.limit !== null && move.edge.limit.per !== null)
  const because = reset
    .map((move) => `the limit of ${move.id} starts again at "${move.edge.limit?.per ?? ''}", which is in it`)
    .join('; ')
  return errorAt('WAYSTONE_DEFINITION_UNLIMITED_CYCLE', {
    place: cycle.at(-1)?.edge.place ?? subject.graph.place,
    message: `the cycle ${nodes.join(' → ')} has no limit that holds inside it${because === '' ? '' : `: ${because}`}`,
    hint: hintFor(subject, cycle, because !== ''),
  })
}

function hintFor({ graph }: Subject, cycle: readonly Move[], isReset: boolean): string {
  const last = cycle.at(-1)
  const apart = isReset ? ', without per or with a per outside the cycle' : ''
  if (cycle.some(({ from, edge }) => handoffOf(graph.nodes[from], edge.outcome) !== undefined))
    return `Give limits.handoffs a max, e.g. { max: 4, escalateTo: END }, or ${last?.id ?? 'one of its edges'} a limit${apart}.`
  return `Give ${last?.id ?? 'one of its edges'} a limit and an otherwise, e.g. { to: …, limit: 3, otherwise: END }${apart}.`
}

function isCounted(move: Move): boolean {
  return move.edge.limit !== null && !move.isOtherwise
}

/** Closes at the node that comes first, so that the last move is the way back. */
function shortestCycle(
  subject: Subject,
  ids: readonly string[],
  mayTake: (move: Move) => boolean,
): readonly Move[] | null {
  let best: readonly Move[] | null = null
  const order = Object.keys(subject.graph.nodes)
  const inside = new Set(ids)
  for (const node of order.filter((id) => inside.has(id)).slice(0, 50)) {
    const walk = walkFrom(subject, [node], mayTake)
    for (const move of subject.moves) {
      if (move.to !== node || !walk.reached.has(move.from) || !mayTake(move)) continue
      const cycle = [...walk.pathTo(move.from), move]
      if (best === null || cycle.length < best.length) best = cycle
    }
  }
  return best
}
