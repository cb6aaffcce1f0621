import { Socket } from 'node:net'
import { InputError } from '@waystone/core'

/** What {@link forbidNetwork} lets through beside this machine. */
export interface ForbidNetworkOptions {
  /** Names or addresses of hosts, exactly as they are asked for. Default: none. */
  readonly allow?: readonly string[]
}

type Connect = typeof Socket.prototype.connect

const active = new Set<ForbidNetworkOptions>()
// It is only put back where it was found, never called without its socket.
// oxlint-disable-next-line typescript/unbound-method
let original: Connect | undefined

/**
 * Forbids this process every connection to another machine: whatever goes through `node:net`, so `node:tls`, `node:http`, `fetch`
 * and every SDK over them. The loopback and local sockets stay open. For the setup file of a test runner.
 *
 * A connection that is tried throws, before any name is looked up. Other processes, workers and UDP are not touched.
 *
 * @returns undoes it; when it was forbidden several times, all of them must be undone
 * @throws {InputError} from whoever connects: WAYSTONE_INPUT_NETWORK_FORBIDDEN naming the host
 * @example
 * beforeAll(() => forbidNetwork())
 */
export function forbidNetwork(options: ForbidNetworkOptions = {}): () => void {
  const mine = { ...options }
  active.add(mine)
  original ??= replaceConnect()
  return () => {
    active.delete(mine)
    if (active.size > 0 || original === undefined) return
    Socket.prototype.connect = original
    original = undefined
  }
}

function replaceConnect(): Connect {
  // oxlint-disable-next-line typescript/unbound-method
  const { connect } = Socket.prototype
  const guarded = function (this: Socket, ...args: readonly unknown[]): Socket {
    const host = hostOf(args)
    if (host !== undefined && !isAllowed(host)) {
      throw new InputError(
        'WAYSTONE_INPUT_NETWORK_FORBIDDEN',
        `a connection to ${host} was tried while forbidNetwork() forbids all but this machine`,
        { host },
      )
    }
    Reflect.apply(connect, this, args)
    return this
  }
  Socket.prototype.connect = guarded
  return connect
}

/** The host of a call of `connect`, in any of its forms; undefined for a socket that is a file. */
function hostOf(args: readonly unknown[]): string | undefined {
  // node:net hands on `[options, callback]` as one argument.
  const [first, second] = Array.isArray(args[0]) ? (args[0] as readonly unknown[]) : args
  if (typeof first === 'object' && first !== null) {
    if ('path' in first && typeof first.path === 'string') return undefined
    return 'host' in first && typeof first.host === 'string' ? first.host : 'localhost'
  }
  if (typeof first === 'string' && !/^\d+$/.test(first)) return undefined
  return typeof second === 'string' ? second : 'localhost'
}

function isAllowed(host: string): boolean {
  const isLoopback = /^(localhost|127(\.\d{1,3}){3}|::1|\[::1\]|::ffff:127(\.\d{1,3}){3})$/i.test(host)
  return isLoopback || [...active].every(({ allow = [] }) => allow.includes(host))
}
