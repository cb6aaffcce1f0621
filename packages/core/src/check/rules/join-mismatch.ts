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
      ? lonely(subject, join)
      : [...strangers(subject, region), ...unequal(region), ...unable(subject, region)]
  })

function mismatch(statement: Statement): Finding {
  return errorAt('WAYSTONE_DEFINITION_JOIN_MISMATCH', statement)
}

/** A join that no edge forks into is a place where branches of another fork meet. */
function lonely({ regions }: Subject, join: JoinRecord): readonly Finding[] {
  const home = regions.homes.get(join.id)?.at(-1)
  const around = regions.forks.get(home?.join ?? '')
  if (around?.isMeshed !== true) return around?.fault === undefined ? [neverForked(join)] : []
  const { id, place, deadlineMs, losers, atLeast, failed } = join
  const found: Finding[] = []
  if (deadlineMs !== null || losers !== 'abort') {
    found.push(
      mismatch({
        place,
        message: `join "${id}" is a place where branches meet on their way to "${around.join.id}": it has neither deadline nor losers, since they all go on`,
        hint: `Give them to "${around.join.id}", or fork into branches that join at "${id}".`,
      }),
    )
  }
  const leading = around.branches.find(({ entry }) => entry === id)?.after.length ?? 0
  if (atLeast !== null && atLeast > leading) found.push(tooMany(join, leading))
  else if (atLeast !== null && atLeast > 1 && failed !== 'drop') found.push(mayBeFewer(join))
  return found
}

function tooMany({ id, atLeast, place }: JoinRecord, branches: number): Finding {
  return errorAt('WAYSTONE_DEFINITION_JOIN_UNSATISFIABLE', {
    place,
    message: `join "${id}" waits for ${atLeast ?? branches} branches, and there are ${branches}`,
    hint: `Wait for 1 to ${branches}, or for all.`,
  })
}

function mayBeFewer({ id, atLeast, place }: JoinRecord): Finding {
  return errorAt('WAYSTONE_DEFINITION_JOIN_UNSATISFIABLE', {
    place,
    message: `join "${id}" waits for ${atLeast ?? 0} branches, and fewer may lead to it: guards or the way they take may leave some out`,
    hint: `Give it failed: 'drop' and route unsatisfied, or wait for 'all' (of those that come) or 'any'.`,
  })
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

function unable(subject: Subject, { join, branches, isMeshed, isGated }: ForkRegion): readonly Finding[] {
  const { id, atLeast, failed, place } = join
  const coming = isMeshed ? branches.filter(({ nodes }) => mayJoin(subject, nodes, id)).length : branches.length
  if (atLeast !== null && atLeast > coming) return [tooMany(join, coming)]
  if (isGated && atLeast !== null && atLeast > 1 && failed !== 'drop') return [mayBeFewer(join)]
  const arriving = reaching(subject, [id], (move) => !move.edge.isImplicit)
  const cancelled = new Set(isMeshed ? subject.graph.edges.flatMap(({ cancels }) => cancels ?? []) : [])
  return branches
    .filter(({ entry, nodes }) => !arriving.has(entry) && ![...nodes].some((node) => cancelled.has(node)))
    .map(({ entry }) =>
      errorAt('WAYSTONE_DEFINITION_JOIN_UNSATISFIABLE', {
        place,
        message: `the branch of "${entry}" never reaches join "${id}"`,
        hint: `Lead it to "${id}", or take it out of the fork.`,
      }),
    )
}

function mayJoin({ moves }: Subject, nodes: ReadonlySet<string>, join: string): boolean {
  return moves.some(({ from, to, edge }) => to === join && nodes.has(from) && !edge.isImplicit)
}
