import { NodeError, type JsonObject, type ModelMessage, type ModelResponse, type ModelTool } from '@waystone/core'
import type { ContractRun } from './contract-talk.ts'
import { objectOf } from './json-access.ts'

/** What is looked at, in this order. */
export type ContractCheckName =
  | 'text'
  | 'usage'
  | 'schema'
  | 'tool call'
  | 'tool result'
  | 'parallel tools'
  | 'schema after tools'
  | 'streaming'
  | 'abort'

interface ContractCheckEntry {
  readonly name: ContractCheckName
  readonly needs: readonly ContractCheckName[]
  readonly run: ContractRun
}

const weather: ModelTool = {
  name: 'get_temperature',
  description: 'The temperature of a city now, in degrees Celsius.',
  inputSchema: {
    type: 'object',
    properties: { city: { type: 'string' } },
    required: ['city'],
    additionalProperties: false,
  },
}

const reading: { readonly name: string; readonly schema: JsonObject } = {
  name: 'reading',
  schema: {
    type: 'object',
    properties: { city: { type: 'string' }, degrees: { type: 'number' } },
    required: ['city', 'degrees'],
    additionalProperties: false,
  },
}

const askOne = user(`Call ${weather.name} for Ulm. Answer only after you have its result.`)

/** Every check, those it builds on before it. */
export const contractChecks: readonly ContractCheckEntry[] = [
  {
    name: 'text',
    needs: [],
    run: async ({ call }) => {
      const response = await call({ messages: [user('Answer with one word: pong')] })
      expectThat(response.finish === 'stop', `it ended with ${response.finish}`)
      expectThat(textOf(response) !== '', 'the answer is empty')
      return `${JSON.stringify(textOf(response).slice(0, 40))} by ${response.model}`
    },
  },
  {
    name: 'usage',
    needs: ['text'],
    run: async ({ call }) => {
      const { usage } = await call({ messages: [user('Answer with one word: pong')] })
      if (usage === null)
        throw new NodeError(
          'WAYSTONE_NODE_MODEL_NONSENSE',
          'it does not say what it used: calls are charged as reserved',
        )
      expectThat(usage.inputTokens > 0, 'it says that it read no token')
      return `${usage.inputTokens} tokens in, ${usage.outputTokens} out`
    },
  },
  {
    name: 'schema',
    needs: ['text'],
    run: async ({ call }) => {
      const response = await call({ messages: [user('In Ulm it is 21 degrees now.')], output: reading })
      return `answered ${readingOf(response)}`
    },
  },
  {
    name: 'tool call',
    needs: ['text'],
    run: async ({ call }) => {
      const { message } = await call({ messages: [askOne], tools: [weather] })
      expectCalls(message, 1)
      return `called ${weather.name} with ${JSON.stringify(message.calls[0]?.arguments)}`
    },
  },
  {
    name: 'tool result',
    needs: ['tool call'],
    run: async ({ call }) => {
      const { message } = await call({ messages: [askOne], tools: [weather] })
      expectCalls(message, 1)
      const response = await call({ messages: [askOne, message, ...resultsOf(message)], tools: [weather] })
      expectThat(
        textOf(response).includes('17'),
        `the answer does not use the result: ${JSON.stringify(textOf(response))}`,
      )
      return 'read the result and answered with it'
    },
  },
  {
    name: 'parallel tools',
    needs: ['tool call'],
    run: async ({ call }) => {
      const asked = user(`Call ${weather.name} for Ulm and for Bonn, both at once, in one turn.`)
      const { message } = await call({ messages: [asked], tools: [weather] })
      expectCalls(message, 2)
      return `${message.calls.length} calls in one turn`
    },
  },
  {
    name: 'schema after tools',
    needs: ['schema', 'tool result'],
    run: async ({ call }) => {
      const first = await call({ messages: [askOne], tools: [weather], output: reading })
      expectCalls(first.message, 1)
      const messages = [askOne, first.message, ...resultsOf(first.message)]
      const last = await call({ messages, tools: [weather], output: reading })
      return `called, then answered ${readingOf(last)}`
    },
  },
  {
    name: 'streaming',
    needs: ['text'],
    run: async ({ call }) => {
      const tokens: string[] = []
      const messages = [user('Count from one to ten, in words.')]
      const response = await call({ messages }, { onToken: (text) => void (text !== '' && tokens.push(text)) })
      expectThat(tokens.length > 1, `the answer came in ${tokens.length} pieces`)
      expectThat(tokens.join('') === textOf(response), 'the pieces are not the answer')
      return `${tokens.length} pieces`
    },
  },
  {
    name: 'abort',
    needs: ['text'],
    run: async ({ call }) => {
      const abort = new AbortController()
      const timer = setTimeout(() => abort.abort(), 300)
      const messages = [user('Count from one to five hundred, in words, without leaving any out.')]
      const ended = call({ messages }, { signal: abort.signal, onToken: () => abort.abort() }).then(
        () => 'answered',
        () => 'stopped',
      )
      const outcome = await ended.finally(() => clearTimeout(timer))
      expectThat(abort.signal.aborted, 'the answer came before it could be stopped')
      expectThat(outcome === 'stopped', 'it went on after it was told to stop')
      return 'stopped at once'
    },
  },
]

function user(text: string): ModelMessage {
  return { role: 'user', content: [{ type: 'text', text }] }
}

function textOf({ message }: ModelResponse): string {
  return message.content.map((part) => (part.type === 'text' ? part.text : '')).join('')
}

function resultsOf({ calls }: ModelResponse['message']): readonly ModelMessage[] {
  return calls.map(({ id, name }) => {
    return { role: 'tool', callId: id, name, content: [{ type: 'text', text: '{"degrees":17}' }], isError: false }
  })
}

function expectCalls({ calls }: ModelResponse['message'], atLeast: number): void {
  expectThat(calls.length >= atLeast, `${calls.length} calls came, not ${atLeast}`)
  for (const { name, arguments: given } of calls) {
    expectThat(name === weather.name, `it called ${JSON.stringify(name)}, which was not offered`)
    expectThat(typeof objectOf(given)['city'] === 'string', `the arguments do not fit: ${JSON.stringify(given)}`)
  }
  expectThat(new Set(calls.map(({ id }) => id)).size === calls.length, 'two calls have one id')
}

function readingOf(response: ModelResponse): string {
  const text = textOf(response)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new NodeError('WAYSTONE_NODE_MODEL_NONSENSE', `the answer is no JSON: ${JSON.stringify(text.slice(0, 80))}`)
  }
  const { city, degrees, ...more } = objectOf(value)
  const fits = typeof city === 'string' && typeof degrees === 'number' && Object.keys(more).length === 0
  expectThat(fits, `the answer does not fit the schema: ${text.slice(0, 80)}`)
  return text
}

function expectThat(holds: boolean, otherwise: string): void {
  if (!holds) throw new NodeError('WAYSTONE_NODE_MODEL_NONSENSE', otherwise)
}
