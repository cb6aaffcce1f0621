import { toJson } from '../base/json.ts'
import type { Model, ModelResponse } from '../define/model.ts'
import { inputError } from '../errors/input-error.ts'
import { nodeError } from '../errors/node-error.ts'
import type { UsageDelta } from '../snapshot/usage.ts'
import type { EffectJob, Ended } from './effect-job.ts'
import { detailOf, errorRecordOf, retryAfterOf } from './error-record.ts'
import { readAnswer } from './model-answer.ts'
import { hasBadUsage, parseResponse, parseUsage, usageDelta } from './model-response.ts'
import { askingTerms, renderRequest, type AskingNode } from './render-request.ts'

/**
 * Makes one model call and reads its answer. Never throws: whatever the model does is an end with its usage.
 *
 * A call that gave no believable figures has no `usage`; it is then charged at its reservation.
 */
export async function executeModel(job: EffectJob, node: AskingNode): Promise<Ended> {
  const model = boundModel(job, node)
  let given: ModelResponse
  try {
    given = await callModel(job, node, model)
  } catch (thrown) {
    return failed(thrown, usageOfThrown(thrown))
  }
  const usage = usageOfResponse(job, node, given)
  try {
    const response = parseResponse(given)
    if (hasBadUsage(given)) throw nodeError('WAYSTONE_NODE_MODEL_NONSENSE', 'the model reported a usage that is no count of tokens', { retryable: true })
    return { ...readAnswer(job, node, response), model: response.model, ...(usage !== undefined && { usage }) }
  } catch (thrown) {
    return { ...failed(thrown, usage), ...modelNameOf(given) }
  }
}

/** The model an agent or reviewer is bound to. @throws {InputError} WAYSTONE_INPUT_MODELS_MISSING */
function boundModel({ ports }: EffectJob, { record }: AskingNode): Model {
  const name = askingTerms(record)?.model ?? ''
  const model = ports.models.get(name)
  if (model !== undefined) return model
  throw inputError('WAYSTONE_INPUT_MODELS_MISSING', `node ${JSON.stringify(record.id)} asks model ${JSON.stringify(name)}, which is not bound at this runtime`)
}

function callModel(job: EffectJob, node: AskingNode, model: Model): Promise<ModelResponse> {
  const { scope, ports } = job
  const request = renderRequest(job.compiled.graph, job.context, node)
  // A model written in plain JavaScript may throw at once or return no promise.
  return Promise.resolve(
    model.call(toJson(request, 'request to a model') as unknown as typeof request, {
      signal: scope.signal,
      effectId: scope.effectId,
      node: scope.node,
      attempt: scope.attempt,
      onToken: (text) => job.onToken(ports.vault.redact(String(text))),
      secret: (name) => ports.vault.resolve(name),
    }),
  )
}

function failed(thrown: unknown, usage: UsageDelta | undefined): Ended {
  const retryAfterMs = retryAfterOf(thrown)
  return {
    outcome: 'failed',
    error: errorRecordOf(thrown, true),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    ...(usage !== undefined && { usage }),
  }
}

/**
 * What a call that threw used: figures in the error's details, nothing when the provider answered with an error status, and
 * otherwise unknown, since a cut connection may have been billed.
 */
function usageOfThrown(thrown: unknown): UsageDelta | undefined {
  const usage = parseUsage(detailOf(thrown, ({ details }) => details))
  if (usage !== undefined) return usageDelta(usage, undefined)
  const status = detailOf(thrown, ({ details }) => details['status'])
  return typeof status === 'number' && status >= 400 ? {} : undefined
}

function usageOfResponse({ ports }: EffectJob, { record }: AskingNode, given: unknown): UsageDelta | undefined {
  const usage = parseUsage(given)
  if (usage === undefined) return undefined
  const answered = modelNameOf(given).model ?? ''
  return usageDelta(usage, ports.prices.get(answered) ?? ports.prices.get(askingTerms(record)?.model ?? ''))
}

function modelNameOf(given: unknown): { readonly model?: string } {
  const name: unknown = Reflect.get(Object(given), 'model')
  return typeof name === 'string' ? { model: name } : {}
}
