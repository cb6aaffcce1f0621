import type { Clock } from '../base/clock.ts'
import { sha256 } from '../base/hash.ts'
import type { RunId } from '../base/ids.ts'
import { own } from '../base/own.ts'
import { durationMs } from '../define/duration.ts'
import type { EffectMemory, MemoryKeep, MemoryUnder } from '../define/effect-memory.ts'
import { inputError } from '../errors/input-error.ts'
import { nodeError } from '../errors/node-error.ts'
import type { Graph, MemoryUseRecord, NodeRecord } from '../graph/graph.ts'
import type { MemoryScope, MemoryStore, MemoryWrite } from '../memory/memory-store.ts'
import type { DriveHost } from './drive-host.ts'
import type { OpenStep } from '../snapshot/snapshot.ts'
import type { EffectScope } from './effect-context.ts'
import type { EffectJob, ExecutorPorts } from './effect-job.ts'
import { toolOfStep } from './step-tool.ts'

/** What an effect's share of the long-term memory is made of. */
interface MemoryTerms {
  readonly effectId: string
  readonly runId: string
  readonly node: string
  readonly clock: Clock
  /** Null: nothing is declared. */
  readonly use: MemoryUseRecord | null
  /** Null: the runtime has none. */
  readonly store: MemoryStore | null
  /** The tags that the run was started with. */
  readonly tags: () => Promise<{ readonly [name: string]: string }>
  /** True once the attempt was told to stop: whatever its code does after that, it writes no more. */
  readonly isAborted: () => boolean
  /** Takes secrets out. */
  readonly redact: <Value>(value: Value) => Value
}

/** What the memory of a step depends on. */
interface MemoryStep extends Pick<EffectJob, 'compiled' | 'record'> {
  readonly open: Pick<OpenStep, 'tool' | 'undoes'>
  readonly scope: Pick<EffectScope, 'effectId' | 'runId' | 'node' | 'isAborted'>
}

/** The long-term memory as the work of one step may use it. */
export function stepMemory(
  { compiled, record, open, scope }: MemoryStep,
  {
    clock,
    ports,
    store,
  }: Pick<DriveHost, 'clock' | 'store'> & { readonly ports: Pick<ExecutorPorts, 'memory' | 'vault'> },
): EffectMemory {
  const { effectId, runId, node } = scope
  return createEffectMemory({
    effectId,
    runId,
    node,
    clock,
    use: memoryUseOf(compiled.graph, record, open),
    store: ports.memory,
    tags: async () => (await store.row(runId as RunId))?.tags ?? {},
    isAborted: () => scope.isAborted,
    redact: (value) => ports.vault.redact(value),
  })
}

/** What a step's work may reach: what its tool declares, or its node. */
function memoryUseOf(
  graph: Graph,
  record: NodeRecord,
  open: Pick<OpenStep, 'tool' | 'undoes'>,
): MemoryUseRecord | null {
  const tool = toolOfStep(graph, record, open)
  if (tool !== undefined) return own(graph.tools, tool)?.memory ?? null
  return record.kind === 'task' || record.kind === 'gate' ? (record.memory ?? null) : null
}

/** Binds the long-term memory to what one attempt of one effect has declared. */
function createEffectMemory(terms: MemoryTerms): EffectMemory {
  const { clock, redact, effectId } = terms
  const writes = new Map<string, number>()

  /** The same for the nth write of an effect to one place in every attempt. */
  const writeOf = (place: Pick<MemoryWrite, 'scope' | 'key'>, ifRevision: number | undefined): MemoryWrite => {
    const name = JSON.stringify([effectId, place.scope, place.key])
    const count = (writes.get(name) ?? 0) + 1
    writes.set(name, count)
    const write = { ...place, writeId: sha256(`${name}#${count}`), now: clock.now() }
    return ifRevision === undefined ? write : { ...write, ifRevision }
  }
  const reach = (access: 'read' | 'write', options: MemoryUnder): Promise<Reached> => reached(terms, access, options)

  return {
    async get(key, options = {}) {
      const { store, scope } = await reach('read', options)
      return await store.get({ scope, key: redact(key), now: clock.now() })
    },
    async list({ under, ...options } = {}) {
      const { store, scope } = await reach('read', { under: under ?? [] })
      return await store.list({ ...options, scope, now: clock.now() })
    },
    async search(text, { under, ...options } = {}) {
      const { store, scope } = await reach('read', { under: under ?? [] })
      return await store.search({ ...options, text, scope, now: clock.now() })
    },
    async put(key, value, options = {}) {
      const { store, scope } = await reach('write', options)
      const { text, tags, ifRevision } = options
      const write = writeOf({ scope, key: redact(key) }, ifRevision)
      return await store.put({
        ...write,
        value: redact(value),
        expiresAt: expiryOf(options, write.now),
        ...(text !== undefined && { text: redact(text) }),
        ...(tags !== undefined && { tags: redact([...tags]) }),
      })
    },
    async delete(key, options = {}) {
      const { store, scope } = await reach('write', options)
      return await store.delete(writeOf({ scope, key: redact(key) }, options.ifRevision))
    },
  }
}

interface Reached {
  readonly store: MemoryStore
  readonly scope: MemoryScope
}

async function reached(terms: MemoryTerms, access: 'read' | 'write', { under = [] }: MemoryUnder): Promise<Reached> {
  const { use, store, node } = terms
  if (use === null || (access === 'write' && use.access === 'read')) {
    const found = use === null ? 'no use of it is declared' : 'only reading is declared'
    throw nodeError(
      'WAYSTONE_NODE_MEMORY_UNDECLARED',
      `node ${JSON.stringify(node)} wants to ${access} long-term memory; ${found}`,
      { details: { node, access } },
    )
  }
  if (store === null)
    throw nodeError(
      'WAYSTONE_NODE_MEMORY_UNBOUND',
      `node ${JSON.stringify(node)} uses long-term memory; this runtime has none`,
      {
        details: { node },
      },
    )
  const needsTags = use.scope.some((part) => 'tag' in part)
  const tags = needsTags ? await terms.tags() : {}
  // Asked last, since asking for tags takes time.
  if (access === 'write' && terms.isAborted())
    throw nodeError(
      'WAYSTONE_NODE_ABORTED',
      `node ${JSON.stringify(node)} was told to stop, and writes no more to long-term memory`,
      { details: { node } },
    )
  const scope = use.scope.map((part) => ('name' in part ? part.name : tagOf(terms, tags, part.tag)))
  return { store, scope: terms.redact([...scope, ...under]) }
}

function tagOf({ runId, node }: MemoryTerms, tags: { readonly [name: string]: string }, name: string): string {
  const value = own(tags, name)
  if (value !== undefined && value !== '') return value
  throw nodeError(
    'WAYSTONE_NODE_MEMORY_TAG',
    `the scope of node ${JSON.stringify(node)} is by tag ${JSON.stringify(name)}, which run ${runId} was not started with`,
    { details: { node, tag: name } },
  )
}

function expiryOf({ expiresIn }: MemoryKeep, now: number): number | null {
  if (expiresIn === undefined) return null
  const ms = durationMs(expiresIn)
  if (ms !== undefined && ms > 0) return now + ms
  throw inputError(
    'WAYSTONE_INPUT_MEMORY',
    `expiresIn is ${JSON.stringify(expiresIn)}; allowed is a duration such as '30d'`,
  )
}
