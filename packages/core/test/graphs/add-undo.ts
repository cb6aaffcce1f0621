import type { CompensationRecord, Graph, NodeRecord } from '../../src/graph/graph.ts'
import type { RandomSource } from './random-source.ts'

/** Makes some tasks of a random graph, and the calls of some of its tools, undoable. Valid as before. */
export function addUndo(graph: Graph, random: RandomSource): Graph {
  const nodes = Object.values(graph.nodes).map((node): NodeRecord =>
    node.kind === 'task' && node.effect !== 'pure' && random.chance(0.7)
      ? { ...node, compensate: undoing(graph, node.id, random) }
      : node,
  )
  const tools = Object.entries(graph.tools).map(([name, tool]) =>
    tool.effect !== 'pure' && random.chance(0.6)
      ? ([name, { ...tool, compensate: undoing(graph, name, random) }] as const)
      : ([name, tool] as const),
  )
  return {
    ...graph,
    nodes: Object.fromEntries(nodes.map((node) => [node.id, node])),
    tools: Object.fromEntries(tools),
  }
}

function undoing({ name }: Graph, id: string, random: RandomSource): CompensationRecord {
  const attempts = 1 + random.below(3)
  const base = {
    id,
    effect: random.pick(['keyed', 'unsafe'] as const),
    reads: [],
    writes: [],
    outcomes: ['done', 'failed', 'unknown'],
    retry: { attempts, backoffMs: 10, factor: 2, maxBackoffMs: 100, jitter: 0 },
    timeoutMs: null,
    hears: [],
    description: '',
    place: { path: `${name}.${id}.compensate` },
    whenUnknown: random.pick(['ask', 'report'] as const),
  }
  return random.chance(0.5) ? { ...base, kind: 'tool', tool: 't1' } : { ...base, kind: 'task' }
}
