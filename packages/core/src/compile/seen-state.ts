import type { Json, JsonObject } from '../base/json.ts'
import { own } from '../base/own.ts'
import type { Graph, NodeRecord } from '../graph/graph.ts'
import type { Regions } from '../graph/regions.ts'
import type { SeenState } from '../snapshot/open-fork.ts'
import type { RunContext } from '../snapshot/snapshot.ts'

/** What has to be kept when a fork is taken, for the nodes that read the state as it was then. */
export interface SeenKeys {
  readonly nodes: readonly string[]
  /** Keys that they read and branches write; what nobody writes stays as it was. */
  readonly keys: readonly string[]
}

/** By join: who of its branches sees the state as it was at the fork, and which keys. */
export function seenKeysOf(graph: Graph, { forks, homes }: Regions): ReadonlyMap<string, SeenKeys> {
  const found = new Map<string, SeenKeys>()
  for (const { join, nodes } of forks.values()) {
    const seeing = Object.values(graph.nodes).filter(
      ({ id, sees }) => sees === 'fork' && homes.get(id)?.at(-1)?.join === join.id,
    )
    const written = new Set([...nodes].flatMap((node) => graph.nodes[node]?.writes ?? []))
    const keys = new Set(seeing.flatMap(({ reads }) => reads.filter((key) => written.has(key))))
    if (keys.size > 0) found.set(join.id, { nodes: seeing.map(({ id }) => id), keys: [...keys] })
  }
  return found
}

/** The keys as they are now. */
export function seenNow({ nodes, keys }: SeenKeys, state: JsonObject): SeenState {
  const values: { [key: string]: Json } = {}
  const absent: string[] = []
  for (const key of keys) {
    const value = own(state, key)
    if (value === undefined) absent.push(key)
    else values[key] = value
  }
  return Object.freeze({
    nodes: Object.freeze([...nodes]),
    values: Object.freeze(values),
    absent: Object.freeze(absent),
  })
}

/** What they see once an operator has set or unset some of the keys. @param state - after the patch */
export function seenAfter(seen: SeenState, state: JsonObject, patched: readonly string[]): SeenState {
  const keys = [...Object.keys(seen.values), ...seen.absent]
  if (!keys.some((key) => patched.includes(key))) return seen
  const values: { [key: string]: Json } = {}
  const absent: string[] = []
  for (const key of keys) {
    const value = own(patched.includes(key) ? state : seen.values, key)
    if (value === undefined) absent.push(key)
    else values[key] = value
  }
  return Object.freeze({ nodes: seen.nodes, values: Object.freeze(values), absent: Object.freeze(absent) })
}

/**
 * The state as a node's work sees it: the one place where a node's reads are taken from, whether it runs, is asked about, hands
 * over or is looked at afterwards. Guards are not the node's: those of its edges and of its tools look at the state as it stands.
 */
export function stateFor(record: NodeRecord, context: RunContext): JsonObject {
  if (record.sees !== 'fork') return context.state
  const seen = Object.values(context.forks ?? {}).find((fork) => fork.seen?.nodes.includes(record.id) === true)?.seen
  if (seen === undefined) return context.state
  const absent = new Set(seen.absent)
  const kept = Object.entries(context.state).filter(([key]) => !absent.has(key))
  return Object.freeze({ ...Object.fromEntries(kept), ...seen.values })
}
