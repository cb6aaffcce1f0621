import type { EffectClass } from './effect-class.ts'
import type { MemoryUse } from './effect-memory.ts'
import type { Later } from './node.ts'
import type { EffectOptions } from './node-options.ts'
import type { EffectContext } from './tool.ts'

/** What a task gives back: a patch or nothing; with outcomes of its own, which one, and a patch if it writes. */
export type TaskResult<Outcome extends string, Patch> = [Outcome] extends ['done']
  ? // oxlint-disable-next-line typescript/no-invalid-void-type -- a task that writes nothing returns nothing
    Patch | void
  : { readonly outcome: Outcome; readonly patch?: Patch }

/** A task inside a workflow. */
export interface TaskConfig<
  Outcome extends string,
  Reads extends string,
  Writes extends string,
  Heard extends string,
> extends EffectOptions<Reads, Heard> {
  /** State keys its patch may write; default none. */
  readonly writes?: readonly Writes[]
  /** What may happen when its end is not known; default `unsafe`: never repeated. See {@link effectClasses}. */
  readonly effect?: EffectClass
  /** What `context.memory` may reach; not for `pure` tasks. */
  readonly memory?: MemoryUse
  /** The task's own outcomes instead of `done`; each must be routed. */
  readonly outcomes?: readonly Outcome[]
}

/** The work of a task, at once or later. */
export interface TaskRun<Result, View> {
  readonly run: (given: View, context: EffectContext) => Later<Result>
}

/** Keys of the patch in what a task gives back. */
export type KeysOf<Result> = Result extends { readonly outcome: string; readonly patch?: infer Patch }
  ? keyof Patch
  : Result extends object
    ? keyof Result
    : never
