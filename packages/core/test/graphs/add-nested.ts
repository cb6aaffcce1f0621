import type { EdgeRecord, Graph, MapRecord, NodeRecord, TaskRecord, WorkflowRecord } from '../../src/graph/graph.ts'
import { randomGraph, type RandomGraphOptions } from './random-graph.ts'
import type { RandomSource } from './random-source.ts'

/** What {@link addNested} may draw. */
export interface NestDraw {
  /** Levels of workflows below this one. Default 2. */
  readonly depth?: number
  /** Probability that a task becomes a map or a nested workflow. Default 0.6. */
  readonly often?: number
  /** Kinds of nodes of what is nested. Default {@link kindsToNest}. */
  readonly kinds?: RandomGraphOptions['kinds']
  /** Nodes of what is nested, at most, forks aside. Default 3. */
  readonly nodes?: number
  /** Whether some innermost workflows have limits of their own. Default false. */
  readonly limits?: boolean
}

/** Kinds of nodes for graphs that are to hold others: a third are tasks. */
export const kindsToNest = ['task', 'task', 'tool', 'agent', 'gate', 'approval'] as const

/** Makes maps and nested workflows out of some tasks of a random graph; items of some maps are workflows. Valid as before. */
export function addNested(graph: Graph, random: RandomSource, draw: NestDraw = {}): Graph {
  const { depth = 2, often = 0.6 } = draw
  const inner: Graph[] = []
  const nodes = Object.values(graph.nodes).map((node): NodeRecord => {
    if (node.kind !== 'task' || !random.chance(often)) return node
    if (depth === 0 || !random.chance(0.6)) return mapOf(node, random)
    const nested = innerGraph(`${graph.name}-${node.id}`, random, { ...draw, depth: depth - 1 })
    inner.push(nested)
    return random.chance(0.35) ? itemsOf(node, nested, random) : nestedOf(node, nested)
  })
  return {
    ...graph,
    nodes: Object.fromEntries(nodes.map((node) => [node.id, node])),
    edges: nodes.flatMap((node) => edgesOf(graph, node)),
    ...(inner.length > 0 && { workflows: Object.fromEntries(inner.map((one) => [one.name, one])) }),
  }
}

function innerGraph(name: string, random: RandomSource, draw: NestDraw & { readonly depth: number }): Graph {
  const seed = random.below(1_000_000)
  const nodes = 1 + random.below(draw.nodes ?? 3)
  if (draw.limits === true && random.chance(0.3)) {
    const limited = randomGraph(seed, {
      nodes,
      kinds: ['tool', 'gate', 'approval', 'task'],
      maxLimit: 2,
      backEdges: 0.6,
      limits: true,
    })
    return { ...limited, name }
  }
  const forks = random.chance(0.3) ? { most: 1, maxLimit: 1, isWild: random.chance(0.5) } : false
  const plain = randomGraph(seed, { nodes, kinds: draw.kinds ?? kindsToNest, maxLimit: 1, backEdges: 0.4, forks })
  return addNested({ ...plain, name }, random, draw)
}

function nestedOf(node: TaskRecord, inner: Graph): WorkflowRecord {
  return { ...base(node), outcomes: ['done', 'failed', 'exhausted'], kind: 'workflow', workflow: inner.name }
}

function itemsOf(node: TaskRecord, inner: Graph, random: RandomSource): MapRecord {
  const attempts = 1 + random.below(2)
  const record = { ...base(node), outcomes: ['done', 'failed'], kind: 'map' as const, tool: null, workflow: inner.name }
  return { ...record, retry: { ...node.retry, attempts }, ...sizes(random) }
}

function mapOf(node: TaskRecord, random: RandomSource): MapRecord {
  const tool = random.pick(['t0', 't1', 't2', null] as const)
  return { ...node, kind: 'map', tool, ...sizes(random) }
}

function sizes(
  random: RandomSource,
): Pick<MapRecord, 'over' | 'maxItems' | 'excess' | 'concurrency' | 'done' | 'failed' | 'losers'> {
  return {
    over: null,
    maxItems: 1 + random.below(3),
    excess: 'fail',
    concurrency: 1 + random.below(2),
    done: 'all',
    failed: random.pick(['raise', 'keep'] as const),
    losers: random.pick(['abort', 'finish'] as const),
  }
}

function base(node: TaskRecord): TaskRecord {
  return { ...node, effect: 'pure', retry: { ...node.retry, attempts: 1 } }
}

/** Edges of a node that may stand in a task's place: those of outcomes that it has not are gone, others lead where they lead by rule. */
function edgesOf(graph: Graph, node: NodeRecord): readonly EdgeRecord[] {
  const kept = graph.edges.filter(({ from, outcome }) => from === node.id && node.outcomes.includes(outcome))
  const routed = new Set(kept.map(({ outcome }) => outcome))
  const added = node.outcomes.flatMap((outcome): EdgeRecord[] => {
    if (routed.has(outcome)) return []
    const id = `${node.id}.${outcome}`
    const to = outcome === 'unknown' ? ':person' : ':fail'
    const place = { path: `${graph.name}.edges.${id}` }
    const plain = { when: null, limit: null, otherwise: null, isImplicit: true, index: 0 }
    return [{ ...plain, id, from: node.id, outcome, to, place }]
  })
  return [...kept, ...added]
}
