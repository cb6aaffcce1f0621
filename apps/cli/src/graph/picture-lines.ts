import { escalationOutcome, exhaustedTarget, failTarget, type EdgeRecord, type Graph } from '@waystone/core'
import { edgeLabel, otherwiseLabel } from './edge-labels.ts'

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

/** Where a picture begins. */
export const startFigure = ':start'
/** What a stalled run leaves. */
export const stalledFigure = ':stalled'

const errorOutcomes = new Set(['failed', 'timeout', 'unknown'])

/** One way of a workflow, before those with the same ends are drawn as one line. */
export interface Arc {
  readonly from: string
  readonly to: string
  readonly label: string
  readonly isError: boolean
}

function edgeArcs(edge: EdgeRecord, graph: Graph): readonly Arc[] {
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

/** Gathers the ways of a workflow, in the order its author wrote them. */
export function arcsOf(graph: Graph, edges: readonly EdgeRecord[]): readonly Arc[] {
  return [
    { from: startFigure, to: graph.start, label: '', isError: false },
    ...edges.flatMap((edge) => edgeArcs(edge, graph)),
    ...exhaustedArcs(graph),
    ...stallArcs(graph),
  ]
}

/** Draws ways with the same ends and look as one line. @param order - place of each figure: what leads to an earlier one leads back */
export function linesOf(
  arcs: readonly Arc[],
  known: { readonly graph: Graph; readonly edges: readonly EdgeRecord[]; readonly order: ReadonlyMap<string, number> },
): readonly Line[] {
  return mergeArcs(arcs, { order: known.order, main: mainPath(known.graph, known.edges) })
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
