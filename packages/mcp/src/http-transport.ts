import { StreamableHTTPClientTransport, type JSONRPCMessage, type RequestId } from '@modelcontextprotocol/client'

type SendOptions = Parameters<StreamableHTTPClientTransport['send']>[1]

/**
 * The SDK's transport, that closes the connection of a request as soon as it is cancelled.
 *
 * In the protocol revisions of the handshake the SDK only tells the server of a cancel, and leaves the connection open until the server
 * answers: a server that does not listen would hold it for ever.
 */
export class HttpTransport extends StreamableHTTPClientTransport {
  /** By the id of a request that has no answer yet. */
  readonly #open = new Map<RequestId, AbortController>()

  override async start(): Promise<void> {
    const give = this.onmessage
    // oxlint-disable-next-line unicorn/prefer-add-event-listener -- the SDK's transport is no event target
    this.onmessage = (message: JSONRPCMessage) => {
      if (!('method' in message) && message.id !== undefined) this.#open.delete(message.id)
      give?.(message)
    }
    await super.start()
  }

  override async send(message: JSONRPCMessage | JSONRPCMessage[], options?: SendOptions): Promise<void> {
    if (Array.isArray(message) || !('method' in message)) return await super.send(message, options)
    if ('id' in message) {
      const { id } = message
      const controller = new AbortController()
      this.#open.set(id, controller)
      const given = options?.requestSignal
      const requestSignal = given === undefined ? controller.signal : AbortSignal.any([given, controller.signal])
      try {
        return await super.send(message, { ...options, requestSignal })
      } catch (error) {
        this.#open.delete(id)
        throw error
      }
    }
    const sent = super.send(message, options)
    if (message.method === 'notifications/cancelled') this.#closeRequest(message.params?.['requestId'])
    return await sent
  }

  #closeRequest(id: unknown): void {
    if (typeof id !== 'string' && typeof id !== 'number') return
    this.#open.get(id)?.abort()
    this.#open.delete(id)
  }
}
