import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  type EffectClass,
  createRuntime,
  defineState,
  END,
  type JsonObject,
  type Run,
  type RunResult,
} from '@waystone/core'
import { createMemoryStore, type Store } from '@waystone/core/store'
import { z } from 'zod'
import {
  acceptMcpTools,
  mcpServer,
  type McpServer,
  type McpServerOptions,
  type McpStdio,
  type McpToolOptions,
} from '../src/index.ts'

/** The shop as a child process. @param args - the variant */
export function stdioShop(...args: readonly string[]): McpStdio {
  const script = fileURLToPath(new URL('fixtures/stdio-server.ts', import.meta.url))
  return { type: 'stdio', command: process.execPath, args: [script, ...args] }
}

const cleanUps: (() => Promise<void>)[] = []

/** Something that {@link cleanUp} does. */
export function atEnd(work: () => Promise<void>): void {
  cleanUps.push(work)
}

/** To be called after each test. */
export async function cleanUp(): Promise<void> {
  for (const work of cleanUps.splice(0).toReversed()) await work()
}

/** A new folder. */
export async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'waystone-mcp-'))
  atEnd(() => rm(folder, { recursive: true, force: true }))
  return folder
}

let shopLock: Promise<unknown> | null = null

/** What a person accepted of the shop as it should be. */
export function acceptedLock(): Promise<unknown> {
  shopLock ??= (async () => {
    const file = join(await newFolder(), 'shop.mcp.json')
    return await acceptMcpTools({ name: 'shop', transport: stdioShop(), file, look: () => true })
  })()
  return shopLock
}

/** The shop, accepted, and closed after the test. */
export async function openShop(options: Partial<McpServerOptions> = {}): Promise<McpServer> {
  const lock = await acceptedLock()
  const shop = mcpServer({ name: 'shop', transport: stdioShop(), lock, recheckAfterMs: 0, ...options })
  atEnd(() => shop.close())
  return shop
}

/** One call of a tool as a node of a run. */
export interface CallOptions {
  readonly tool: string
  readonly input?: JsonObject
  readonly options?: McpToolOptions
  readonly secret?: string
  /** Effect class that the node says, more careful than the tool's. */
  readonly use?: EffectClass
}

const w = defineState({ output: z.json().optional() })

/** Starts a run that calls one tool of a server. */
export async function startCall(
  server: McpServer,
  { tool, input = {}, options = {}, secret, use }: CallOptions,
): Promise<{ readonly run: Run<object>; readonly store: Store }> {
  const n = w.nodes({
    call: w.tool(server.tool(tool, { effect: 'pure', retry: { attempts: 1, backoff: 1 }, ...options }), {
      input: () => input,
      writes: ['output'],
      ...(use !== undefined && { effect: use }),
      apply: (output) => ({ output }),
    }),
  })
  const workflow = w.workflow('one', {
    input: z.object({}),
    output: ['output'],
    nodes: n,
    start: n.call,
    edges: { call: { done: END } },
  })
  const store = createMemoryStore()
  const runtime = createRuntime({ store, secrets: () => secret })
  atEnd(() => runtime.close())
  const run = await runtime.start(workflow, { input: {} })
  return { run, store }
}

/** All that a store has of a run, as text. */
export async function storedText(store: Store, run: Run<object>): Promise<string> {
  return JSON.stringify(await store.checkpoints(run.runId, 0, 100))
}

/** The end of such a run. */
export async function call(server: McpServer, options: CallOptions): Promise<RunResult<object>> {
  const { run } = await startCall(server, options)
  return await run.result()
}
