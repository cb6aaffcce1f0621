import type { Graph } from '@waystone/core'
import { glyphs } from './glyphs.ts'
import { figureText, labelText, textSizes } from './figure-text.ts'
import { labelWidth, type LabelWeight } from './label-widths.ts'
import { layOut, sizes, type Drawing, type PlacedFigure, type PlacedLine, type Point } from './layout.ts'
import { limitsText } from './limits-text.ts'
import { pictureOf, type Figure, type PictureOptions } from './picture.ts'
import { straighten } from './straighten.ts'
import { styleSheet } from './svg-style.ts'

const margin = 20
const headingHeight = 52
const cornerRadius = 8
const arrow = { length: 8, halfWidth: 4 } as const

/**
 * Draws a workflow as an SVG document that stands for itself: no script, no font and no image from elsewhere, light and dark.
 *
 * The same graph gives the same text.
 */
export async function toSvg(graph: Graph, options: PictureOptions = {}): Promise<string> {
  const drawing = straighten(await layOut(pictureOf(graph, options)))
  const title = `${graph.name}, version ${graph.version}`
  const limits = limitsText(graph)
  const width = Math.ceil(Math.max(drawing.width, headingWidth(graph, limits))) + 2 * margin
  const height = drawing.height + headingHeight + 2 * margin
  const left = Math.round((width - drawing.width) / 2)
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="ws" role="img" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" aria-label="${escapeXml(`Workflow ${title}`)}">`,
    `<title>${escapeXml(`Workflow ${title}`)}</title>`,
    `<desc>${escapeXml(describe(graph, drawing))}</desc>`,
    `<style>\n${styleSheet()}\n</style>`,
    `<rect class="page" width="${width}" height="${height}" rx="10"/>`,
    ...heading(graph, limits),
    `<g transform="translate(${left} ${margin + headingHeight})">`,
    ...drawing.figures.filter(({ isFrame }) => isFrame).map(figureSvg),
    ...drawing.lines.map(lineSvg),
    ...drawing.figures.filter(({ isFrame }) => !isFrame).map(figureSvg),
    ...drawing.lines.map(labelSvg).filter((text) => text !== ''),
    '</g>',
    '</svg>',
    '',
  ].join('\n')
}

/** Escapes text for XML content and attributes; characters that XML cannot hold are left out. */
export function escapeXml(text: string): string {
  return text
    .replace(notInXml, '')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;')
    .replace(/'/g, '&#39;')
}

const notInXml =
  // oxlint-disable-next-line no-control-regex -- control characters are what this is about
  /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g

function heading(graph: Graph, limits: string): readonly string[] {
  const nameWidth = labelWidth(graph.name, 16, 'bold')
  const version = `<text class="quiet" x="${round(margin + nameWidth + 8)}" y="${margin + 14}">version ${graph.version}</text>`
  const name = `<text class="heading" x="${margin}" y="${margin + 14}">${escapeXml(graph.name)}</text>`
  return limits === ''
    ? [name, version]
    : [name, version, `<text class="quiet" x="${margin}" y="${margin + 33}">${escapeXml(limits)}</text>`]
}

function headingWidth(graph: Graph, limits: string): number {
  const first = labelWidth(graph.name, 16, 'bold') + 8 + labelWidth(`version ${graph.version}`, 11)
  return Math.max(first, labelWidth(limits, 11))
}

function describe(graph: Graph, { figures, lines }: Drawing): string {
  const titles = new Map(figures.map(({ id, title }) => [id, title]))
  const ways = lines.map(({ from, to, labels }) => {
    const says = labels.length === 0 ? '' : ` (${labels.join('; ')})`
    return `${titles.get(from) ?? from} to ${titles.get(to) ?? to}${says}`
  })
  const about = graph.description === '' ? '' : `${graph.description} `
  const nodes = figures.filter(({ subtitle }) => subtitle !== '').map(nodeText)
  return `${about}${nodes.length} nodes: ${nodes.join(', ')}. Ways: ${ways.join(', ')}.`
}

function nodeText({ title, subtitle, tools, notes }: Figure): string {
  return `${title} (${[subtitle, ...(tools === '' ? [] : [`may call ${tools}`]), ...notes].join('; ')})`
}

function figureSvg(figure: PlacedFigure): string {
  const isPill = figure.subtitle === ''
  const described = figure.description === '' ? '' : `<title>${escapeXml(figure.description)}</title>`
  const parts = isPill ? pillParts(figure) : cardParts(figure)
  return `<g class="${figure.kind}${isPill ? ' pill' : figure.isFrame ? ' frame' : ''}" transform="translate(${figure.x} ${figure.y})">${described}${parts.join('')}</g>`
}

function pillParts(figure: PlacedFigure): readonly string[] {
  const { width, height } = figure
  return [
    `<rect class="card" width="${width}" height="${height}" rx="${sizes.pillHeight / 2}"/>`,
    ...figureText(figure).title.map((line, index) =>
      textSvg(line, { className: 'title', x: width / 2, y: 17.5 + index * sizes.titleLine, size: textSizes.title }),
    ),
  ]
}

const radii: { readonly [kind: string]: number } = { agent: 14, tool: 4, gate: 4, approval: 8, task: 0 }

function cardParts(figure: PlacedFigure): readonly string[] {
  const { kind, width, height, isFrame } = figure
  const inner =
    kind === 'gate' ? `<rect class="inner" x="4" y="4" width="${width - 8}" height="${height - 8}" rx="2"/>` : ''
  const radius = isFrame ? 10 : (radii[kind] ?? 4)
  return [`<rect class="card" width="${width}" height="${height}" rx="${radius}"/>`, inner, ...cardTexts(figure)]
}

/** The mark and the texts, at the left top of a card or where the head of a frame is. */
function cardTexts(figure: PlacedFigure): readonly string[] {
  const { kind, head } = figure
  const text = figureText(figure)
  const [left, top] = head === null ? [0, 0] : [head.x - figure.x, head.y - figure.y]
  const inset = left + sizes.cardPadding + (kind === 'gate' ? 4 : 0)
  const glyph = glyphs[kind]
  const mark =
    glyph === undefined
      ? ''
      : `<path class="glyph" transform="translate(${round(inset)} ${round(top + (sizes.cardHeight - sizes.glyph) / 2)})" d="${glyph}"/>`
  const x = inset + sizes.glyph + 10
  const below = top + 35 + (text.title.length - 1) * sizes.titleLine
  const title = { className: 'title', x, size: textSizes.title, weight: 'bold' } as const
  return [
    mark,
    ...text.title.map((line, index) => textSvg(line, { ...title, y: top + 20.5 + index * sizes.titleLine })),
    ...text.details.map((line, index) =>
      textSvg(line, { className: 'subtitle', x, y: below + index * sizes.detailLine, size: textSizes.detail }),
    ),
  ]
}

interface TextLook {
  readonly className: string
  readonly x: number
  readonly y: number
  readonly size: number
  readonly weight?: LabelWeight
}

/** `textLength` holds a line to the width it was given room for, whatever font the reader has. */
function textSvg(text: string, { className, x, y, size, weight = 'regular' }: TextLook): string {
  const length = round(labelWidth(text, size, weight))
  return `<text class="${className}" x="${round(x)}" y="${round(y)}" textLength="${length}" lengthAdjust="spacingAndGlyphs">${escapeXml(text)}</text>`
}

function lineSvg(line: PlacedLine): string {
  const [last, before] = [line.points.at(-1), line.points.at(-2)]
  if (last === undefined || before === undefined) return ''
  const className = [line.kind, ...(line.isMain ? ['main'] : [])].join(' ')
  const tip = towards(last, before, arrow.length - 1)
  const route = routePath([...line.points.slice(0, -1), tip])
  return `<g class="${className}"><path class="route" d="${route}"/><path class="head" d="${headPath(last, before)}"/></g>`
}

function labelSvg(line: PlacedLine): string {
  const { labelBox, kind } = line
  if (labelBox === null) return ''
  const { x, y, width, height } = labelBox
  const texts = labelText(line).map((text, index) =>
    textSvg(text, {
      className: 'label',
      x: x + width / 2,
      y: y + 12.5 + index * sizes.labelLine,
      size: textSizes.label,
    }),
  )
  return `<g class="${kind}"><rect class="label-page" x="${x}" y="${y}" width="${width}" height="${height}" rx="3"/>${texts.join('')}</g>`
}

/** A route with its corners rounded. */
function routePath(points: readonly Point[]): string {
  return points
    .map((point, index) => {
      const [before, after] = [points[index - 1], points[index + 1]]
      if (before === undefined) return `M${round(point.x)} ${round(point.y)}`
      if (after === undefined) return `L${round(point.x)} ${round(point.y)}`
      const radius = Math.min(cornerRadius, distance(before, point) / 2, distance(point, after) / 2)
      const [enter, leave] = [towards(point, before, radius), towards(point, after, radius)]
      return `L${round(enter.x)} ${round(enter.y)}Q${round(point.x)} ${round(point.y)} ${round(leave.x)} ${round(leave.y)}`
    })
    .join('')
}

function headPath(tip: Point, from: Point): string {
  const base = towards(tip, from, arrow.length)
  const [dx, dy] = [(tip.y - base.y) / arrow.length, (base.x - tip.x) / arrow.length]
  const side = (sign: number): string =>
    `${round(base.x + sign * dx * arrow.halfWidth)} ${round(base.y + sign * dy * arrow.halfWidth)}`
  return `M${round(tip.x)} ${round(tip.y)}L${side(1)}L${side(-1)}Z`
}

function towards(point: Point, other: Point, length: number): Point {
  const whole = distance(point, other)
  if (whole === 0) return point
  return { x: point.x + ((other.x - point.x) * length) / whole, y: point.y + ((other.y - point.y) * length) / whole }
}

function distance(a: Point, b: Point): number {
  return Math.hypot(a.x - b.x, a.y - b.y)
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
