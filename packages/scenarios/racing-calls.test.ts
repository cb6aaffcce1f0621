import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  createRuntime,
  defineState,
  defineTool,
  END,
  type Limits,
  type ModelResponse,
  type Run,
  type Runtime,
} from '@waystone/core'
import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'

/** A service whose requests are answered when the test says so, and which counts them. */
class CountingService {
  requests: string[] = []
  inFlight = 0
  maxInFlight = 0
  readonly #server: Server
  readonly #waiting: (() => void)[] = []

  constructor() {
    this.#server = createServer((request, response) => {
      this.requests.push(request.url ?? '')
      this.inFlight += 1
      this.maxInFlight = Math.max(this.maxInFlight, this.inFlight)
      this.#waiting.push(() => {
        this.inFlight -= 1
        response.end('{}')
      })
    })
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => void this.#server.listen(0, '127.0.0.1', resolve))
    // A TCP server has an address with a port.
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  answerAll(): void {
    for (const answer of this.#waiting.splice(0)) answer()
  }

  async close(): Promise<void> {
    this.answerAll()
    this.#server.closeAllConnections()
    await new Promise<void>((resolve) => void this.#server.close(() => resolve()))
  }
}

const closing: { close: () => Promise<void> }[] = []
afterEach(async () => {
  for (const one of closing.splice(0).toReversed()) await one.close()
})

const w = defineState({ places: z.array(z.string()), answer: z.string().optional() })

interface Terms {
  readonly limits?: Limits<never>
  readonly maxParallelCalls?: number
}

async function race({
  limits,
  maxParallelCalls,
}: Terms): Promise<{ readonly service: CountingService; readonly run: Run<object> }> {
  const service = new CountingService()
  closing.push(service)
  const url = await service.listen()
  const visit = defineTool({
    name: 'visit',
    description: 'Visits a place.',
    effect: 'pure',
    retry: { attempts: 1 },
    input: z.object({ place: z.string() }),
    output: z.object({}),
    run: async ({ place }, { signal }) => {
      await (await fetch(`${url}/${place}`, { signal })).text()
      return {}
    },
  })
  const n = w.nodes({
    scout: w.agent({
      model: 'fast',
      instructions: 'Visit every place.',
      tools: [visit],
      reads: ['places'],
      writes: ['answer'],
      ...(maxParallelCalls !== undefined && { maxParallelCalls }),
    }),
  })
  const workflow = w.workflow('race', {
    input: z.object({ places: z.array(z.string()) }),
    output: ['answer'],
    nodes: n,
    start: n.scout,
    edges: { scout: { done: END } },
    ...(limits !== undefined && { limits }),
  })
  const places = ['a', 'b', 'c', 'd']
  const asking = response(
    places.map((place) => ({ id: place, name: 'visit', arguments: { place } })),
    '',
  )
  let asked = 0
  const fast = { name: 'scripted', call: async () => (asked++ === 0 ? asking : response([], '{"answer":"seen"}')) }
  const runtime: Runtime = createRuntime({ models: { fast } })
  closing.push(runtime)
  return { service, run: await runtime.start(workflow, { input: { places } }) }
}

function response(calls: ModelResponse['message']['calls'], text: string): ModelResponse {
  return {
    message: { role: 'assistant', content: text === '' ? [] : [{ type: 'text', text }], calls },
    finish: calls.length > 0 ? 'tool-calls' : 'stop',
    usage: { inputTokens: 10, outputTokens: 10, cachedTokens: 0, reasoningTokens: 0 },
    model: 'scripted-1',
  }
}

describe('four tool calls of one answer', () => {
  it('that race for three make exactly three requests, and the fourth never reaches the server (B2)', async () => {
    const { service, run } = await race({ limits: { toolCalls: 3 } })
    await expect.poll(() => service.requests.length).toBe(3)
    service.answerAll()
    expect(await run.result()).toMatchObject({ status: 'exhausted', limit: 'toolCalls', usage: { toolCalls: 3 } })
    expect(service.requests.toSorted()).toEqual(['/a', '/b', '/c'])
  })

  it('are never more at once at the server than maxParallelCalls says', async () => {
    const { service, run } = await race({ maxParallelCalls: 2 })
    for (const count of [2, 4]) {
      await expect.poll(() => service.requests.length).toBe(count)
      service.answerAll()
    }
    expect(await run.result()).toMatchObject({ status: 'completed', usage: { toolCalls: 4 } })
    expect(service.maxInFlight).toBe(2)
  })
})
