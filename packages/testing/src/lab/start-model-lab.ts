import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import { InputError, type Json } from '@waystone/core'
import { RecordAnswering, ReplayAnswering, ScriptAnswering, type Answering } from './answering.ts'
import { isObject, parseJson } from './json-access.ts'
import { Journal, wireTime, type LabCondition, type LabEntry, type LabTotals, type OpenEntry } from './journal.ts'
import { readRequest, type LabApi, type LabRequest } from './lab-request.ts'
import type { LabOptions, ModelLab } from './model-lab.ts'
import { readRecording } from './recording.ts'
import { RunningReplay } from './replay.ts'
import { RunningScript } from './script.ts'
import { publicHeaders, publicPath } from './secrets.ts'
import { labErrorReply } from './reply.ts'
import { UpstreamCut } from './upstream.ts'
import { sendReply, type Exchange } from './send-reply.ts'

/**
 * Starts a model lab: a real HTTP server on 127.0.0.1 that speaks OpenAI's Responses and chat completions, streamed and not. It
 * answers by a script, from a recording, or by a real service that it records.
 *
 * @returns the lab, listening; close it
 * @throws {InputError} WAYSTONE_INPUT_RECORDING_FILE when there is nothing to replay; WAYSTONE_INPUT_LAB_PORT
 * @example
 * const lab = await startModelLab({ script: [{ calls: [{ name: 'look-up', arguments: { order: 'A1' } }] }, 'It is on its way.'] })
 * const client = new OpenAI({ baseURL: lab.url, apiKey: 'any', maxRetries: 0 })
 * // …
 * lab.assertComplete()
 * await lab.close()
 */
export async function startModelLab(options: LabOptions): Promise<ModelLab> {
  const lab = new Lab(answeringOf(options), 'replay' in options)
  await lab.listen(options.port ?? 0)
  return lab
}

function answeringOf(options: LabOptions): Answering {
  if ('script' in options) return new ScriptAnswering(new RunningScript(options.script), options.apiKey)
  if ('record' in options) return new RecordAnswering({ secrets: [], ...options.record })
  const { file, ignore = [], isRepeated = false, secrets = [] } = options.replay
  return new ReplayAnswering(new RunningReplay(readRecording(file), { file, ignore, isRepeated }), secrets)
}

const defaultWithinMs = 10_000

/** How long an idle connection stays: longer than a test pauses, so that no client meets one that is just being closed. */
const idleMs = 60_000

class Lab implements ModelLab {
  readonly problems: string[] = []
  readonly #journal = new Journal()
  readonly #answering: Answering
  readonly #isReplay: boolean
  readonly #server: Server
  #port = 0
  #isClosed = false

  constructor(answering: Answering, isReplay: boolean) {
    this.#answering = answering
    this.#isReplay = isReplay
    this.#server = createServer({ keepAliveTimeout: idleMs }, (request, response) => {
      void this.#serve(request, response)
    })
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/v1`
  }

  get entries(): readonly LabEntry[] {
    return this.#journal.entries
  }

  async listen(port: number): Promise<void> {
    try {
      this.#server.listen(port, '127.0.0.1')
      await once(this.#server, 'listening')
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      throw new InputError(
        'WAYSTONE_INPUT_LAB_PORT',
        `the lab cannot listen on port ${port}: ${reason}`,
        { port },
        error,
      )
    }
    const address = this.#server.address()
    if (typeof address === 'object' && address !== null) this.#port = address.port
  }

  totals(): LabTotals {
    return this.#journal.totals()
  }

  async until(condition: LabCondition, options: { readonly withinMs?: number } = {}): Promise<readonly LabEntry[]> {
    await this.#journal.until(condition, options.withinMs ?? defaultWithinMs)
    return this.entries
  }

  untilIdle(options: { readonly withinMs?: number } = {}): Promise<readonly LabEntry[]> {
    return this.until((entries) => entries.every(({ end }) => end !== null), options)
  }

  assertComplete(): void {
    const differences = [...this.problems, ...this.#answering.unused()]
    if (differences.length === 0) return
    const [code, what] = this.#isReplay
      ? (['WAYSTONE_INPUT_RECORDING_MISS', 'recording'] as const)
      : (['WAYSTONE_INPUT_SCRIPT_UNUSED', 'script'] as const)
    throw new InputError(code, `the ${what} of the model lab does not fit:\n- ${differences.join('\n- ')}`)
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#journal.close()
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.#server.closeAllConnections()
    await closed
  }

  async #serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = new AbortController()
    const { promise: whenClosed, resolve: close } = Promise.withResolvers<void>()
    response.on('error', () => undefined)
    response.on('close', () => {
      gone.abort()
      close()
    })
    const text = await readText(message).catch(() => null)
    // The client left in the middle of its request, or right after it.
    if (text === null || gone.signal.aborted) return
    const entry = this.#journal.add({ ...readEntry(message, text), bytesIn: Buffer.byteLength(text) })
    response.on('close', () => this.#ended(entry, response.writableFinished))
    const changed = (): void => this.#journal.changed()
    const exchange = { response, entry, closed: gone.signal, whenClosed, changed }
    try {
      const incoming = { entry, url: message.url ?? '', headers: message.headers, text, closed: gone.signal }
      const { reply, by, problem } = await this.#answering.answer(incoming)
      entry.answeredBy = by
      if (problem !== null) this.problems.push(`request ${entry.index}: ${problem}`)
      await sendReply(reply, exchange)
    } catch (error) {
      if (!gone.signal.aborted) await this.#fail(error, exchange)
    }
  }

  #ended(entry: OpenEntry, isWhole: boolean): void {
    entry.end ??= { at: wireTime(), by: isWhole || this.#isClosed ? 'lab' : 'client', isWhole }
    this.#journal.changed()
  }

  /** An answer function that threw, a recording that cannot be written, a service whose connection broke. */
  async #fail(error: unknown, exchange: Exchange): Promise<void> {
    const { response, entry } = exchange
    const problem = error instanceof Error ? error.message : String(error)
    if (!(error instanceof UpstreamCut)) this.problems.push(`request ${entry.index}: ${problem}`)
    if (!response.headersSent) return await sendReply(labErrorReply(problem, 'lab_failed'), exchange)
    entry.end ??= { at: wireTime(), by: 'lab', isWhole: false }
    response.destroy()
  }
}

const apiPaths = new Map<string, LabApi>([
  ['/v1/responses', 'responses'],
  ['/v1/chat/completions', 'chat'],
])

interface ReadEntry {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Json | null
  readonly request: LabRequest | null
}

function readEntry({ method = '', url = '', headers }: IncomingMessage, text: string): ReadEntry {
  const body = parseJson(text) ?? null
  const api = method === 'POST' ? apiPaths.get(url.split('?')[0] ?? '') : undefined
  const request = api !== undefined && isObject(body) ? readRequest(api, body) : null
  return { method, path: publicPath(url), headers: publicHeaders(headers), body, request }
}

async function readText(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of message) chunks.push(Buffer.from(chunk as Uint8Array))
  return Buffer.concat(chunks).toString('utf8')
}
