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
  /** What it offers from now on. */
  offer(options: Partial<ShopOptions>): void
  close(): Promise<void>
}

/** Starts one. @param key - the only value of `authorization` that it takes */
export async function startHttpShop(key: string): Promise<HttpShop> {
  let options: Partial<ShopOptions> = {}
  const keys: string[] = []
  const calls: HttpShop['calls'] = []
  const die = (): void => server.closeAllConnections()
  const handler = createMcpHandler(() => shopServer({ die, ...options }))
  const server = createServer((incoming, outgoing) => {
    void (async () => {
      keys.push(incoming.headers.authorization ?? '')
      const response =
        incoming.headers.authorization === key
          ? await handler.fetch(await requestOf(incoming, calls))
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

async function requestOf(incoming: IncomingMessage, calls: HttpShop['calls']): Promise<Request> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk as Buffer)
  const text = Buffer.concat(chunks).toString()
  const { method: asked, params } = (text === '' ? {} : JSON.parse(text)) as {
    readonly method?: string
    readonly params?: HttpShop['calls'][number]
  }
  if (asked === 'tools/call' && params !== undefined) calls.push({ name: params.name, arguments: params.arguments })
  const method = incoming.method ?? 'GET'
  return new Request(`http://127.0.0.1${incoming.url ?? '/'}`, {
    method,
    headers: Object.entries(incoming.headers).flatMap(([name, value]) =>
      typeof value === 'string' ? [[name, value] as [string, string]] : [],
    ),
    ...(method === 'POST' && { body: Buffer.concat(chunks) }),
  })
}
