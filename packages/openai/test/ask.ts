import type { Model, ModelCallOptions, ModelRequest, ModelResponse } from '@waystone/core'
import { startModelLab, type LabScript, type ModelLab } from '@waystone/testing/lab'
import { openAiModel } from '../src/openai-model.ts'
import type { OpenAiModelOptions } from '../src/model-options.ts'

/** A key as users have it: it must turn up nowhere. */
export const key = 'sk-waystone-test-0123456789'

/** A request with nothing in it but what is given. */
function requestOf(parts: Partial<ModelRequest> = {}): ModelRequest {
  const messages = [{ role: 'user', content: [{ type: 'text', text: 'Hello' }] }] as const
  return { instructions: 'Be kind.', messages, tools: [], output: null, maxOutputTokens: null, ...parts }
}

/** Makes one call outside a run. */
export function callOnce(
  model: Model,
  parts: Partial<ModelRequest> = {},
  options: Partial<ModelCallOptions> = {},
): Promise<ModelResponse> {
  return model.call(requestOf(parts), {
    signal: new AbortController().signal,
    effectId: 'run-1/0',
    attempt: 1,
    onToken: () => {},
    secret: () => Promise.resolve(key),
    ...options,
  })
}

const labs: ModelLab[] = []

/** Starts a lab that {@link closeLabs} closes. */
export async function labWith(...script: LabScript): Promise<ModelLab> {
  const lab = await startModelLab({ script, apiKey: key })
  labs.push(lab)
  return lab
}

/** To be called after each test. */
export async function closeLabs(): Promise<void> {
  await Promise.all(labs.splice(0).map((lab) => lab.close()))
}

/** A way of talking to a server: every promise holds in each of them. */
export interface Way {
  readonly api: 'responses' | 'chat'
  readonly stream: boolean
}

export const ways: readonly Way[] = [
  { api: 'responses', stream: true },
  { api: 'responses', stream: false },
  { api: 'chat', stream: true },
  { api: 'chat', stream: false },
]

/** A model at a lab. */
export function modelAt(lab: ModelLab, way: Way, options: Partial<OpenAiModelOptions> = {}): Model {
  return openAiModel({ model: 'small', baseUrl: lab.url, ...way, ...options })
}

/** Turns of the event loop within which a socket is closed: two, in 400 of 400 cancels on an overloaded machine. */
export const mostTurns = 5

/**
 * Counts turns of the event loop, which does not rest meanwhile. A busy machine makes them longer, not more; the bench measures
 * the time.
 *
 * @returns ends it, and gives the number
 */
export function countTurns(): () => number {
  let count = 0
  let next = setImmediate(turn)
  function turn(): void {
    count += 1
    next = setImmediate(turn)
  }
  return () => {
    clearImmediate(next)
    return count
  }
}

/** The error that a call must end with. */
export async function thrownBy(call: Promise<unknown>): Promise<Error & Readonly<Record<string, unknown>>> {
  try {
    await call
  } catch (error) {
    return error as Error & Readonly<Record<string, unknown>>
  }
  throw new RangeError('the call did not throw')
}
