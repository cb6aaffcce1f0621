import {
  endTarget,
  exhaustedTarget,
  failTarget,
  personTarget,
  type Graph,
  type GroupRecord,
  type NodeKind,
  type NodeRecord,
} from '@waystone/core'
import { groupNotes, notesOf, subtitleOf } from './node-text.ts'
import { arcsOf, linesOf, stalledFigure, startFigure, type Line } from './picture-lines.ts'
import { toolText } from './tool-text.ts'

/** What a figure of a picture is: kinds of nodes, groups, and the pills around them. */
export type FigureKind = NodeKind | 'group' | 'start' | 'end' | 'failed' | 'exhausted' | 'person'

/** One thing that is drawn as a shape. */
export interface Figure {
  /** A node's id, `:start`, a target such as `:end`, `:group:` and a name. Of what is nested, after the path of its node: `research/draft`. */
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
  /** The figure it is drawn in; null: none. */
  readonly within: string | null
  /** True: it is a frame around other figures. */
  readonly isFrame: boolean
}

/** A workflow as shapes and lines, without places. Order: as the author wrote nodes and edges; a frame before what is in it. */
export interface Picture {
  readonly figures: readonly Figure[]
  readonly lines: readonly Line[]
}

/** What to draw. */
export interface PictureOptions {
  /** Also the edges that are there by rule: `failed`, `timeout` and `unknown` where they were not routed. Default false. */
  readonly hasImplicit?: boolean
  /** What nested workflows and the items of maps run, in frames. Default false: a card each. */
  readonly isExpanded?: boolean
}

/** Gathers what is drawn of a workflow. */
export function pictureOf(graph: Graph, options: PictureOptions = {}): Picture {
  const edges = graph.edges.filter(({ isImplicit }) => options.hasImplicit === true || !isImplicit)
  const arcs = arcsOf(graph, edges)
  const targets = new Set(arcs.flatMap(({ from, to }) => [from, to]))
  const nested = new Map(Object.values(graph.nodes).map((node) => [node.id, nestedPicture(node, graph, options)]))
  const figures = [
    pill(startFigure, 'start', 'start'),
    ...Object.values(graph.nodes).flatMap((node) => {
      const inside = nested.get(node.id)
      const figure = { ...nodeFigure(node, graph), isFrame: inside !== undefined }
      return [...framesBefore(node, graph), figure, ...(inside?.figures ?? [])]
    }),
    ...pills.filter(({ id }) => targets.has(id)),
  ]
  const order = new Map(figures.map(({ id }, index) => [id, index]))
  const lines = linesOf(arcs, { graph, edges, order })
  return { figures, lines: [...lines, ...[...nested.values()].flatMap((inside) => inside?.lines ?? [])] }
}

/** The workflow of a node as figures and lines under the node's own id; undefined: it has none, or is not to be shown. */
function nestedPicture(node: NodeRecord, graph: Graph, options: PictureOptions): Picture | undefined {
  const name = node.kind === 'workflow' || node.kind === 'map' ? node.workflow : undefined
  const inside = name === undefined || options.isExpanded !== true ? undefined : graph.workflows?.[name]
  if (inside === undefined) return undefined
  const { figures, lines } = pictureOf(inside, options)
  const at = (id: string): string => `${node.id}/${id}`
  return {
    figures: figures.map((figure) => ({
      ...figure,
      id: at(figure.id),
      within: figure.within === null ? node.id : at(figure.within),
    })),
    lines: lines.map((line) => ({ ...line, id: at(line.id), from: at(line.from), to: at(line.to) })),
  }
}

const pills: readonly Figure[] = [
  pill(endTarget, 'end', 'end'),
  pill(failTarget, 'failed', 'failed'),
  pill(exhaustedTarget, 'exhausted', 'limit hit'),
  pill(stalledFigure, 'exhausted', 'stalled'),
  pill(personTarget, 'person', 'a person is asked'),
]

function pill(id: string, kind: FigureKind, title: string): Figure {
  return { id, kind, title, subtitle: '', tools: '', notes: [], description: '', within: null, isFrame: false }
}

function groupId(name: string): string {
  return `:group:${name}`
}

/** The frame of a group, before the first of its nodes: where a figure stands among the others decides what leads back. */
function framesBefore({ id, group }: NodeRecord, { nodes, groups }: Graph): readonly Figure[] {
  const record = group === undefined ? undefined : groups?.[group]
  const first = Object.values(nodes).find((node) => node.group === group)
  return record === undefined || first?.id !== id ? [] : [groupFigure(record)]
}

function groupFigure(group: GroupRecord): Figure {
  const { name, description } = group
  const notes = groupNotes(group)
  return { ...pill(groupId(name), 'group', name), subtitle: 'group', notes, description, isFrame: true }
}

function nodeFigure(node: NodeRecord, graph: Graph): Figure {
  const { id, kind, description, group } = node
  return {
    id,
    kind,
    title: id,
    subtitle: subtitleOf(node, graph),
    tools: kind === 'agent' ? toolText(node, graph) : '',
    notes: notesOf(node, graph),
    description,
    within: group === undefined || graph.groups?.[group] === undefined ? null : groupId(group),
    isFrame: false,
  }
}
