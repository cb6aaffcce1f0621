import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createMcpHandler } from '@modelcontextprotocol/server'
import { shopServer, type ShopOptions } from './fixtures/shop-server.ts'

/** A shop that speaks HTTP on the loopback interface. */
export interface HttpShop {
  readonly url: string
  /** Values of the header `authorization`, as they came. */
  readonly keys: string[]
  /** What was called, in order: names of tools and their arguments. */
  readonly calls: { readonly name: string; readonly arguments: unknown }[]
  /** In order: `came METHOD`, then `answered METHOD` or, when the client closed first, `left METHOD`. */
  readonly log: readonly string[]
  /** What it offers from now on. */
  offer(options: Partial<ShopOptions>): void
  close(): Promise<void>
}

/** Starts one. @param key - the only value of `authorization` that it takes */
export async function startHttpShop(key: string): Promise<HttpShop> {
  let options: Partial<ShopOptions> = {}
  const keys: string[] = []
  const calls: HttpShop['calls'] = []
  const log: string[] = []
  const die = (): void => server.closeAllConnections()
  const handler = createMcpHandler(() => shopServer({ die, ...options }))
  const server = createServer((incoming, outgoing) => {
    void (async () => {
      keys.push(incoming.headers.authorization ?? '')
      const left = new AbortController()
      const asked = await readAsked(incoming, left.signal)
      log.push(`came ${asked.name}`)
      outgoing.on('close', () => {
        log.push(`${outgoing.writableFinished ? 'answered' : 'left'} ${asked.name}`)
        left.abort()
      })
      if (asked.name === 'tools/call') calls.push(asked.call)
      const response =
        incoming.headers.authorization === key
          ? await handler.fetch(asked.request)
          : new Response('who are you?', { status: 401 })
      outgoing.writeHead(response.status, Object.fromEntries(response.headers))
      for await (const chunk of response.body ?? []) outgoing.write(chunk)
      outgoing.end()
    })()
  })
  const { promise: isListening, resolve } = Promise.withResolvers<undefined>()
  server.listen(0, '127.0.0.1', () => resolve(undefined))
  await isListening
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    keys,
    calls,
    log,
    offer: (next) => {
      options = next
    },
    close: async () => {
      await handler.close()
      server.closeAllConnections()
      server.close()
    },
  }
}

interface Asked {
  /** Of the JSON-RPC message; else of HTTP. */
  readonly name: string
  readonly call: HttpShop['calls'][number]
  readonly request: Request
}

async function readAsked(incoming: IncomingMessage, signal: AbortSignal): Promise<Asked> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk as Buffer)
  const text = Buffer.concat(chunks).toString()
  const { method = 'GET' } = incoming
  const { method: name = method, params = { name: '', arguments: null } } = (text === '' ? {} : JSON.parse(text)) as {
    readonly method?: string
    readonly params?: HttpShop['calls'][number]
  }
  const request = new Request(`http://127.0.0.1${incoming.url ?? '/'}`, {
    method,
    signal,
    headers: Object.entries(incoming.headers).flatMap(([header, value]) =>
      typeof value === 'string' ? [[header, value] as [string, string]] : [],
    ),
    ...(method === 'POST' && { body: text }),
  })
  return { name, call: { name: params.name, arguments: params.arguments }, request }
}
