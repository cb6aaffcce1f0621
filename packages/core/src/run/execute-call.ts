import { callDigest } from '../compile/call-question.ts'
import { cachedResult, cacheKeyOf } from '../compile/pure-cache.ts'
import { isUndoable } from '../compile/undo-ledger.ts'
import { invariantError } from '../errors/invariant-error.ts'
import { nodeError } from '../errors/node-error.ts'
import { callApprovalOf } from '../graph/tool-use.ts'
import type { Json } from '../base/json.ts'
import { argumentsOfCall } from '../snapshot/agent-calls.ts'
import type { CachedResult } from '../snapshot/snapshot.ts'
import type { EffectJob, Ended } from './effect-job.ts'
import { cutLarge } from './output-cap.ts'
import { runTool } from './execute-tool.ts'

/**
 * Runs one tool call of an agent. Its output is what the model is told.
 *
 * @throws {NodeError} WAYSTONE_NODE_CALL_CHANGED before the tool is called, when a person has approved something else or nothing (H4)
 */
export function executeCall(job: EffectJob): Ended | Promise<Ended> {
  const { tool, callId } = job.open
  const memory = job.context.private[job.record.id]
  const asked = tool === undefined || callId === undefined ? undefined : argumentsOfCall(memory, callId)
  if (tool === undefined || asked === undefined) {
    throw invariantError(
      'WAYSTONE_BUG_REGISTRY',
      `step ${job.scope.step} of node ${JSON.stringify(job.record.id)} is a call that no message asks for`,
    )
  }
  refuseUnapproved(job, tool, asked.arguments)
  const { compiled, ports, scope } = job
  const known = knownResult(job, tool, asked.arguments)
  if (known !== undefined) return { outcome: 'done', result: known.result, isCached: true }
  return runTool({ compiled, tool, input: asked.arguments, context: scope }, (output) => {
    const told = cutLarge(compiled.graph, { tool, output }, (value) => ports.vault.redact(value))
    // Whoever undoes it is told all that it gave.
    const isNeeded = told.isCut === true && isUndoable(compiled.graph, job.record, job.open)
    return { outcome: 'done', ...told, ...(isNeeded && { output }) }
  })
}

/** What an identical call gave that ended after this one was asked for. */
function knownResult({ compiled, context, record }: EffectJob, tool: string, given: Json): CachedResult | undefined {
  if (context.cached === undefined) return undefined
  return cachedResult(context, cacheKeyOf(compiled.graph, record, { tool, given }))
}

/** The second lock: whatever has become of the stored run, what a person did not approve does not run. */
function refuseUnapproved({ compiled, record, open, scope }: EffectJob, tool: string, given: Json): void {
  const isAlwaysAsked = callApprovalOf(compiled.graph, record, tool)?.when === 'always'
  if (open.approved === undefined ? !isAlwaysAsked : open.approved === callDigest(tool, given)) return
  const found = open.approved === undefined ? 'nobody has approved it' : 'a person has approved other arguments'
  throw nodeError('WAYSTONE_NODE_CALL_CHANGED', `tool ${tool} was not run at step ${scope.step}: ${found}`)
}
