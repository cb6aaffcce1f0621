import type { CallApprovalTerms, NodeCallApproval } from './call-approval.ts'
import type { EffectClass } from './effect-class.ts'
import type { Guard } from './guard.ts'
import type { JsonLike } from './node.ts'
import type { AnyTool } from './tool.ts'

/** What holds for calls of one tool by one agent. A call against a rule is not run; the model is told which rule. */
export interface ToolRule<ToolName extends string> {
  /** Tools that must have ended well earlier in this visit. A call in the same turn has not. */
  readonly after?: readonly NoInfer<ToolName>[]
  /** Calls per visit that are run; attempts of one call count once. Default: no bound of its own. */
  readonly maxCalls?: number
  /** Only more careful than the tool's own. */
  readonly effect?: EffectClass
  /** A person is asked before each call, or nobody is: whatever the tool says. */
  readonly approval?: boolean | CallApprovalTerms
  /**
   * Tools that are given the same arguments, in order, when a call has failed or timed out for good. Each is a step of its own.
   * Not when the outcome is unknown: it may have happened.
   */
  readonly alternates?: readonly AnyTool<string>[]
  /** What the model is told, marked as degraded, when the call and its alternates have failed. Default: the last error. */
  readonly otherwise?: JsonLike
}

/** A {@link ToolRule} of an agent in a workflow, which may also look at the state. */
export interface NodeToolRule<ToolName extends string, Values> extends Omit<ToolRule<ToolName>, 'approval'> {
  /** A person is asked before calls, or nobody is: whatever the tool says. */
  readonly approval?: boolean | NodeCallApproval<Values>
  /** The tool is offered and run only while this holds. Decided on the state that the model was asked with. */
  readonly when?: Guard<Values>
}

/** Rules by the name of one of the agent's tools. */
export type ToolRules<ToolName extends string, Values> = {
  readonly [Name in ToolName]?: NodeToolRule<ToolName, Values>
}
