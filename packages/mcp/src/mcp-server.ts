import {
  defineTool,
  type Duration,
  type EffectClass,
  type Json,
  type JsonObject,
  type RetryOptions,
  type Tool,
} from '@waystone/core'
import { z } from 'zod'
import { Connections } from './connections.ts'
import { callTool } from './call-tool.ts'
import { compareTools, ownTool, type McpFinding } from './finding.ts'
import { lockError, readLock, type McpLock, type McpLockTool } from './lock.ts'
import { environmentSecrets } from './secrets.ts'
import { placed, secretsOf, type McpTransport, type ResolveSecret } from './transport.ts'

/** What makes a server's tools. */
export interface McpServerOptions {
  /** Part of its tools' names. */
  readonly name: string
  readonly transport: McpTransport
  /** What the committed lock file holds, e.g. `import lock from './shop.mcp.json' with { type: 'json' }`. */
  readonly lock: unknown
  /** Longest time until a connection is open, ms; default 30 000. */
  readonly connectTimeoutMs?: number
  /** How old the server's list of tools may be before a call asks for it again, ms; default 60 000. 0: before every call. */
  readonly recheckAfterMs?: number
  /** Largest output of a call, bytes of JSON; default 262 144. */
  readonly maxOutputBytes?: number
}

/** What is said here about one tool of a server. */
export interface McpToolOptions {
  /** What may happen when a call's end is not known. No server is believed about this. Default `unsafe`: never repeated. */
  readonly effect?: EffectClass
  /** Its name for workflows and models; default: server and tool, joined by `_`. */
  readonly as?: string
  /** Longest time of one attempt; default one minute. */
  readonly timeout?: Duration
  readonly retry?: RetryOptions
  readonly version?: number
}

/** A server, free of any connection until one of its tools is called. */
export interface McpServer {
  readonly name: string
  /**
   * A tool of the server as a Waystone tool, made from the lock file alone.
   *
   * @param tool - its name at the server
   * @throws {InputError} WAYSTONE_INPUT_MCP_LOCK when it was not accepted
   */
  tool(tool: string, options?: McpToolOptions): Tool<string, JsonObject, Json>
  /** All differences between the lock file and the server. @param secret - default: environment variables */
  verify(secret?: ResolveSecret): Promise<readonly McpFinding[]>
  /** Closes the connections and ends the child process. A later call connects anew. */
  close(): Promise<void>
}

/**
 * Makes tools of an MCP server from a committed lock file. Nothing is started or reached before the first call.
 *
 * What a model reads of a tool (name, description, schemas) comes from the lock file, never from the server. A tool that the server
 * offers otherwise than it was accepted is not called.
 *
 * @throws {InputError} WAYSTONE_INPUT_MCP_LOCK
 * @example
 * const shop = mcpServer({ name: 'shop', transport: { type: 'stdio', command: 'shop-mcp' }, lock })
 * const lookUp = shop.tool('look_up', { effect: 'pure' })
 */
export function mcpServer(options: McpServerOptions): McpServer {
  const { name } = options
  const transport = placed(options.transport)
  const lock = readLock(options.lock, name)
  const connections = new Connections({ name, transport, connectTimeoutMs: options.connectTimeoutMs ?? 30_000 })
  return Object.freeze<McpServer>({
    name,
    tool: (tool, toolOptions = {}) => makeTool({ options, lock, connections }, tool, toolOptions),
    verify: async (secret = environmentSecrets) => {
      const connection = await connections.get(secret)
      return compareTools(lock.tools, await connection.offered(0, 0))
    },
    close: () => connections.close(),
  })
}

interface ServerParts {
  readonly options: McpServerOptions
  readonly lock: McpLock
  readonly connections: Connections
}

function makeTool(
  { options, lock, connections }: ServerParts,
  tool: string,
  { effect = 'unsafe', as, timeout = '1m', retry, version }: McpToolOptions,
): Tool<string, JsonObject, Json> {
  const accepted = ownTool(lock.tools, tool)
  if (accepted === undefined) {
    const known = Object.keys(lock.tools).join(', ')
    throw lockError(options.name, `has no tool ${JSON.stringify(tool)}; it has: ${known === '' ? 'none' : known}`)
  }
  const rules = {
    server: options.name,
    tool,
    accepted,
    recheckAfterMs: options.recheckAfterMs ?? 60_000,
    maxOutputBytes: options.maxOutputBytes ?? 262_144,
  }
  const { input, output } = schemasOf(options.name, tool, accepted)
  return defineTool({
    name: as ?? toolNameOf(options.name, tool),
    description: accepted.description,
    effect,
    secrets: secretsOf(options.transport),
    input,
    output,
    timeout,
    maxOutputBytes: rules.maxOutputBytes,
    ...(retry !== undefined && { retry }),
    ...(version !== undefined && { version }),
    run: (given, context) => callTool({ rules, connections }, given, context),
  })
}

/** A name as providers of models accept it. */
function toolNameOf(server: string, tool: string): string {
  return `${server}_${tool}`.replaceAll(/[^A-Za-z0-9_-]/g, '_').slice(0, 64)
}

function schemasOf(
  server: string,
  tool: string,
  accepted: McpLockTool,
): { readonly input: z.ZodType<JsonObject, JsonObject>; readonly output: z.ZodType<Json, Json> } {
  try {
    // Types cannot follow a schema that is data; what they say holds for every schema of arguments and results.
    const input = z.fromJSONSchema(accepted.inputSchema) as z.ZodType<JsonObject, JsonObject>
    const output = accepted.outputSchema === null ? z.json() : z.fromJSONSchema(accepted.outputSchema)
    return { input, output: output as z.ZodType<Json, Json> }
  } catch (error) {
    throw lockError(
      server,
      `has a schema that cannot be used, at tool ${JSON.stringify(tool)}: ${String(error)}`,
      error,
    )
  }
}
