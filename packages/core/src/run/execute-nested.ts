import { takeJson, type JsonObject } from '../base/json.ts'
import { pick } from '../compile/steps.ts'
import { invariantError } from '../errors/invariant-error.ts'
import { nodeError } from '../errors/node-error.ts'
import type { NestedGraph, WorkflowFunctions } from '../graph/registry.ts'
import { nodeInputOf, type EffectJob, type Ended } from './effect-job.ts'
import { issueLines } from './issues.ts'
import { parsePatch, pickPatch } from './parse-patch.ts'
import { endedWith } from './patch-end.ts'

/** Makes the input that a nested workflow begins with. @throws {NodeError} WAYSTONE_NODE_BAD_INPUT before anything of it runs */
export function executeInput(job: EffectJob, { input, nested }: WorkflowFunctions): Ended {
  const given = nodeInputOf(job.record, job.context)
  const what = `input of workflow ${JSON.stringify(nested.graph.name)}`
  return begunWith(nested, input === null ? given.state : input(given), what)
}

/** The end of a step that makes the input of a nested workflow. @throws {NodeError} WAYSTONE_NODE_BAD_INPUT */
export function begunWith({ registry }: NestedGraph, given: unknown, what: string): Ended {
  const parsed = registry.input.safeParse(takeJson(given, what))
  if (parsed.success) return { outcome: 'begun', output: takeJson(parsed.data, what) }
  const issues = issueLines(parsed.error)
  throw nodeError('WAYSTONE_NODE_BAD_INPUT', `${what} does not fit its schema: ${issues.join('; ')}`, {
    details: { issues },
  })
}

/** Takes over what a nested workflow has come to: its output as a patch, or why it gave none. */
export function executeOutput(job: EffectJob, { apply, nested }: WorkflowFunctions): Ended {
  const { record, context, compiled } = job
  const result = nestedResult(job, nested, `workflow ${JSON.stringify(nested.graph.name)}`)
  if (result.type === 'ended') return result.end
  const { output } = result
  const patch = apply === null ? pickPatch(compiled, record, output) : apply(output, nodeInputOf(record, context))
  return endedWith('done', parsePatch(compiled, record, patch))
}

/** What a nested workflow gave, or the end of the step that holds it when it gave nothing. @param what - for messages */
export function nestedResult(
  { context, scope }: EffectJob,
  { graph }: NestedGraph,
  what: string,
): { readonly type: 'output'; readonly output: JsonObject } | { readonly type: 'ended'; readonly end: Ended } {
  const child = context.children?.[scope.step]?.context
  const ending = child?.ending
  if (child === undefined || ending === null || ending === undefined) {
    throw invariantError(
      'WAYSTONE_BUG_STUCK',
      `step ${scope.step} of ${scope.node} takes over a workflow that has not ended`,
    )
  }
  if (ending.status === 'exhausted') {
    const error = nodeError(
      'WAYSTONE_NODE_LIMIT_REACHED',
      `${what} has used up its limit${ending.limit === undefined ? '' : ` ${ending.limit}`}`,
    )
    return { type: 'ended', end: { outcome: 'exhausted', error: error.toJSON() } }
  }
  if (ending.status !== 'completed') {
    const error = ending.error ?? nodeError('WAYSTONE_NODE_FAIL_TAKEN', `${what} ended ${ending.status}`).toJSON()
    return { type: 'ended', end: { outcome: 'failed', error } }
  }
  return { type: 'output', output: pick(child.state, graph.output) }
}
