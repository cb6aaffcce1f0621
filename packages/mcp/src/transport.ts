import type { Transport } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { optionPath } from '@waystone/core'
import { HttpTransport } from './http-transport.ts'

/** A value that is written down, or the name of a secret that holds it. */
export type McpValue = string | { readonly secret: string }

/** A server that runs as a child process and speaks over its standard input and output. */
export interface McpStdio {
  readonly type: 'stdio'
  readonly command: string
  readonly args?: readonly string[]
  /** The child sees these variables and HOME, LOGNAME, PATH, SHELL, TERM, USER (on Windows the ones a program needs); nothing else. */
  readonly env?: { readonly [name: string]: McpValue }
  /**
   * The folder it works in, default `.`. A relative path begins at the process's working folder when the server is defined; in what the command `waystone`
   * loads, at the project folder of the file.
   */
  readonly cwd?: string | URL
}

/** A server that speaks Streamable HTTP. */
export interface McpHttp {
  readonly type: 'http'
  readonly url: string
  /** Sent with every request. */
  readonly headers?: { readonly [name: string]: McpValue }
}

/** How a server is reached. */
export type McpTransport = McpStdio | McpHttp

/** The transport with its folder fixed, whatever folder the process works in later. */
export function placed(transport: McpTransport): McpTransport {
  return transport.type === 'stdio' ? { ...transport, cwd: optionPath(transport.cwd ?? '.') } : transport
}

/** Gives the value of a secret. */
export type ResolveSecret = (name: string) => Promise<string>

function valuesOf(transport: McpTransport): { readonly [name: string]: McpValue } {
  return (transport.type === 'stdio' ? transport.env : transport.headers) ?? {}
}

/** Names of the secrets that a server needs. */
export function secretsOf(transport: McpTransport): readonly string[] {
  const names = Object.values(valuesOf(transport)).flatMap((value) => (typeof value === 'string' ? [] : [value.secret]))
  return [...new Set(names)]
}

/** The variables or headers of a server, secrets included: kept in memory as long as a connection is. */
export async function resolveValues(
  transport: McpTransport,
  secret: ResolveSecret,
): Promise<{ readonly [name: string]: string }> {
  const resolved = Object.entries(valuesOf(transport)).map(
    async ([name, value]) => [name, typeof value === 'string' ? value : await secret(value.secret)] as const,
  )
  return Object.fromEntries(await Promise.all(resolved))
}

/** The SDK's transport, not yet started. */
export function makeTransport(transport: McpTransport, values: { readonly [name: string]: string }): Transport {
  if (transport.type === 'http') {
    return new HttpTransport(new URL(transport.url), {
      requestInit: { headers: { ...values } },
      // A broken stream is the end of the call: the engine decides about another attempt.
      reconnectionOptions: {
        maxRetries: 0,
        initialReconnectionDelay: 1000,
        maxReconnectionDelay: 1000,
        reconnectionDelayGrowFactor: 1,
      },
    })
  }
  return new StdioClientTransport({
    command: transport.command,
    args: [...(transport.args ?? [])],
    env: { ...values },
    stderr: 'ignore',
    ...(transport.cwd !== undefined && { cwd: optionPath(transport.cwd) }),
  })
}
