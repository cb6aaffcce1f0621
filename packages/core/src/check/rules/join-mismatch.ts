import type { JoinRecord } from '../../graph/graph.ts'
import type { ForkRegion } from '../../graph/regions.ts'
import { reaching, type Move, type Subject } from '../moves.ts'
import { errorAt, listNames, type Rule, type Statement } from '../rule.ts'
import type { Finding } from '../report.ts'

/** F5: a join is where the branches of its own forks end, all of them alike, and enough of them can. */
export const joinMismatch: Rule = (subject) =>
  Object.values(subject.graph.nodes).flatMap((join): readonly Finding[] => {
    if (join.kind !== 'join') return []
    const region = subject.regions.forks.get(join.id)
    return region === undefined
      ? [neverForked(join)]
      : [...strangers(subject, region), ...unequal(region), ...unable(subject, region)]
  })

function mismatch(statement: Statement): Finding {
  return errorAt('WAYSTONE_DEFINITION_JOIN_MISMATCH', statement)
}

function neverForked({ id, place }: JoinRecord): Finding {
  return mismatch({
    place,
    message: `no edge forks into branches that join at "${id}"`,
    hint: `Fork with { fork: [n.one, n.other], join: n.${id} }, or take the join out.`,
  })
}

/** Whoever leads to the join without being in a branch would be counted as nobody: its parent may have been skipped. */
function strangers({ moves }: Subject, { join, nodes, edges }: ForkRegion): readonly Finding[] {
  const place = (move: Move): Finding =>
    mismatch({
      place: move.edge.place,
      message: `edge ${move.id} leads to join "${join.id}" from "${move.from}", which is in none of its branches`,
      hint: `Branches of ${listNames(edges.map((edge) => edge.id))} join here; lead elsewhere.`,
    })
  return moves.filter((move) => move.to === join.id && !nodes.has(move.from)).map(place)
}

function unequal({ join, edges }: ForkRegion): readonly Finding[] {
  const [first, ...others] = edges
  const list = first?.fork?.branches.join() ?? ''
  return others
    .filter((edge) => edge.fork?.branches.join() !== list)
    .map((edge) =>
      mismatch({
        place: edge.place,
        message: `edge ${edge.id} forks into ${listNames(edge.fork?.branches ?? [])} and joins at "${join.id}", where ${first?.id ?? ''} forks into ${listNames(first?.fork?.branches ?? [])}`,
        hint: 'Give each set of branches a join of its own, or name the same ones in the same order.',
      }),
    )
}

function unable(subject: Subject, { join, branches }: ForkRegion): readonly Finding[] {
  const { id, atLeast, place } = join
  if (atLeast !== null && atLeast > branches.length) {
    return [
      errorAt('WAYSTONE_DEFINITION_JOIN_UNSATISFIABLE', {
        place,
        message: `join "${id}" waits for ${atLeast} branches, and there are ${branches.length}`,
        hint: `Wait for 1 to ${branches.length}, or for all.`,
      }),
    ]
  }
  const arriving = reaching(subject, [id], (move) => !move.edge.isImplicit)
  return branches
    .filter(({ entry }) => !arriving.has(entry))
    .map(({ entry }) =>
      errorAt('WAYSTONE_DEFINITION_JOIN_UNSATISFIABLE', {
        place,
        message: `the branch of "${entry}" never reaches join "${id}"`,
        hint: `Lead it to "${id}", or take it out of the fork.`,
      }),
    )
}
