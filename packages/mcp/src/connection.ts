import { Client, type CallToolResult, type Progress } from '@modelcontextprotocol/client'
import type { Json, JsonObject } from '@waystone/core'
import { lockToolOf, type McpLock } from './lock.ts'
import { makeTransport, type McpTransport } from './transport.ts'

/** Gets what a server says while it works. */
export type OnLine = (message: string, data: Json) => void

/** One call at a server. */
export interface ServerCall {
  readonly tool: string
  readonly input: JsonObject
  readonly effectId: string
  readonly signal: AbortSignal
  readonly onLine: OnLine
}

// Waystone's own timeout of the tool ends a call; the SDK's would be a second, hidden one. The longest that a timer can wait.
const noTimeout = 2 ** 31 - 1

/** An open connection to a server, and what the server last said it offers. */
export class Connection {
  readonly #client: Client
  readonly #listeners = new Set<OnLine>()
  #offered: McpLock['tools'] | null = null
  #listedAt = 0
  #isDead = false

  private constructor(client: Client) {
    this.#client = client
    // oxlint-disable-next-line unicorn/prefer-add-event-listener -- the SDK's client is no event target
    client.onclose = () => {
      this.#isDead = true
    }
    client.setNotificationHandler('notifications/tools/list_changed', () => {
      this.#offered = null
    })
    client.setNotificationHandler('notifications/message', ({ params }) => {
      const data: Json = { level: params.level, data: (params.data ?? null) as Json }
      for (const onLine of this.#listeners) onLine('server', data)
    })
  }

  /** Connects and shakes hands. @param timeoutMs - longest time of that */
  static async open(
    transport: McpTransport,
    values: { readonly [name: string]: string },
    timeoutMs: number,
  ): Promise<Connection> {
    const client = new Client({ name: 'waystone', version: '0.1.0' })
    const connection = new Connection(client)
    try {
      await client.connect(makeTransport(transport, values), { timeout: timeoutMs })
    } catch (error) {
      await client.close().catch(() => {})
      throw error
    }
    return connection
  }

  get isDead(): boolean {
    return this.#isDead
  }

  /** The tools that the server offers. @param now - ms since the epoch @param maxAgeMs - how old the answer may be */
  async offered(now: number, maxAgeMs: number): Promise<McpLock['tools']> {
    const known = this.#offered
    if (known !== null && now - this.#listedAt < maxAgeMs) return known
    // Over HTTP the server may have no way to say that its list changed, so it is asked for again.
    const { tools } = await this.#client.listTools(undefined, { cacheMode: 'refresh' })
    const offered = Object.fromEntries(tools.map((tool) => [tool.name, lockToolOf(tool)]))
    this.#offered = offered
    this.#listedAt = now
    return offered
  }

  async call({ tool, input, effectId, signal, onLine }: ServerCall): Promise<CallToolResult> {
    this.#listeners.add(onLine)
    try {
      return await this.#client.callTool(
        { name: tool, arguments: { ...input }, _meta: { 'waystone/effectId': effectId } },
        { signal, timeout: noTimeout, onprogress: (progress) => onLine('progress', progressData(progress)) },
      )
    } finally {
      this.#listeners.delete(onLine)
      if (this.#isDead) this.retire()
    }
  }

  /** Takes no further calls, and closes when those under way have ended. */
  retire(): void {
    this.#isDead = true
    if (this.#listeners.size === 0) void this.close().catch(() => {})
  }

  async close(): Promise<void> {
    this.#isDead = true
    await this.#client.close()
  }
}

function progressData({ progress, total, message }: Progress): Json {
  return { progress, ...(total !== undefined && { total }), ...(message !== undefined && { message }) }
}
