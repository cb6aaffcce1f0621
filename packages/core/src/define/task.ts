import type { EffectClass } from './effect-class.ts'
import type { Given, Later } from './node.ts'
import type { EffectOptions } from './node-options.ts'
import type { EffectContext } from './tool.ts'

/** What every task has. */
export interface TaskBase<Reads extends string, Writes extends string, Heard extends string> extends EffectOptions<Reads, Heard> {
  /** State keys its patch may write; default none. */
  readonly writes?: readonly Writes[]
  /** What may happen when its end is not known; default `unsafe`: never repeated. See {@link effectClasses}. */
  readonly effect?: EffectClass
}

/** Plain code that ends `done`. */
export interface TaskRun<Patch, View> {
  readonly outcomes?: never
  /** Does the work, at once or later. @returns a patch, or nothing */
  // oxlint-disable-next-line typescript/no-invalid-void-type -- a task that writes nothing returns nothing
  readonly run: (given: View, context: EffectContext) => Later<Patch | void>
}

/** Plain code with outcomes of its own. */
export interface TaskChoice<Outcome extends string, Patch, View> {
  /** The task's own outcomes instead of `done`; each must be routed. */
  readonly outcomes: readonly Outcome[]
  /** Does the work, at once or later. @returns which outcome, and a patch if it writes */
  readonly run: (given: View, context: EffectContext) => Later<{ readonly outcome: NoInfer<Outcome>; readonly patch?: Patch }>
}

/** What a task's function is given. */
export type TaskView<Reads extends keyof Values & string, Heard extends string, Values> = Given<Reads, Heard, Values>
