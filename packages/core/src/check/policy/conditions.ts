import type { GuardExpression } from '../../graph/graph.ts'
import { listName, type Move, type Subject } from '../moves.ts'
import { atomsOf, canHold, impliedBy, takenWhen, type Knowledge } from '../propositions.ts'

/** What is known of some guards; the same knowledge is the same object. */
export interface Known {
  readonly key: string
  readonly truth: Knowledge
}

/** Tells what taking a move says about guards. Every answer is worked out once. */
export class Conditions {
  readonly #guards: readonly string[]
  readonly #moves = new Map<
    string,
    { readonly when: GuardExpression; readonly tells: boolean; readonly canHold: boolean }
  >()
  readonly #after = new Map<string, Known | null>()
  readonly #interned = new Map<string, Known>()

  /** @param guards - the guards to keep track of */
  constructor({ moves, lists }: Subject, guards: readonly string[]) {
    this.#guards = guards
    for (const move of moves) {
      const when = takenWhen(lists.get(listName(move.from, move.edge.outcome)) ?? [], move.edge)
      const atoms = atomsOf(when)
      this.#moves.set(move.id, { when, tells: guards.some((guard) => atoms.has(guard)), canHold: canHold(when) })
    }
  }

  /** Nothing is known. */
  readonly nothing: Known = { key: '', truth: new Map() }

  /** What somebody knows of guards. */
  of(truth: Knowledge): Known {
    return this.#known(truth)
  }

  /** What is known after a move; null: it cannot be taken, given what was known. */
  after(move: Move, known: Known): Known | null {
    const condition = this.#moves.get(move.id)
    if (condition === undefined || !condition.canHold) return null
    if (!condition.tells) return known
    const key = `${move.id} ${known.key}`
    let after = this.#after.get(key)
    if (after === undefined) {
      const truth = impliedBy(condition.when, this.#guards, known.truth)
      after = truth === null ? null : this.#known(truth)
      this.#after.set(key, after)
    }
    return after
  }

  /** What is left when some guards may have changed. */
  without(known: Known, isChanged: (guard: string) => boolean): Known {
    if (known.truth.size === 0) return known
    return this.#known(new Map([...known.truth].filter(([guard]) => !isChanged(guard))))
  }

  #known(truth: Knowledge): Known {
    const kept = this.#guards.filter((guard) => truth.has(guard))
    if (kept.length === 0) return this.nothing
    const entries = kept.map((guard): [string, boolean] => [guard, truth.get(guard) === true])
    const key = entries.map(([guard, holds]) => `${guard}=${holds}`).join()
    const known = this.#interned.get(key) ?? { key, truth: new Map(entries) }
    this.#interned.set(key, known)
    return known
  }
}
