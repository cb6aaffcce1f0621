import { createServer, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Json } from '@waystone/core'

/** One request as the server got it. */
export interface ServedCall {
  /** Without the leading slash. */
  readonly path: string
  /** Header `idempotency-key`; empty when there is none. */
  readonly key: string
  readonly headers: IncomingHttpHeaders
  /** Null when there is none. */
  readonly body: Json
}

/** A real HTTP server behind the tools of a scenario, which counts what reaches it. */
export interface ToolServer {
  readonly url: string
  /** Order: as they came. */
  readonly calls: readonly ServedCall[]
  /** In order: `came PATH`, then `answered PATH` or, when the client closed first, `left PATH`. */
  readonly log: readonly string[]
  /** Resolves as soon as so many calls have come. */
  until(count: number): Promise<void>
  close(): Promise<void>
}

/** Starts one. @param answer - what a call is answered with; never: it hangs until the client closes */
export async function startToolServer(answer: (call: ServedCall) => Json | Promise<Json>): Promise<ToolServer> {
  const calls: ServedCall[] = []
  const log: string[] = []
  const waiting = new Set<() => void>()
  const server = createServer((request, response) => {
    void (async () => {
      const call = await read(request)
      calls.push(call)
      log.push(`came ${call.path}`)
      response.on('close', () => log.push(`${response.writableFinished ? 'answered' : 'left'} ${call.path}`))
      for (const look of waiting) look()
      const body = await answer(call)
      response.setHeader('content-type', 'application/json').end(JSON.stringify(body))
    })()
  })
  const listening = Promise.withResolvers<undefined>()
  server.listen(0, '127.0.0.1', () => listening.resolve(undefined))
  await listening.promise
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    calls,
    log,
    until: (count) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (calls.length < count) return
          waiting.delete(look)
          resolve()
        }
        waiting.add(look)
        look()
      }),
    close: async () => {
      const ended = Promise.withResolvers<undefined>()
      server.close(() => ended.resolve(undefined))
      server.closeAllConnections()
      await ended.promise
    },
  }
}

async function read(request: IncomingMessage): Promise<ServedCall> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const text = Buffer.concat(chunks).toString()
  const key = request.headers['idempotency-key']
  return {
    path: (request.url ?? '/').slice(1),
    key: typeof key === 'string' ? key : '',
    headers: request.headers,
    body: text === '' ? null : (JSON.parse(text) as Json),
  }
}
