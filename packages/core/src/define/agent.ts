import type { z } from 'zod'
import type { FallbackOptions } from './fallback.ts'
import type { HistoryOptions } from './history.ts'
import type { AgentLimits } from './limit.ts'
import type { Given } from './node.ts'
import type { EffectOptions } from './node-options.ts'
import { callerOf, type SourceLine } from './source-line.ts'
import type { AnyTool } from './tool.ts'
import type { ToolRule, ToolRules } from './tool-rule.ts'

/** Marks an agent defined apart from a workflow. */
export const agentMarker: unique symbol = Symbol.for('waystone.agent')

/** An agent as its author wrote it; nothing in it has been checked. */
export interface AgentDefinition {
  readonly config: Readonly<Record<string, unknown>>
  readonly source: SourceLine | undefined
}

/** What an agent is asked with and how far it may go, wherever it is used. */
export interface AgentBounds<ToolName extends string> extends FallbackOptions {
  /** Name of a model that the runtime binds. */
  readonly model: string
  /** Order: as the model is offered them. Default none. */
  readonly tools?: readonly AnyTool<ToolName>[]
  /** Model calls per visit, repairs and attempts included, those of fallbacks too; default 8. */
  readonly maxModelCalls?: number
  /** Tool calls one answer may ask for; more are answered with an error and not run. Default 8. */
  readonly maxCallsPerTurn?: number
  /** Tool calls of one answer that run side by side; the others wait until one has ended. Default: all of them. */
  readonly maxParallelCalls?: number
  /** Upper bounds of a visit; when one is hit, the outcome is `exhausted`. Default none. */
  readonly limits?: AgentLimits
  /** Asked of the model and reserved per call; default: the model's own. */
  readonly maxOutputTokens?: number
  /** Reserved per call; a request that is certainly larger is not sent. Default: unknown. */
  readonly maxInputTokens?: number
  /** Turns per visit in which a model may mend an answer that does not fit its schema; default 1. */
  readonly repairs?: number
  /** What a later visit starts from: nothing (`fresh`, default) or the messages of the visits before. */
  readonly memory?: 'fresh' | 'continue'
  /** What becomes of the conversation when it grows; default: it is told whole at every call. */
  readonly history?: HistoryOptions
}

/** An agent inside a workflow, without what its output needs. */
export interface AgentOptions<
  Reads extends keyof Values & string,
  Heard extends string,
  ToolName extends string,
  Values,
>
  extends EffectOptions<Reads, Heard>, AgentBounds<ToolName> {
  /** What it is and how to behave, for the model. */
  readonly instructions: string | ((given: Given<Reads, Heard, Values>) => string)
  /** What the model is told first; default: the read slice as JSON. */
  readonly prompt?: (given: Given<Reads, Heard, Values>) => string
  /** By tool: when it is offered, after which others, how often. */
  readonly toolRules?: ToolRules<ToolName, Values>
}

/** What a node may change about an agent that was defined apart from it. */
export interface AgentUse<
  Reads extends string,
  Heard extends string,
  ToolName extends string,
  Values,
> extends EffectOptions<Reads, Heard> {
  readonly maxModelCalls?: number
  readonly maxCallsPerTurn?: number
  readonly maxParallelCalls?: number
  readonly limits?: AgentLimits
  readonly maxOutputTokens?: number
  readonly maxInputTokens?: number
  readonly repairs?: number
  readonly memory?: 'fresh' | 'continue'
  /** Beside the agent's own rules, which it can only make stricter. */
  readonly toolRules?: ToolRules<NoInfer<ToolName>, Values>
  readonly history?: HistoryOptions
}

/** What makes an agent that is free of any state. */
export interface AgentConfig<
  ToolName extends string,
  Input extends z.core.$ZodType,
  Output extends z.core.$ZodType,
> extends AgentBounds<ToolName> {
  /** What it is and how to behave, for the model. */
  readonly instructions: string
  /** What it is asked with. */
  readonly input: Input
  /** What it answers; a plain `z.string()` is free text. */
  readonly output: Output
  /** What the model is told first; default: the input as JSON. */
  readonly prompt?: (input: z.output<Input>) => string
  /** By tool: after which others it may be called, how often. What depends on a state is for the node to say. */
  readonly toolRules?: { readonly [Name in ToolName]?: ToolRule<ToolName> }
}

/** An agent: defined once, free of any state; used by `w.agent(agent, { … })` in any workflow. */
export interface Agent<ToolName extends string, Input, Output> {
  readonly [agentMarker]: AgentDefinition
  readonly '~tools': ToolName
  readonly '~input': Input
  readonly '~output': Output
}

/**
 * Defines an agent that any workflow can use.
 *
 * @example
 * const translator = defineAgent({
 *   model: 'fast', instructions: 'Translate the text.',
 *   input: z.object({ text: z.string(), language: z.string() }), output: z.object({ translation: z.string() }),
 * })
 */
export function defineAgent<
  Input extends z.core.$ZodType,
  Output extends z.core.$ZodType,
  ToolName extends string = never,
>(config: AgentConfig<ToolName, Input, Output>): Agent<ToolName, z.input<Input>, z.output<Output>> {
  const definition: AgentDefinition = { config: Object.freeze({ ...config }), source: callerOf(defineAgent) }
  // The phantom fields of Agent exist only as types.
  return Object.freeze({ [agentMarker]: Object.freeze(definition) }) as unknown as Agent<
    ToolName,
    z.input<Input>,
    z.output<Output>
  >
}
