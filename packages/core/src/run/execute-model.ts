import { toJson } from '../base/json.ts'
import { withheldHandoffs } from '../compile/handoff-way.ts'
import { withheldTools } from '../compile/tool-rules.ts'
import type { FallbackReason } from '../define/fallback.ts'
import type { Model, ModelPrice, ModelRequest, ModelResponse } from '../define/model.ts'
import { inputError } from '../errors/input-error.ts'
import { nodeError } from '../errors/node-error.ts'
import { modelAt, modelOfStep, modelTermsOf } from '../graph/asked-models.ts'
import type { NodeRecord } from '../graph/graph.ts'
import { isModelCall, type OpenStep } from '../snapshot/snapshot.ts'
import type { UsageDelta } from '../snapshot/usage.ts'
import type { EffectJob, Ended, ExecutorPorts } from './effect-job.ts'
import { detailOf, errorRecordOf, retryAfterOf } from './error-record.ts'
import { readAnswer } from './model-answer.ts'
import { hasBadUsage, parseResponse, parseUsage, usageDelta, type CheckedResponse } from './model-response.ts'
import { hearFailure, hearQuota } from './provider-limits.ts'
import { refuseTooLarge } from './request-size.ts'
import { renderRequest, type AskingNode } from './render-request.ts'

/**
 * Makes one model call and reads its answer. Never throws: whatever the model does is an end with its usage.
 *
 * A call that gave no believable figures is charged at its reservation, its cost included, and marked as estimated.
 */
export function executeModel(job: EffectJob, asking: AskingNode): Promise<Ended> {
  return askModel(job, asking, () => {
    const node = withOffer(job, asking)
    return {
      request: renderRequest(job.compiled, job.context, node),
      read: (response) => readAnswer(job, node, response),
      ...(node.withheld !== undefined && { withheld: node.withheld }),
    }
  })
}

/** What a model is asked, and what its answer means. */
export interface Question {
  readonly request: ModelRequest
  /** May throw: then the call has failed. */
  readonly read: (response: CheckedResponse) => Ended
  /** Tools that are not in the request. */
  readonly withheld?: NonNullable<AskingNode['withheld']>
}

/** As {@link executeModel}, for any question. @param ask - may throw: then nothing is sent */
export async function askModel(job: EffectJob, node: AskingNode, ask: () => Question): Promise<Ended> {
  const model = boundModel(job, node)
  const asked = askedName(job)
  let question: Question
  try {
    const rendered = ask()
    question = { ...rendered, request: toJson(rendered.request, 'request to a model') as unknown as ModelRequest }
  } catch (thrown) {
    return { ...failed(thrown, {}), isUnsent: true, ...asked }
  }
  try {
    // What was set aside for the call is what its node, or its summary, allows.
    const max = job.open.reserved?.inputTokens ?? null
    const secret = (name: string): Promise<string> => job.ports.vault.resolve(name)
    await refuseTooLarge(model, question.request, { max, signal: job.scope.signal, secret })
  } catch (thrown) {
    const isTooLarge = detailOf(thrown, ({ code }) => code) === 'WAYSTONE_NODE_REQUEST_TOO_LARGE'
    const another = isTooLarge ? {} : whyAnother(job, 'failure')
    return { ...failed(thrown, {}), isUnsent: true, ...another, ...asked }
  }
  const ended = await answerOf(job, node, { model, question })
  return { ...ended, ...asked, ...(question.withheld !== undefined && { withheld: question.withheld }) }
}

/** Which tools the model is offered is decided once: for the request, and for what is done with its answer. */
function withOffer({ compiled, context, open }: EffectJob, node: AskingNode): AskingNode {
  const tools = withheldTools(compiled, node.record, context)
  const handoffs = withheldHandoffs(compiled, context, { record: node.record, at: open.since })
  return tools === undefined && handoffs === undefined ? node : { ...node, withheld: { ...tools, ...handoffs } }
}

async function answerOf(
  job: EffectJob,
  node: AskingNode,
  { model, question }: { readonly model: Model; readonly question: Question },
): Promise<Ended> {
  let given: ModelResponse
  try {
    given = await callModel(job, model, question.request)
  } catch (thrown) {
    hearFailure(job, thrown)
    return { ...failed(thrown, usageOfThrown(job, node, thrown)), ...whyAnother(job, 'failure') }
  }
  const usage = usageOfResponse(job, node, given)
  hearQuota(job, given)
  try {
    const response = parseResponse(given)
    if (hasBadUsage(given))
      throw nodeError('WAYSTONE_NODE_MODEL_NONSENSE', 'the model reported a usage that is no count of tokens', {
        retryable: true,
      })
    return { ...question.read(response), model: response.model, usage }
  } catch (thrown) {
    const reason = detailOf(thrown, ({ code }) => reasons[code])
    return { ...failed(thrown, usage), ...whyAnother(job, reason), ...modelNameOf(given) }
  }
}

/** Ends of a call that another model might have ended better. What else is thrown after an answer is the author's. */
const reasons: { readonly [code: string]: FallbackReason } = {
  WAYSTONE_NODE_MODEL_NONSENSE: 'failure',
  WAYSTONE_NODE_MODEL_REFUSED: 'refusal',
  WAYSTONE_NODE_MODEL_FILTERED: 'filtered',
  WAYSTONE_NODE_MODEL_CUT: 'cut',
}

/** Said only where there is another model. A call that was told to stop says nothing about its model. */
function whyAnother({ record, scope }: EffectJob, reason: FallbackReason | undefined): Pick<Ended, 'fallback'> {
  const hasFallbacks = modelTermsOf(record)?.fallbacks !== undefined
  return hasFallbacks && reason !== undefined && !scope.isAborted ? { fallback: reason } : {}
}

/** The name by which a fallback model is asked; nothing for the node's own. */
export function askedName({ record, open }: Pick<EffectJob, 'record' | 'open'>): Pick<Ended, 'asked'> {
  if (open.kind !== 'model' || open.model === undefined) return {}
  return record.kind === 'agent' || record.kind === 'gate' ? { asked: modelAt(record, open.model) } : {}
}

/** The model an agent or reviewer is bound to. @throws {InputError} WAYSTONE_INPUT_MODELS_MISSING */
function boundModel({ ports, open }: EffectJob, { record }: AskingNode): Model {
  const name = modelOfStep(record, open)
  const model = ports.models.get(name)
  if (model !== undefined) return model
  throw inputError(
    'WAYSTONE_INPUT_MODELS_MISSING',
    `node ${JSON.stringify(record.id)} asks model ${JSON.stringify(name)}, which is not bound at this runtime`,
  )
}

async function callModel(job: EffectJob, model: Model, request: ModelRequest): Promise<ModelResponse> {
  const { scope, ports } = job
  const tokens = ports.vault.redactStream(job.onToken)
  // A model written in plain JavaScript may throw at once or return no promise.
  const response = await model.call(request, {
    signal: scope.signal,
    effectId: scope.effectId,
    node: scope.node,
    attempt: scope.attempt,
    onToken: (text) => tokens.push(text),
    secret: (name) => ports.vault.resolve(name),
  })
  // A call that fails may have been cut in the middle of a secret: what was held back is not shown then.
  tokens.end()
  return response
}

function failed(thrown: unknown, usage: UsageDelta): Ended {
  const retryAfterMs = retryAfterOf(thrown)
  return {
    outcome: 'failed',
    error: errorRecordOf(thrown, true),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    usage,
  }
}

/**
 * What a call that threw used: figures in the error's details, nothing when the provider answered with an error status, and
 * otherwise unknown, since a cut connection may have been billed.
 */
function usageOfThrown(job: EffectJob, node: AskingNode, thrown: unknown): UsageDelta {
  const usage = parseUsage(detailOf(thrown, ({ details }) => details))
  if (usage !== undefined) return usageDelta(usage, priceOf(job, node, ''))
  const status = detailOf(thrown, ({ details }) => details['status'])
  return typeof status === 'number' && status >= 400 ? {} : reservedUsage(job, node)
}

/** What is charged when nobody says what a model call used: all that was set aside for it, none of it cached. */
export function reservedUsage(
  { ports, open }: Pick<EffectJob, 'ports' | 'open'>,
  node: Pick<AskingNode, 'record'>,
): UsageDelta {
  const { inputTokens = 0, outputTokens = 0 } = open.reserved ?? {}
  const usage = { inputTokens, outputTokens, cachedTokens: 0, reasoningTokens: 0 }
  return { ...usageDelta(usage, priceOf({ ports, open }, node, '')), estimatedCalls: 1 }
}

/** As {@link reservedUsage}, for a step whose end nobody will report; undefined when it asks no model. */
export function lostUsage(
  ports: ExecutorPorts,
  record: NodeRecord | undefined,
  open: OpenStep,
): UsageDelta | undefined {
  if (!isModelCall(open) || (record?.kind !== 'agent' && record?.kind !== 'gate')) return undefined
  return reservedUsage({ ports, open }, { record })
}

function usageOfResponse(job: EffectJob, node: AskingNode, given: unknown): UsageDelta {
  const usage = parseUsage(given)
  return usage === undefined
    ? reservedUsage(job, node)
    : usageDelta(usage, priceOf(job, node, modelNameOf(given).model ?? ''))
}

/** The price of the model that answered, else of the name the node asks by, else of the model bound to it. */
function priceOf(
  { ports, open }: Pick<EffectJob, 'ports' | 'open'>,
  { record }: Pick<AskingNode, 'record'>,
  answered: string,
): ModelPrice | undefined {
  const asked = modelOfStep(record, open)
  return ports.prices.get(answered) ?? ports.prices.get(asked) ?? ports.prices.get(ports.models.get(asked)?.name ?? '')
}

function modelNameOf(given: unknown): { readonly model?: string } {
  const name: unknown = Reflect.get(Object(given), 'model')
  return typeof name === 'string' ? { model: name } : {}
}
