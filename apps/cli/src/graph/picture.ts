import {
  endTarget,
  escalationOutcome,
  exhaustedTarget,
  failTarget,
  personTarget,
  type EdgeRecord,
  type Graph,
  type NodeKind,
  type NodeRecord,
} from '@waystone/core'
import { edgeLabel, otherwiseLabel } from './edge-labels.ts'
import { notesOf, subtitleOf } from './node-text.ts'
import { toolText } from './tool-text.ts'

/** What a figure of a picture is; kinds of nodes, and the pills around them. */
export type FigureKind = NodeKind | 'start' | 'end' | 'failed' | 'exhausted' | 'person'

/** One thing that is drawn as a shape. */
export interface Figure {
  /** A node's id, `:start`, or a target such as `:end`. */
  readonly id: string
  readonly kind: FigureKind
  readonly title: string
  /** Second line; empty for pills. */
  readonly subtitle: string
  /** The tools of an agent, with the rules for them; empty: it has none. */
  readonly tools: string
  /** What else is to be known of a node, one text each. */
  readonly notes: readonly string[]
  readonly description: string
}

/** How a line is drawn: as a way on, as a way back, or as a way of failure. */
export type LineKind = 'plain' | 'back' | 'error'

/** One line between two figures. Edges with the same ends and kind share one. */
export interface Line {
  readonly id: string
  readonly from: string
  readonly to: string
  readonly kind: LineKind
  /** One text an edge; empty texts are left out. */
  readonly labels: readonly string[]
  /** On the way that a run takes when all goes well. */
  readonly isMain: boolean
}

/** A workflow as shapes and lines, without places. Order: as the author wrote nodes and edges. */
export interface Picture {
  readonly figures: readonly Figure[]
  readonly lines: readonly Line[]
}

/** What to draw. */
export interface PictureOptions {
  /** Also the edges that are there by rule: `failed`, `timeout` and `unknown` where they were not routed. Default false. */
  readonly hasImplicit?: boolean
}

const startFigure = ':start'
const stalledFigure = ':stalled'
const errorOutcomes = new Set(['failed', 'timeout', 'unknown'])

/** Gathers what is drawn of a workflow. */
export function pictureOf(graph: Graph, options: PictureOptions = {}): Picture {
  const edges = graph.edges.filter(({ isImplicit }) => options.hasImplicit === true || !isImplicit)
  const arcs = [
    startArc(graph),
    ...edges.flatMap((edge) => arcsOf(edge, graph)),
    ...exhaustedArcs(graph),
    ...stallArcs(graph),
  ]
  const targets = new Set(arcs.flatMap(({ from, to }) => [from, to]))
  const figures = [
    pill(startFigure, 'start', 'start'),
    ...Object.values(graph.nodes).map((node) => nodeFigure(node, graph)),
    ...pills.filter(({ id }) => targets.has(id)),
  ]
  const order = new Map(figures.map(({ id }, index) => [id, index]))
  return { figures, lines: mergeArcs(arcs, { order, main: mainPath(graph, edges) }) }
}

interface Arc {
  readonly from: string
  readonly to: string
  readonly label: string
  readonly isError: boolean
}

function startArc(graph: Graph): Arc {
  return { from: startFigure, to: graph.start, label: '', isError: false }
}

function arcsOf(edge: EdgeRecord, graph: Graph): readonly Arc[] {
  const isError = errorOutcomes.has(edge.outcome) || edge.outcome === escalationOutcome
  const targets = edge.fork?.branches ?? [edge.to]
  const arcs = targets.map((to) => ({
    from: edge.from,
    to,
    label: edgeLabel(edge, graph, to),
    isError: isError || to === failTarget,
  }))
  if (edge.otherwise === null) return arcs
  return [
    ...arcs,
    {
      from: edge.from,
      to: edge.otherwise,
      label: otherwiseLabel(edge),
      isError: isError || edge.otherwise === failTarget,
    },
  ]
}

/** What takes over when a limit of the workflow is hit has no edge into it that could be drawn: it gets a pill of its own. */
function exhaustedArcs({ limits }: Graph): readonly Arc[] {
  if (limits.exhausted === exhaustedTarget) return []
  return [{ from: exhaustedTarget, to: limits.exhausted, label: '', isError: true }]
}

/** Where a run goes that has stalled, from a pill of its own. */
function stallArcs({ limits: { stall } }: Graph): readonly Arc[] {
  if (stall === undefined) return []
  const arc = (to: string, label: string): Arc => ({ from: stalledFigure, to, label, isError: true })
  return [arc(stall.to, `≤ ${stall.limit}×`), arc(stall.otherwise, `after ${stall.limit}×`)]
}

const pills: readonly Figure[] = [
  pill(endTarget, 'end', 'end'),
  pill(failTarget, 'failed', 'failed'),
  pill(exhaustedTarget, 'exhausted', 'limit hit'),
  pill(stalledFigure, 'exhausted', 'stalled'),
  pill(personTarget, 'person', 'a person is asked'),
]

function pill(id: string, kind: FigureKind, title: string): Figure {
  return { id, kind, title, subtitle: '', tools: '', notes: [], description: '' }
}

function nodeFigure(node: NodeRecord, graph: Graph): Figure {
  const { id, kind, description } = node
  const tools = kind === 'agent' ? toolText(node, graph) : ''
  return { id, kind, title: id, subtitle: subtitleOf(node, graph), tools, notes: notesOf(node, graph), description }
}

/** Pairs `from → to` of the way that each node's first edge leads, from the start on, until it ends or meets itself. */
function mainPath(graph: Graph, edges: readonly EdgeRecord[]): ReadonlySet<string> {
  const pairs = new Set([`${startFigure} ${graph.start}`])
  const seen = new Set<string>()
  for (let here = graph.start; here in graph.nodes && !seen.has(here);) {
    seen.add(here)
    const next = edges.find(({ from, to, outcome }) => from === here && !seen.has(to) && !errorOutcomes.has(outcome))
    if (next === undefined) break
    const to = next.fork?.branches[0] ?? next.to
    pairs.add(`${here} ${to}`)
    here = to
  }
  return pairs
}

function mergeArcs(
  arcs: readonly Arc[],
  known: { order: ReadonlyMap<string, number>; main: ReadonlySet<string> },
): readonly Line[] {
  const merged = Map.groupBy(arcs, (arc) => `${arc.from} ${arc.to} ${lineKind(arc, known.order)}`)
  return [...merged.values()].flatMap((group) => {
    const [first] = group
    if (first === undefined) return []
    const kind = lineKind(first, known.order)
    const labels = [...new Set(group.map(({ label }) => label).filter((label) => label !== ''))]
    const { from, to } = first
    return [
      {
        id: `${from}>${to}:${kind}`,
        from,
        to,
        kind,
        labels,
        isMain: known.main.has(`${from} ${to}`) && kind === 'plain',
      },
    ]
  })
}

function lineKind({ from, to, isError }: Arc, order: ReadonlyMap<string, number>): LineKind {
  if (isError) return 'error'
  return (order.get(to) ?? 0) <= (order.get(from) ?? 0) ? 'back' : 'plain'
}
