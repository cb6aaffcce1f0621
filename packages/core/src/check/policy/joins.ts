import type { ForkRegion } from '../../graph/regions.ts'

/** What a branch has done to a crossing since its fork: crossed the outcome, undone it, or neither. */
export type Effect = 'crossed' | 'kept' | 'undone'

/** The ends of the branches of one fork, as they are found. */
export class BranchEnds<Position> {
  readonly #region: ForkRegion
  readonly #mayUndo: boolean
  readonly #ends = new Map<string, Map<Effect, Position>>()

  /** @param mayUndo - whether any branch may undo a crossing */
  constructor(region: ForkRegion, mayUndo: boolean) {
    this.#region = region
    this.#mayUndo = mayUndo
  }

  /** @returns false: nothing new */
  add(branch: string, effect: Effect, position: Position): boolean {
    const ends = this.#ends.get(branch) ?? new Map<Effect, Position>()
    this.#ends.set(branch, ends)
    if (ends.has(effect)) return false
    ends.set(effect, position)
    return true
  }

  /**
   * What the fork may have done when its join fires `done`, with a position that shows each.
   *
   * `crossed`: a branch that has certainly joined did. `kept`: the branches that joined may all be ones that did neither. `undone`: one that
   * joined did, or one that has not joined may have.
   */
  effects(): ReadonlyMap<Effect, Position> {
    const { join, branches, isGated } = this.#region
    // Where guards or the way taken may leave branches out, a single one may be all that comes.
    const needed = isGated ? 1 : (join.atLeast ?? branches.length)
    const found = new Map<Effect, Position>()
    const all = [...this.#ends.values()]
    const first = (effect: Effect): Position | undefined => all.find((ends) => ends.has(effect))?.get(effect)
    if (all.length < needed) return found
    const last = all.at(-1)?.values().next().value
    const [crossed, undone] = [first('crossed'), first('undone')]
    if (undone !== undefined) found.set('undone', undone)
    else if (this.#mayUndo && needed < branches.length && last !== undefined) found.set('undone', last)
    const neither = all.filter((ends) => [...ends.keys()].some((effect) => effect !== 'crossed'))
    const shown = neither.at(-1)?.get('kept') ?? neither.at(-1)?.get('undone')
    if (neither.length >= needed && shown !== undefined) found.set('kept', shown)
    if (crossed !== undefined) found.set('crossed', crossed)
    return found
  }
}
