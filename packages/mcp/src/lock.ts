import { hash } from 'node:crypto'
import { InputError, type JsonObject } from '@waystone/core'
import { z } from 'zod'
import { stableText } from './stable-text.ts'

/** A tool as a person accepted it. Everything a model is told of it stands here. */
export interface McpLockTool {
  readonly description: string
  /** JSON Schema of its arguments. */
  readonly inputSchema: JsonObject
  /** JSON Schema of its structured output; null: it declares none. */
  readonly outputSchema: JsonObject | null
  /** SHA-256 of name, description and both schemas, base64url. */
  readonly hash: string
}

/** What a committed lock file holds: the tools of one server that were accepted. */
export interface McpLock {
  readonly format: 1
  readonly server: string
  /** By their names at the server. */
  readonly tools: { readonly [name: string]: McpLockTool }
}

/** A tool as a server lists it. */
export interface ListedTool {
  readonly name: string
  readonly description?: string | undefined
  readonly inputSchema: unknown
  readonly outputSchema?: unknown
}

/** The lock entry of a tool that a server lists. */
export function lockToolOf(listed: ListedTool): McpLockTool {
  const tool = {
    description: listed.description ?? '',
    inputSchema: plainObject(listed.inputSchema),
    outputSchema: listed.outputSchema === undefined ? null : plainObject(listed.outputSchema),
  }
  return { ...tool, hash: hashOf(listed.name, tool) }
}

function plainObject(value: unknown): JsonObject {
  return JSON.parse(JSON.stringify(value)) as JsonObject
}

function hashOf(name: string, { description, inputSchema, outputSchema }: Omit<McpLockTool, 'hash'>): string {
  return hash('sha256', stableText({ name, description, inputSchema, outputSchema }), 'base64url')
}

const jsonObject = z.record(z.string(), z.json())
const lockShape = z.strictObject({
  format: z.literal(1),
  server: z.string(),
  tools: z.record(
    z.string(),
    z.strictObject({
      description: z.string(),
      inputSchema: jsonObject,
      outputSchema: jsonObject.nullable(),
      hash: z.string(),
    }),
  ),
})

/**
 * Reads what a lock file holds.
 *
 * @param server - whose lock it must be
 * @throws {InputError} WAYSTONE_INPUT_MCP_LOCK when it has another shape, is of another server, or was changed by hand
 */
export function readLock(lock: unknown, server: string): McpLock {
  const read = lockShape.safeParse(lock)
  if (!read.success) throw lockError(server, `is no lock of MCP tools: ${z.prettifyError(read.error)}`)
  if (read.data.server !== server) throw lockError(server, `is the lock of server ${JSON.stringify(read.data.server)}`)
  for (const [name, tool] of Object.entries(read.data.tools)) {
    if (tool.hash !== hashOf(name, tool)) throw lockError(server, `was changed by hand at tool ${JSON.stringify(name)}`)
  }
  return read.data
}

/** The error of a lock that cannot be used. @param what - goes on after "the lock of MCP server …" */
export function lockError(server: string, what: string, cause?: unknown): InputError {
  const message = `the lock of MCP server ${JSON.stringify(server)} ${what}`
  return new InputError('WAYSTONE_INPUT_MCP_LOCK', message, { server }, cause)
}
