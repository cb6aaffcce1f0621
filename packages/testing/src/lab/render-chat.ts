import type { Json, JsonObject, ModelUsage } from '@waystone/core'
import { pieces, type PreparedAnswer } from './answer.ts'
import { doneFrame, frameOf } from './frames.ts'
import { objectOf } from './json-access.ts'
import type { LabRequest } from './lab-request.ts'

/** The body of `POST /v1/chat/completions` when it is not streamed. */
export function chatBody(answer: PreparedAnswer): JsonObject {
  const { text, refusal, calls, usage } = answer
  const message = { role: 'assistant', content: text, refusal, annotations: [] }
  return {
    ...chatShell(answer, 'chat.completion'),
    choices: [
      {
        index: 0,
        message: calls.length === 0 ? message : { ...message, tool_calls: calls.map(toolCall) },
        logprobs: null,
        finish_reason: finishReason(answer),
      },
    ],
    ...(usage === null ? {} : { usage: chatUsage(usage) }),
  }
}

/** The chunks of `POST /v1/chat/completions` when it is streamed: usage only when it was asked for, `[DONE]` at the end. */
export function* chatFrames(answer: PreparedAnswer, request: LabRequest): Generator<string> {
  const isUsageAsked = objectOf(request.body['stream_options'])['include_usage'] === true
  const shell = chatShell(answer, 'chat.completion.chunk')
  const noUsage = isUsageAsked && answer.usage !== null ? { usage: null } : {}
  const chunk = (delta: JsonObject, finish: string | null = null): string =>
    frameOf(null, {
      ...shell,
      choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }],
      ...noUsage,
    })
  const start = { role: 'assistant', content: answer.text === null ? null : '', refusal: null }
  yield chunk(start)
  if (answer.failed !== null) {
    yield frameOf(null, {
      error: { message: answer.failed.message, type: 'server_error', param: null, code: answer.failed.code },
    })
    return
  }
  for (const delta of deltas(answer)) yield chunk(delta)
  yield chunk({}, finishReason(answer))
  if (isUsageAsked && answer.usage !== null) {
    yield frameOf(null, { ...shell, choices: [], usage: chatUsage(answer.usage) })
  }
  yield doneFrame
}

function* deltas({ text, refusal, calls }: PreparedAnswer): Generator<JsonObject> {
  for (const content of pieces(text ?? '')) yield { content }
  for (const piece of pieces(refusal ?? '')) yield { refusal: piece }
  for (const [index, { id, name, argumentsText }] of calls.entries()) {
    yield { tool_calls: [{ index, id, type: 'function', function: { name, arguments: '' } }] }
    for (const piece of pieces(argumentsText)) yield { tool_calls: [{ index, function: { arguments: piece } }] }
  }
}

function toolCall({ id, name, argumentsText }: PreparedAnswer['calls'][number]): JsonObject {
  return { id, type: 'function', function: { name, arguments: argumentsText } }
}

function finishReason({ calls, incomplete }: PreparedAnswer): string {
  if (incomplete !== null) return incomplete === 'content_filter' ? 'content_filter' : 'length'
  return calls.length > 0 ? 'tool_calls' : 'stop'
}

function chatShell({ number, created, model }: PreparedAnswer, object: string): JsonObject {
  const shell: { readonly [key: string]: Json } = {
    id: `chatcmpl-${number}`,
    object,
    created,
    model,
    service_tier: 'default',
    system_fingerprint: 'fp_lab',
  }
  return shell
}

function chatUsage(usage: ModelUsage): JsonObject {
  return {
    prompt_tokens: usage.inputTokens,
    completion_tokens: usage.outputTokens,
    total_tokens: usage.inputTokens + usage.outputTokens,
    prompt_tokens_details: { cached_tokens: usage.cachedTokens, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: usage.reasoningTokens,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  }
}
