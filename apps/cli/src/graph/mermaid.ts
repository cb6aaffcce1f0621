import type { Graph } from '@waystone/core'
import { figureText } from './figure-text.ts'
import { pictureOf, type Figure, type FigureKind, type Line, type PictureOptions } from './picture.ts'

/** Draws a workflow as a Mermaid flow chart. Order: as the author wrote nodes and edges. */
export function toMermaid(graph: Graph, options: PictureOptions = {}): string {
  const { figures, lines } = pictureOf(graph, options)
  const ids = idsOf(figures)
  const errors = lines.flatMap(({ kind }, index) => (kind === 'error' ? [index] : []))
  return [
    '---',
    `title: ${JSON.stringify(`${graph.name}, version ${graph.version}`)}`,
    '---',
    'flowchart TD',
    ...figures.map((figure) => `  ${ids.get(figure.id) ?? ''}${shapeOf(figure)}:::${classOf(figure.kind)}`),
    ...lines.map((line) => `  ${ids.get(line.from) ?? ''} ${arrowOf(line)} ${ids.get(line.to) ?? ''}`),
    ...usedKinds(figures).map((kind) => `  classDef ${classOf(kind)} ${looks[kind]}`),
    ...(errors.length === 0 ? [] : [`  linkStyle ${errors.join(',')} stroke:#d0453b,color:#d0453b`]),
    '',
  ].join('\n')
}

/** Words that Mermaid keeps for itself cannot be ids, so every id has a prefix. */
function idsOf(figures: readonly Figure[]): ReadonlyMap<string, string> {
  const ids = new Map<string, string>()
  const taken = new Set<string>()
  for (const { id } of figures) {
    const base = `n_${id.replace(/[^A-Za-z0-9]/g, '_')}`
    let unique = base
    for (let count = 2; taken.has(unique); count++) unique = `${base}_${count}`
    taken.add(unique)
    ids.set(id, unique)
  }
  return ids
}

const shapes: { readonly [kind in FigureKind]: readonly [open: string, close: string] } = {
  agent: ['(', ')'],
  tool: ['[', ']'],
  gate: ['{{', '}}'],
  approval: ['[/', '\\]'],
  task: ['[[', ']]'],
  map: ['[/', '/]'],
  join: ['[\\', '/]'],
  workflow: ['[[', ']]'],
  wait: ['>', ']'],
  start: ['([', '])'],
  end: ['([', '])'],
  failed: ['([', '])'],
  exhausted: ['([', '])'],
  person: ['([', '])'],
}

// Strokes that stand out on white and on black; Mermaid's own theme gives fill and text.
const looks: { readonly [kind in FigureKind]: string } = {
  agent: 'stroke:#7c63ea,stroke-width:2px',
  tool: 'stroke:#1c87b5,stroke-width:2px',
  gate: 'stroke:#b37a12,stroke-width:2px',
  approval: 'stroke:#d0453b,stroke-width:2px,stroke-dasharray:6 3',
  task: 'stroke:#6b7789,stroke-width:2px',
  map: 'stroke:#9a5ab0,stroke-width:2px',
  join: 'stroke:#3b8a57,stroke-width:2px',
  workflow: 'stroke:#2f6fb3,stroke-width:3px',
  wait: 'stroke:#a1662f,stroke-width:2px,stroke-dasharray:2 2',
  start: 'stroke:#7a828f',
  end: 'stroke:#7a828f',
  failed: 'stroke:#d0453b',
  exhausted: 'stroke:#b37a12',
  person: 'stroke:#d0453b,stroke-dasharray:6 3',
}

/** `end` is a word that Mermaid keeps for itself. */
function classOf(kind: FigureKind): string {
  return kind === 'end' ? 'finish' : kind
}

function usedKinds(figures: readonly Figure[]): readonly FigureKind[] {
  return [...new Set(figures.map(({ kind }) => kind))]
}

function shapeOf(figure: Figure): string {
  const { kind, title, subtitle } = figure
  const [open, close] = shapes[kind]
  const lines = figureText(figure).details.map(escapeMermaid).join('<br>')
  const text = subtitle === '' ? escapeMermaid(title) : `<b>${escapeMermaid(title)}</b><br>${lines}`
  return `${open}"${text}"${close}`
}

function arrowOf({ kind, labels }: Line): string {
  const arrow = kind === 'plain' ? '-->' : '-.->'
  return labels.length === 0 ? arrow : `${arrow}|"${labels.map(escapeMermaid).join('<br>')}"|`
}

/** Mermaid's own entities: text in quotes may hold neither quotes nor markup, and `#` begins an entity. */
function escapeMermaid(text: string): string {
  return text.replace(/[#"<>&`\\{}[\]|]/g, (character) => `#${character.charCodeAt(0)};`).replace(/\s+/g, ' ')
}
