import { NodeError, type Model, type ModelRequest, type ModelResponse, type ModelUsage } from '@waystone/core'

/** How a contract check makes its calls. */
export interface ContractCheckOptions {
  /** Default: environment variables. */
  readonly secret?: (name: string) => Promise<string>
  /** Ends it all. */
  readonly signal?: AbortSignal
  /** Longest time of one check. Units: ms. Default: 60000. */
  readonly timeoutMs?: number
}

/** What a check is given to talk to the model. */
export interface Conversation {
  /** Makes one call. What is left out is empty. */
  readonly call: (
    request: Partial<ModelRequest> & Pick<ModelRequest, 'messages'>,
    options?: CallOptions,
  ) => Promise<ModelResponse>
}

/** How one call of a check differs from others. */
export interface CallOptions {
  readonly onToken?: (text: string) => void
  readonly signal?: AbortSignal
}

/** What a check found: a text when it works; throws when it does not. */
export type ContractRun = (conversation: Conversation) => Promise<string>

/** All the calls of a contract check. */
export interface ContractTalk {
  readonly calls: number
  readonly usage: ModelUsage
  /** Runs a check. Never throws. */
  within(timeoutMs: number, run: ContractRun): Promise<{ readonly outcome: 'works' | 'fails'; readonly detail: string }>
}

/** Begins to talk to a model. */
export function createContractTalk(model: Model, options: ContractCheckOptions): ContractTalk {
  const { secret = fromEnvironment, signal: whole } = options
  let calls = 0
  let usage: ModelUsage = { inputTokens: 0, outputTokens: 0, cachedTokens: 0, reasoningTokens: 0 }
  const call = async (
    request: Parameters<Conversation['call']>[0],
    { onToken = () => {}, signal }: CallOptions,
  ): Promise<ModelResponse> => {
    calls += 1
    const response = await model.call(
      { instructions: 'Follow the instructions exactly.', tools: [], output: null, maxOutputTokens: null, ...request },
      {
        signal: signal ?? new AbortController().signal,
        effectId: `contract-check/${calls}`,
        attempt: 1,
        onToken,
        secret,
      },
    )
    if (response.usage !== null) usage = added(usage, response.usage)
    return response
  }
  return {
    get calls() {
      return calls
    },
    get usage() {
      return usage
    },
    async within(timeoutMs, run) {
      const late = AbortSignal.timeout(timeoutMs)
      const limits = whole === undefined ? [late] : [late, whole]
      try {
        const detail = await run({
          call: (request, { signal, ...rest } = {}) =>
            call(request, { ...rest, signal: AbortSignal.any(signal === undefined ? limits : [...limits, signal]) }),
        })
        return { outcome: 'works', detail }
      } catch (thrown) {
        const why = thrown instanceof Error ? thrown.message : String(thrown)
        return { outcome: 'fails', detail: late.aborted ? `took longer than ${timeoutMs} ms` : why }
      }
    },
  }
}

function added(left: ModelUsage, right: ModelUsage): ModelUsage {
  return {
    inputTokens: left.inputTokens + right.inputTokens,
    outputTokens: left.outputTokens + right.outputTokens,
    cachedTokens: left.cachedTokens + right.cachedTokens,
    reasoningTokens: left.reasoningTokens + right.reasoningTokens,
  }
}

function fromEnvironment(name: string): Promise<string> {
  const value = process.env[name]
  return value === undefined || value === ''
    ? Promise.reject(new NodeError('WAYSTONE_NODE_SECRET_MISSING', `environment variable ${name} is not set`))
    : Promise.resolve(value)
}
