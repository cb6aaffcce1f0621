import { own } from '../base/own.ts'
import { dueCut } from '../compile/history.ts'
import { invariantError } from '../errors/invariant-error.ts'
import { nodeError } from '../errors/node-error.ts'
import type { AgentRecord } from '../graph/graph.ts'
import type { AgentFunctions } from '../graph/registry.ts'
import { nodeInputOf, type EffectJob, type Ended } from './effect-job.ts'
import { askModel } from './execute-model.ts'
import { refuseUnfinished, textOf } from './model-answer.ts'
import { renderMessages, withCachedResults } from './render-request.ts'
import { renderSummaryRequest } from './render-summary.ts'

/** An agent with its functions. */
interface SummarisingAgent {
  readonly record: AgentRecord
  readonly functions: AgentFunctions
}

/** Asks a model to tell in short what an agent's conversation is about to lose. Never throws. */
export function executeSummary(job: EffectJob, node: SummarisingAgent): Promise<Ended> {
  const { record, functions } = node
  const { summary } = record.history ?? {}
  const memory = own(job.context.private, record.id)
  const cut = memory === undefined ? undefined : dueCut(record, memory)
  if (summary === undefined || summary === null || cut === undefined)
    throw invariantError('WAYSTONE_BUG_REGISTRY', `step ${job.scope.step} has nothing to tell in short`)
  // What a model says while it writes a summary is not the agent's word.
  const quiet: EffectJob = { ...job, onToken: () => undefined }
  return askModel(quiet, node, () => ({
    request: renderSummaryRequest(
      summary,
      renderMessages(
        { compiled: job.compiled, context: job.context, functions },
        nodeInputOf(record, job.context),
        withCachedResults(job.context, cut.told),
      ),
    ),
    read: (response) => {
      refuseUnfinished(response)
      const text = textOf(response.message.content).trim()
      if (text === '') throw nodeError('WAYSTONE_NODE_MODEL_NONSENSE', 'the summary is empty', { retryable: true })
      return { outcome: 'done', summary: { type: 'summary', text, step: job.scope.step } }
    },
  }))
}
