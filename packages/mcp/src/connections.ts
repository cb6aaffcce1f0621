import { unreachable } from './failure.ts'
import { Connection } from './connection.ts'
import { stableText } from './stable-text.ts'
import { resolveValues, type McpTransport, type ResolveSecret } from './transport.ts'

/** How a server is reached. */
export interface ConnectionOptions {
  readonly name: string
  readonly transport: McpTransport
  readonly connectTimeoutMs: number
}

/** The connections to one server: opened at first use, shared, opened anew after they died. One for each set of secrets. */
export class Connections {
  readonly #options: ConnectionOptions
  readonly #open = new Map<string, Promise<Connection>>()

  constructor(options: ConnectionOptions) {
    this.#options = options
  }

  /** A connection that lives. @throws {NodeError} WAYSTONE_NODE_MCP_FAILED when there is none */
  async get(secret: ResolveSecret): Promise<Connection> {
    const { name, transport, connectTimeoutMs } = this.#options
    const values = await resolveValues(transport, secret)
    const key = stableText(values)
    const known = this.#open.get(key)
    const living = await known?.catch(() => undefined)
    if (living !== undefined && !living.isDead) return living
    // Whoever comes first after a death opens; the others wait for the same.
    const current = this.#open.get(key)
    if (current !== undefined && current !== known) return await this.get(secret)
    const opening = Connection.open(transport, values, connectTimeoutMs)
    this.#open.set(key, opening)
    try {
      return await opening
    } catch (error) {
      if (this.#open.get(key) === opening) this.#open.delete(key)
      throw unreachable(name, error)
    }
  }

  /** Closes all; the next use opens anew. */
  async close(): Promise<void> {
    const all = [...this.#open.values()]
    this.#open.clear()
    await Promise.all(all.map((opening) => opening.then((connection) => connection.close()).catch(() => {})))
  }
}
