import {
  NodeError,
  type Json,
  type Model,
  type ModelCallOptions,
  type ModelRequest,
  type ModelResponse,
} from '@waystone/core'
import type { SeededRandom } from '../random/seeded-random.ts'
import type { SimulatedProcess } from './process.ts'
import type { Surroundings } from './surroundings.ts'

/** What calls of models are called: the one whose use all processes share, and the one that stands in for it. */
export type ModelCallName = 'model' | 'spare-model'

/** True for a call of either. */
export function isModelCall(name: string): boolean {
  return name === 'model' || name === 'spare-model'
}

/** The model of one process: asks for tools for a while, answers, misfits, fails, as the seed and the effect id decide. */
export function simulatedModel(world: Surroundings, process: SimulatedProcess, name: ModelCallName = 'model'): Model {
  return {
    name: 'simulated',
    async call(request, options) {
      const { node = '', effectId, attempt, signal } = options
      const runId = effectId.slice(0, effectId.lastIndexOf('/'))
      // A request is JSON; its interface only lacks an index signature.
      const input = request as unknown as Json
      const { random } = await world.outside.begin(process, {
        effectId,
        runId,
        node,
        attempt,
        signal,
        name,
        effect: 'idempotent',
        input,
      })
      options.onToken('…')
      return respond(request, options, random)
    },
  }
}

function respond(request: ModelRequest, options: ModelCallOptions, random: SeededRandom): ModelResponse {
  const usage = random.chance(0.95)
    ? {
        inputTokens: random.integer(10, 400),
        outputTokens: random.integer(1, 80),
        cachedTokens: random.integer(0, 9),
        reasoningTokens: 0,
      }
    : null
  const base = { usage, model: 'simulated-1' }
  const turns = request.messages.filter((message) => message.role === 'assistant' && message.calls.length > 0).length
  const handoffs = request.tools.filter(({ name }) => name.startsWith(handoffPrefix))
  if (request.tools.length > 0 && turns < 3 && random.chance(handoffs.length > 0 ? 0.85 : 0.55)) {
    const calls = Array.from({ length: random.integer(1, 5) }, (_, place) =>
      drawCall(handoffs.length > 0 && random.chance(0.5) ? { ...request, tools: handoffs } : request, {
        node: options.node,
        random,
        place,
      }),
    )
    return { ...base, message: { role: 'assistant', content: [], calls }, finish: 'tool-calls' }
  }
  if (random.chance(0.03))
    throw new NodeError('WAYSTONE_NODE_MODEL_NONSENSE', 'the provider answered nonsense', { retryable: true })
  const isCut = random.chance(0.03)
  return {
    ...base,
    message: { role: 'assistant', content: [{ type: 'text', text: drawText(options, random) }], calls: [] },
    finish: isCut ? 'length' : 'stop',
  }
}

/** Tools of agents that have rules for them: a model may know of one, from earlier turns, that it is not offered now. */
const ruled: { readonly [node: string]: readonly string[] } = {
  counter: ['look-up', 'probe', 'note', 'charge', 'quote'],
  scout: ['look-up', 'look-elsewhere'],
}

function drawCall(
  request: ModelRequest,
  {
    node = '',
    random,
    place,
  }: { readonly node: string | undefined; readonly random: SeededRandom; readonly place: number },
): ModelResponse['message']['calls'][number] {
  const id = `call-${place}-${random.integer(0, 1e9)}`
  if (random.chance(0.06)) return { id, name: 'no-such-tool', arguments: {} }
  const known = ruled[nameOf(node)]
  const { name } = random.pick(
    known !== undefined && random.chance(0.25) ? known.map((tool) => ({ name: tool })) : request.tools,
  )
  if (name.startsWith(handoffPrefix)) return { id, ...drawHandoff(request, name, random) }
  const ticket = `T${known === undefined ? random.integer(1, 9) : random.integer(0, 2)}`
  return { id, name, arguments: random.chance(0.08) ? { ticket: 7 } : { ticket } }
}

const handoffPrefix = 'handoff_'

/** Hands over, now and then to somebody there is not or who cannot be handed to, or without a word that is needed. */
function drawHandoff(
  { tools }: ModelRequest,
  offered: string,
  random: SeededRandom,
): Pick<ModelResponse['message']['calls'][number], 'name' | 'arguments'> {
  const name = random.chance(0.1)
    ? `${handoffPrefix}${random.pick(['back', 'front', 'third', 'left', 'nobody'])}`
    : offered
  const schema = tools.find((tool) => tool.name === name)?.inputSchema as
    | { readonly required?: readonly string[] }
    | undefined
  const words: { readonly [key: string]: Json } = {
    ticket: `T${random.integer(1, 2)}`,
    amount: random.integer(1, 2),
    reason: `because ${random.integer(1, 1e9)}`,
    summary: `in short ${random.integer(1, 1e9)}`,
  }
  const left = random.chance(0.16) ? random.pick(['amount', 'reason', 'summary']) : ''
  const given = (schema?.required ?? ['reason']).filter((key) => key !== left)
  return { name, arguments: Object.fromEntries(given.map((key) => [key, words[key] ?? null])) }
}

/** Of a nested workflow's node, its own name. */
function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

function drawText({ node }: ModelCallOptions, random: SeededRandom): string {
  if (random.chance(0.12)) return '{"plan": 3'
  const output =
    nameOf(node ?? '') === 'review'
      ? { outcome: random.pick(['pass', 'again', 'again']), reasons: ['seen'], score: random.next() }
      : { plan: `plan ${random.integer(1, 999)}`, score: random.integer(0, 100) }
  return JSON.stringify(output)
}
