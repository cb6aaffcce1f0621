import {
  InputError,
  NodeError,
  type Json,
  type Model,
  type ModelCallOptions,
  type ModelRequest,
  type ModelResponse,
  type ModelUsage,
} from '@waystone/core'

/**
 * JSON as it is written inline. Where two shapes meet, such as answers of one function, TypeScript gives each the keys of the other as `undefined`: such a key
 * is not there.
 */
export type WrittenJson =
  | null
  | boolean
  | number
  | string
  | readonly WrittenJson[]
  | { readonly [key: string]: WrittenJson | undefined }

/** A tool call of a scripted answer. `id` default: `call-<index of the model call>-<place>`. */
export interface ScriptedCall {
  readonly name: string
  readonly arguments: WrittenJson
  readonly id?: string
}

/** What can be said about an answer beside its content. */
export interface ScriptedExtras {
  /** Default: 100 tokens in, 20 out. Null: the provider did not say. */
  readonly usage?: ModelUsage | null
  readonly finish?: ModelResponse['finish']
  /** Name of the model that answers; default: the scripted model's. */
  readonly model?: string
}

/**
 * One answer of a script.
 *
 * Shape: a text; `{ output }`, written as JSON text; `{ calls }`; a whole `{ response }`; an `Error`, which is thrown; or a function
 * of the request that gives one of these.
 */
export type ScriptedAnswer =
  | string
  | Error
  | ({ readonly output: WrittenJson } & ScriptedExtras)
  | ({ readonly text: string } & ScriptedExtras)
  | ({ readonly calls: readonly ScriptedCall[]; readonly text?: string } & ScriptedExtras)
  | { readonly response: ModelResponse }
  | ((request: ModelRequest, options: ModelCallOptions) => ScriptedAnswer | Promise<ScriptedAnswer>)

/** One call that was made. */
export interface ObservedCall {
  readonly node: string
  /** 0-based among the calls of its node. */
  readonly index: number
  readonly effectId: string
  readonly attempt: number
  readonly request: ModelRequest
}

/** A model that answers by a script and remembers what it was asked. */
export interface ScriptedModel extends Model {
  /** Order: as made. */
  readonly calls: readonly ObservedCall[]
  /**
   * Checks that every answer was used and no call was made beyond them.
   *
   * @throws {InputError} WAYSTONE_INPUT_SCRIPT_UNUSED naming every node and index that differs
   */
  assertComplete(): void
}

/**
 * Makes a model for tests that answers by node, in order, and knows when it was asked too much or too little.
 *
 * A call beyond the script fails at once and not retryably, and fails `assertComplete` too, also when the workflow handles the failure.
 *
 * @param script - answers by node name
 * @param options - `name`: default `scripted`
 * @example
 * const model = scriptedModel({ triage: [{ calls: [{ name: 'look-up', arguments: { order: 'A1' } }] }, { output: { amountUsd: 40 } }] })
 * const runtime = createRuntime({ workflows: [refunds], models: { fast: model } })
 * // …
 * model.assertComplete()
 */
export function scriptedModel(
  script: { readonly [node: string]: readonly ScriptedAnswer[] },
  options: { readonly name?: string } = {},
): ScriptedModel {
  return new Script(script, options.name ?? 'scripted')
}

const defaultUsage: ModelUsage = Object.freeze({
  inputTokens: 100,
  outputTokens: 20,
  cachedTokens: 0,
  reasoningTokens: 0,
})

class Script implements ScriptedModel {
  readonly name: string
  readonly calls: ObservedCall[] = []
  readonly #script: { readonly [node: string]: readonly ScriptedAnswer[] }
  readonly #used = new Map<string, number>()

  constructor(script: { readonly [node: string]: readonly ScriptedAnswer[] }, name: string) {
    this.#script = script
    this.name = name
  }

  async call(request: ModelRequest, options: ModelCallOptions): Promise<ModelResponse> {
    const node = options.node ?? ''
    const index = this.#used.get(node) ?? 0
    this.#used.set(node, index + 1)
    this.calls.push({ node, index, effectId: options.effectId, attempt: options.attempt, request })
    let answer = this.#answers(node)[index]
    if (answer === undefined) throw new NodeError('WAYSTONE_NODE_SCRIPT_ENDED', this.#describeExtra(node, index))
    while (typeof answer === 'function') answer = await answer(request, options)
    if (answer instanceof Error) throw answer
    return responseOf(answer, { name: this.name, index: this.calls.length - 1 })
  }

  assertComplete(): void {
    const differences = [...this.#missing(), ...this.#extra()]
    if (differences.length === 0) return
    throw new InputError(
      'WAYSTONE_INPUT_SCRIPT_UNUSED',
      `the script of model ${this.name} does not fit: ${differences.join('; ')}`,
    )
  }

  #answers(node: string): readonly ScriptedAnswer[] {
    return Object.hasOwn(this.#script, node) ? (this.#script[node] ?? []) : []
  }

  #missing(): readonly string[] {
    return Object.keys(this.#script).flatMap((node) => {
      const used = this.#used.get(node) ?? 0
      return this.#answers(node)
        .slice(used)
        .map((_, place) => `node ${node} never made call ${used + place}`)
    })
  }

  #extra(): readonly string[] {
    return this.calls
      .filter(({ node, index }) => index >= this.#answers(node).length)
      .map(({ node, index }) => this.#describeExtra(node, index))
  }

  #describeExtra(node: string, index: number): string {
    const { length } = this.#answers(node)
    if (!Object.hasOwn(this.#script, node)) {
      const known = Object.keys(this.#script)
      return `node ${node} made call ${index}; the script has answers for ${known.length === 0 ? 'no node' : known.join(', ')} only`
    }
    return `node ${node} made call ${index}; the script has ${length} ${length === 1 ? 'answer' : 'answers'} for it`
  }
}

type PlainAnswer = Exclude<ScriptedAnswer, Error | ((...parts: never) => unknown)>

function responseOf(answer: PlainAnswer, call: { readonly name: string; readonly index: number }): ModelResponse {
  if (typeof answer === 'string') return responseOf({ text: answer }, call)
  if ('response' in answer) return answer.response
  const text = 'output' in answer ? JSON.stringify(answer.output) : answer.text
  const calls = 'calls' in answer ? answer.calls : []
  return {
    message: {
      role: 'assistant',
      content: text === undefined || text === '' ? [] : [{ type: 'text', text }],
      calls: calls.map((one, place) => ({
        id: one.id ?? `call-${call.index}-${place}`,
        name: one.name,
        arguments: asJson(one.arguments),
      })),
    },
    finish: answer.finish ?? (calls.length > 0 ? 'tool-calls' : 'stop'),
    usage: answer.usage === undefined ? defaultUsage : answer.usage,
    model: answer.model ?? call.name,
  }
}

function asJson(written: WrittenJson): Json {
  return JSON.parse(JSON.stringify(written)) as Json
}
