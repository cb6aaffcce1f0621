import type { z } from 'zod'
import type { CallApproval } from './call-approval.ts'
import type { Compensation, Undone } from './compensate.ts'
import type { Duration } from './duration.ts'
import type { EffectClass } from './effect-class.ts'
import type { EffectContext } from './effect-context.ts'
import type { MemoryUse } from './effect-memory.ts'
import type { Later } from './node.ts'
import type { RetryOptions } from './retry.ts'
import { callerOf, type SourceLine } from './source-line.ts'
import type { ReadonlyDeep } from './state-values.ts'

export type { EffectContext }

/** Marks a tool; its value is what `graph` reads. */
export const toolMarker: unique symbol = Symbol.for('waystone.tool')

/** A tool as its author wrote it; nothing in it has been checked. */
export interface ToolDefinition {
  readonly config: Readonly<Record<string, unknown>>
  readonly source: SourceLine | undefined
}

/** Any tool of this name. */
export interface AnyTool<Name extends string> {
  readonly [toolMarker]: ToolDefinition
  readonly name: Name
}

/** A tool: defined once, free of any state; used as a node or by agents. */
export interface Tool<Name extends string, Input, Output> extends AnyTool<Name> {
  readonly '~input': Input
  readonly '~output': Output
}

/** What makes a tool. */
export interface ToolConfig<
  Name extends string,
  Input extends z.core.$ZodType,
  Output extends z.core.$ZodType,
  Result = never,
> {
  /** Unique in a workflow; letters, digits, `_` and `-`, as providers demand. */
  readonly name: Name
  /** What it does and when to use it, for the model. */
  readonly description: string
  /** What may happen when its end is not known; default `unsafe`: never repeated. See {@link effectClasses}. */
  readonly effect?: EffectClass
  /** Names of the secrets that `context.secret` may resolve. */
  readonly secrets?: readonly string[]
  /** What `context.memory` may reach; not for `pure` tools. */
  readonly memory?: MemoryUse
  /** Names of what its calls draw on beside itself, e.g. `crm`: limited for all runs by `limits.resources` of the runtime, if that lists them. */
  readonly resources?: readonly string[]
  readonly input: Input
  readonly output: Output
  /** Part of the graph's identity: raise it when the tool's meaning changes. Default 1. */
  readonly version?: number
  /** Of its calls by agents and, unless the node says otherwise, as a node. */
  readonly retry?: RetryOptions
  /** Longest time of one attempt. */
  readonly timeout?: Duration
  /**
   * A person is asked before a call of an agent runs; default false. As a node of its own the tool asks nobody: there `check` wants
   * an approval on every path to it.
   */
  readonly approval?: boolean | CallApproval<z.output<NoInfer<Input>>>
  /**
   * Of a `pure` tool: whether a call with the same arguments as one before in the run is answered with its result, without running
   * the tool. Default true. Say false when its answer may change while a run goes on.
   */
  readonly cache?: boolean
  /**
   * Largest output, bytes of JSON; default 262144. A longer one fails a tool node; the model of an agent is told its beginning and
   * how much is missing.
   */
  readonly maxOutputBytes?: number
  /** Does the work. @param input - parsed @returns what `output` accepts */
  run(input: z.output<Input>, context: EffectContext): Later<Result | z.input<Output>>
}

/** How the calls of a tool are undone. */
export interface Compensable<Input, Output, Undo> {
  /** How to undo a call, of an agent, a node or a map, when its run does not complete; a node may say otherwise. */
  readonly compensate?: Compensation<Undone<Input, Output>, Undo>
}

/**
 * Defines a tool.
 *
 * A tool is `unsafe` unless it says otherwise: after a crash whose outcome is unknown it is not called again.
 *
 * @example
 * const lookUp = defineTool({
 *   name: 'look-up', description: 'Finds an order.', effect: 'pure',
 *   input: z.object({ order: z.string() }), output: z.object({ amountUsd: z.number() }),
 *   run: ({ order }) => orders.find(order),
 * })
 */
export function defineTool<
  const Name extends string,
  Input extends z.core.$ZodType,
  Output extends z.core.$ZodType,
  const Result extends ReadonlyDeep<z.input<NoInfer<Output>>> = ReadonlyDeep<z.input<NoInfer<Output>>>,
  Undo = never,
>(
  config: ToolConfig<Name, Input, Output, Result> &
    Compensable<z.output<NoInfer<Input>>, z.output<NoInfer<Output>>, Undo>,
): Tool<Name, z.input<Input>, z.output<Output>> {
  const definition: ToolDefinition = { config: Object.freeze({ ...config }), source: callerOf(defineTool) }
  // The phantom fields of Tool exist only as types.
  return Object.freeze({ [toolMarker]: Object.freeze(definition), name: config.name }) as unknown as Tool<
    Name,
    z.input<Input>,
    z.output<Output>
  >
}
