import { readFile, rename, writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { Connections } from './connections.ts'
import { compareTools, type McpFinding } from './finding.ts'
import { lockError, readLock, type McpLock } from './lock.ts'
import { environmentSecrets } from './secrets.ts'
import type { McpTransport, ResolveSecret } from './transport.ts'

/** What is accepted, and by whom. */
export interface AcceptOptions {
  readonly name: string
  readonly transport: McpTransport
  /** The lock file that is written; commit it. */
  readonly file: string | URL
  /** Names of the tools that are wanted; default: all that the server offers. */
  readonly tools?: readonly string[]
  /** Shows a person what would be accepted. @returns whether they accept all of it */
  readonly look: (findings: readonly McpFinding[]) => boolean | Promise<boolean>
  /** Default: environment variables. */
  readonly secret?: ResolveSecret
  /** Longest time until the connection is open, ms; default 30 000. */
  readonly connectTimeoutMs?: number
}

/**
 * Writes the lock file of a server's tools after a person has looked at what changed. Without a difference nobody is asked.
 *
 * @returns the lock that is now in the file; null when the person declined, and the file is as it was
 * @throws {InputError} WAYSTONE_INPUT_MCP_LOCK when the file is damaged or the server does not offer a tool that is wanted
 * @throws {NodeError} WAYSTONE_NODE_MCP_FAILED when the server cannot be reached
 */
export async function acceptMcpTools(options: AcceptOptions): Promise<McpLock | null> {
  const accepted = await readFileLock(options)
  const offered = await offeredTools(options)
  const findings = compareTools(accepted?.tools ?? {}, offered)
  if (accepted !== null && findings.length === 0) return accepted
  if (!(await options.look(findings))) return null
  const lock: McpLock = { format: 1, server: options.name, tools: offered }
  await replaceFile(options.file, `${JSON.stringify(lock, null, 2)}\n`)
  return lock
}

async function readFileLock({ file, name }: AcceptOptions): Promise<McpLock | null> {
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    if (error instanceof Error && Reflect.get(error, 'code') === 'ENOENT') return null
    throw lockError(name, `cannot be read from ${String(file)}`, error)
  }
  try {
    return readLock(JSON.parse(text), name)
  } catch (error) {
    throw error instanceof SyntaxError ? lockError(name, `in ${String(file)} is no JSON`, error) : error
  }
}

async function offeredTools({
  name,
  transport,
  tools,
  secret = environmentSecrets,
  connectTimeoutMs = 30_000,
}: AcceptOptions): Promise<McpLock['tools']> {
  const connections = new Connections({ name, transport, connectTimeoutMs })
  try {
    const offered = await (await connections.get(secret)).offered(0, 0)
    const missing = (tools ?? []).filter((tool) => !Object.hasOwn(offered, tool))
    if (missing.length > 0) throw lockError(name, `cannot have ${missing.join(', ')}: the server does not offer it`)
    return tools === undefined
      ? offered
      : Object.fromEntries(Object.entries(offered).filter(([tool]) => tools.includes(tool)))
  } finally {
    await connections.close()
  }
}

/** Writes a file whole or not at all. */
async function replaceFile(file: string | URL, text: string): Promise<void> {
  const path = file instanceof URL ? fileURLToPath(file) : file
  const temporary = `${path}.${process.pid}.tmp`
  await writeFile(temporary, text)
  await rename(temporary, path)
}
