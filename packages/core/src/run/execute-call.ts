import type { Json } from '../base/json.ts'
import type { AgentMemory } from '../snapshot/snapshot.ts'
import { invariantError } from '../errors/invariant-error.ts'
import type { EffectJob, Ended } from './effect-job.ts'
import { runTool } from './execute-tool.ts'

/** Runs one tool call of an agent. Its output is what the model is told. */
export function executeCall(job: EffectJob): Ended | Promise<Ended> {
  const { tool, callId } = job.open
  const memory = job.context.private[job.record.id]
  const asked = tool === undefined || callId === undefined ? undefined : argumentsOf(memory, callId)
  if (tool === undefined || asked === undefined) {
    throw invariantError(
      'WAYSTONE_BUG_REGISTRY',
      `step ${job.scope.step} of node ${JSON.stringify(job.record.id)} is a call that no message asks for`,
    )
  }
  return runTool({ compiled: job.compiled, tool, input: asked.arguments, context: job.scope }, (result) => ({
    outcome: 'done',
    result,
  }))
}

/** The arguments stand in the newest message that has the call. */
function argumentsOf(memory: AgentMemory | undefined, callId: string): { readonly arguments: Json } | undefined {
  return memory?.entries
    .toReversed()
    .flatMap((entry) => ('role' in entry ? entry.calls : []))
    .find((call) => call.id === callId)
}
