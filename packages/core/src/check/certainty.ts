import { forkTarget } from '../graph/graph.ts'
import { wayOf, type Branch, type ForkRegion, type Way } from '../graph/regions.ts'
import type { Move, Subject } from './moves.ts'

/** Which branches of a fork are sure to run, where they begin one by one. */
export class Certainty {
  readonly #subject: Subject
  readonly #certain = new Map<Branch, boolean>()
  readonly #cancelled: ReadonlySet<string>

  constructor(subject: Subject) {
    this.#subject = subject
    this.#cancelled = new Set(subject.graph.edges.flatMap(({ cancels }) => cancels ?? []))
  }

  /**
   * Whether a branch has run to its end when another one that is behind it begins, or when a join that waits for all of them fires.
   *
   * It does when it is not cancelled, and the fork leads to it whatever guards say, or a branch that is certain leads to it whatever way it takes.
   */
  isCertain(region: ForkRegion, branch: Branch): boolean {
    const known = this.#certain.get(branch)
    if (known !== undefined) return known
    // Branches lead to one another in one direction only; a graph that is refused may not.
    this.#certain.set(branch, false)
    const isCertain = this.#find(region, branch)
    this.#certain.set(branch, isCertain)
    return isCertain
  }

  #find(region: ForkRegion, branch: Branch): boolean {
    if ([...branch.nodes].some((node) => this.#cancelled.has(node))) return false
    const { entry, atLeast, after } = branch
    const isMeeting = atLeast !== null && atLeast > 1
    if (isMeeting) return false
    const begins = region.edges.every(
      ({ fork }) => fork?.branches.includes(entry) === true && fork.guarded?.[entry] === undefined,
    )
    if (begins) return true
    return region.branches.some(
      (other) => after.includes(other.entry) && this.isCertain(region, other) && this.#leadsOnly(region, other, entry),
    )
  }

  #leadsOnly(region: ForkRegion, { nodes }: Branch, entry: string): boolean {
    const groups = Map.groupBy(
      this.#subject.moves.filter((move) => nodes.has(move.from) && this.goesOn(region, move)),
      (move) => move.id,
    )
    return [...groups.values()].every((moves) =>
      moves.some((move) => {
        const way = this.#wayOf(move)
        // What stays in the branch is looked at where it leaves.
        if (way.type !== 'step' || way.join !== region.join.id)
          return way.type !== 'arrival' || way.join !== region.join.id
        return move.to === entry && move.edge.fork?.guarded?.[entry] === undefined
      }),
    )
  }

  /** False for moves with which the whole fork is over. */
  goesOn({ join }: ForkRegion, move: Move): boolean {
    const way = this.#wayOf(move)
    if (way.type === 'leaving') return !way.leaves.includes(join.id)
    if (way.type !== 'arrival' || way.join !== join.id) return true
    if (!way.isFailure) return join.atLeast !== 1
    return !(join.failed === 'raise' || (join.failed === 'drop' && join.atLeast === null))
  }

  /** True for moves that end a branch of this fork while the fork goes on, or its join fires `done`. */
  ends(region: ForkRegion, move: Move): boolean {
    const way = this.#wayOf(move)
    return (way.type === 'step' || way.type === 'arrival') && way.join === region.join.id && this.goesOn(region, move)
  }

  /** Whether branches of a fork may be ended by others. */
  mayCancel({ nodes }: ForkRegion): boolean {
    return [...nodes].some((node) => this.#cancelled.has(node))
  }

  #wayOf(move: Move): Way {
    return wayOf(this.#subject.regions, move.edge, move.isFork ? forkTarget : move.to)
  }
}
