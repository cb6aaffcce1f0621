import type { Duration } from './duration.ts'
import type { EffectClass } from './effect-class.ts'
import type { Later } from './node.ts'
import type { RetryOptions } from './retry.ts'
import type { EffectContext } from './effect-context.ts'

/** What happens when nobody knows whether an `unsafe` compensation happened. */
export const unknownCompensations = ['ask', 'report'] as const
/** What happens when nobody knows whether an `unsafe` compensation happened: a person is asked, or it is reported. */
export type UnknownCompensation = (typeof unknownCompensations)[number]

/** What a compensation is given of the step that it undoes. Frozen. */
export interface Undone<Input, Output> {
  /** What the work was called with. */
  readonly input: Input
  /** What it gave; undefined where that is not known. */
  readonly output: Output | undefined
  /** How the step ended; `unknown` also where it failed and may have happened all the same. */
  readonly outcome: string
  /** Its effect id: the idempotency key under which it was done. That of the compensation is this one and `/undo`. */
  readonly effectId: string
}

/** {@link Undone} of a node, which also knows the state. */
export interface UndoneNode<Input, Output, State> extends Undone<Input, Output> {
  /** The keys that the node reads, as they were when the step ended, before its own patch. */
  readonly state: State
}

/** What every compensation may say. */
export interface CompensationTerms {
  /** What may happen when its end is not known; default that of its tool, else `unsafe`: never repeated. */
  readonly effect?: EffectClass
  /** Default that of its tool, else that of its effect class: 3 attempts, 1 when it is `unsafe`. */
  readonly retry?: RetryOptions
  /** Longest time of one attempt; default that of its tool, else none. */
  readonly timeout?: Duration
  /**
   * Of an `unsafe` one whose outcome is unknown. `ask` (default): a person is asked what happened, and the rest waits. `report`: it counts
   * as failed, and the rest is undone.
   */
  readonly unknown?: UnknownCompensation
}

/** A tool undoes it. */
export interface CompensationTool<Given, Input> extends CompensationTerms {
  /** A tool, as `defineTool` makes it. */
  readonly tool: { readonly name: string; readonly '~input': Input }
  /** What the tool is called with; undefined: there is nothing to undo. */
  readonly input: (given: Given) => NoInfer<Input> | undefined
  readonly run?: never
}

/** A function undoes it. */
export interface CompensationRun<Given> extends CompensationTerms {
  /** Undoes it. What it gives back is not kept. */
  readonly run: (given: Given, context: EffectContext) => Later<unknown>
  readonly tool?: never
  readonly input?: never
}

/** How to undo what a step did, when its run is cancelled, fails or is exhausted later. */
export type Compensation<Given, Input> = CompensationTool<Given, Input> | CompensationRun<Given>
