import { z } from 'zod'
import type { MemoryUse } from './effect-memory.ts'
import type { FallbackOptions } from './fallback.ts'
import type { Given, Later } from './node.ts'
import type { EffectOptions } from './node-options.ts'
import type { EffectContext } from './tool.ts'
import type { VerdictInput } from './verdict.ts'

/** What every gate has. */
export interface GateBase<Outcome extends string, Reads extends string, Heard extends string> extends EffectOptions<
  Reads,
  Heard
> {
  /** The gate's own outcomes, at least one; each must be routed. */
  readonly outcomes: readonly Outcome[]
}

/** A gate decided by rules in code. Its function must not touch the world: it may run again after a crash. */
export interface CodeGate<
  Outcome extends string,
  Reads extends keyof Values & string,
  Heard extends string,
  Values,
> extends GateBase<Outcome, Reads, Heard> {
  /** @returns an outcome, or an outcome with reasons, score and positions */
  readonly decide: (
    given: Given<Reads, Heard, Values>,
    context: EffectContext,
  ) => Later<NoInfer<Outcome> | VerdictInput<NoInfer<Outcome>>>
  /** What `context.memory` may reach. A gate decides and remembers nothing, so it only reads. */
  readonly memory?: MemoryUse<'read'>
  readonly model?: never
  readonly instructions?: never
}

/** A gate decided by a reviewing model, which answers with an outcome and reasons. */
export interface ReviewGate<Outcome extends string, Reads extends keyof Values & string, Heard extends string, Values>
  extends GateBase<Outcome, Reads, Heard>, FallbackOptions {
  /** Name of a model that the runtime binds. */
  readonly model: string
  /** What to judge by, for the model. */
  readonly instructions: string | ((given: Given<Reads, Heard, Values>) => string)
  /** What the model is told first; default: the read slice as JSON. */
  readonly prompt?: (given: Given<Reads, Heard, Values>) => string
  /** Per visit, repairs and attempts included; default 3, and 3 more for each fallback. */
  readonly maxModelCalls?: number
  readonly maxOutputTokens?: number
  readonly maxInputTokens?: number
  /** Default 1. */
  readonly repairs?: number
  readonly decide?: never
  readonly memory?: never
}

/** The answer that a reviewing model is asked for. */
export function reviewSchema(outcomes: readonly string[]): z.ZodType {
  return z.object({
    outcome: z.enum(outcomes),
    reasons: z.array(z.string()),
    score: z.number().min(0).max(1).nullable(),
  })
}
