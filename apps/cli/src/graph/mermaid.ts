import type { Graph } from '@waystone/core'
import { figureText } from './figure-text.ts'
import type { Line } from './picture-lines.ts'
import { pictureOf, type Figure, type FigureKind, type PictureOptions } from './picture.ts'

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
    ...figuresIn(null, { ids, inside: Map.groupBy(figures, ({ within }) => within) }),
    ...lines.map((line) => `  ${ids.get(line.from) ?? ''} ${arrowOf(line)} ${ids.get(line.to) ?? ''}`),
    ...frameLooks(figures, ids),
    ...usedKinds(figures.filter(({ isFrame }) => !isFrame)).map((kind) => `  classDef ${classOf(kind)} ${looks[kind]}`),
    ...(errors.length === 0 ? [] : [`  linkStyle ${errors.join(',')} stroke:#d0453b`]),
    '',
  ].join('\n')
}

/** The figures in a frame, and the frames in it with theirs; null: those in none. */
function figuresIn(
  frame: string | null,
  known: {
    readonly ids: ReadonlyMap<string, string>
    readonly inside: ReadonlyMap<string | null, readonly Figure[]>
  },
  indent = '  ',
): readonly string[] {
  return (known.inside.get(frame) ?? []).flatMap((figure) => {
    const id = known.ids.get(figure.id) ?? ''
    if (!figure.isFrame) return [`${indent}${id}${shapeOf(figure)}:::${classOf(figure.kind)}`]
    return [
      `${indent}subgraph ${id}["<b>${escapeMermaid(figure.title)}</b> · ${escapeMermaid(figure.subtitle)}"]`,
      `${indent}  direction TB`,
      ...notesIn(figure, `${indent}  ${id}`),
      ...figuresIn(figure.id, known, `${indent}  `),
      `${indent}end`,
    ]
  })
}

/** Frames are styled one by one: of a subgraph Mermaid takes but one class. */
function frameLooks(figures: readonly Figure[], ids: ReadonlyMap<string, string>): readonly string[] {
  const frames = figures.filter(({ isFrame }) => isFrame)
  if (frames.length === 0) return []
  return [
    '  classDef notes fill:none,stroke:none',
    ...frames.map(({ id, kind }) => `  style ${ids.get(id) ?? ''} fill:none,${looks[kind]}`),
  ]
}

/** Mermaid keeps room for one line of a frame's title: what else is to be said of it stands in the frame. */
function notesIn({ notes }: Figure, name: string): readonly string[] {
  return notes.length === 0 ? [] : [`${name}_notes["${notes.map(escapeMermaid).join('<br>')}"]:::notes`]
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
  group: ['[', ']'],
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
  group: 'stroke:#7a828f,stroke-dasharray:2 3',
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
  const [open, close] = shapes[figure.kind]
  return `${open}"${textOf(figure)}"${close}`
}

function textOf(figure: Figure): string {
  const { title, subtitle } = figure
  if (subtitle === '') return escapeMermaid(title)
  return `<b>${escapeMermaid(title)}</b><br>${figureText(figure).details.map(escapeMermaid).join('<br>')}`
}

function arrowOf({ kind, labels }: Line): string {
  const arrow = kind === 'plain' ? '-->' : '-.->'
  return labels.length === 0 ? arrow : `${arrow}|"${labels.map(escapeMermaid).join('<br>')}"|`
}

/** Mermaid's own entities: text in quotes may hold neither quotes nor markup, and `#` begins an entity. */
function escapeMermaid(text: string): string {
  return text.replace(/[#"<>&`\\{}[\]|]/g, (character) => `#${character.charCodeAt(0)};`).replace(/\s+/g, ' ')
}
