import type { Graph } from '@waystone/core'
import { amountText } from '../graph/limits-text.ts'
import { reasonText, wayText } from '../output/decision-text.ts'
import { nodeText } from '../output/node-text.ts'
import { printableLine } from '../output/printable.ts'
import { displayWidth, type Style } from '../output/style.ts'
import { formatDuration } from '../output/units.ts'
import { counted, usageText } from '../output/usage-text.ts'
import { workText } from './event-lines.ts'
import { limitsLeft, type OpenWork, type Progress } from './progress.ts'

/** What the block is drawn from beside the progress. */
export interface BlockContext {
  readonly graph: Graph
  readonly style: Style
  /** Ms since the epoch. */
  readonly now: number
  readonly columns: number
}

/** The lines at the foot of the live view: what runs, what was used, what is left, and the last edge with its reason. */
export function liveBlock(progress: Progress, context: BlockContext): readonly string[] {
  const { graph, style, now } = context
  const elapsed = progress.startedAt === null ? '' : formatDuration(now - progress.startedAt)
  const left = limitsLeft(progress, graph, now).map(({ name, left: amount }) => amountText(name, amount))
  const used = [elapsed, counted(progress.steps, 'step'), usageText(progress.usage)].filter((part) => part !== '')
  const lines = [
    ...openTexts(progress, now, style).map((text) => `${style('accent', '▸')} ${text}`),
    ...(progress.speech === ''
      ? []
      : [style('quiet', `  “${tail(printableLine(progress.speech), context.columns - 6)}`)]),
    `  used  ${used.join(' · ')}`,
    ...(left.length === 0 ? [] : [`  left  ${left.join(' · ')}`]),
    ...lastEdge(progress, context),
  ]
  return lines.map((line) => clip(line, context.columns - 1))
}

/** What is open, the running items of a map on one line. */
function openTexts({ open }: Progress, now: number, style: Style): readonly string[] {
  const groups = Map.groupBy(open.values(), (work) =>
    placeOf(work) === undefined ? work : `${work.node} ${work.kind}`,
  )
  return [...groups.values()].flatMap((works) => {
    const [first] = works
    if (first === undefined) return []
    return [works.length === 1 ? openText(first, now, style) : itemsText(first.node, works, { now, style })]
  })
}

function itemsText(
  node: string,
  works: readonly OpenWork[],
  { now, style }: { readonly now: number; readonly style: Style },
): string {
  const items = works.map((work) => placeOf(work) ?? 0)
  const since = Math.min(...works.map((work) => work.since))
  const tool = works[0]?.tool ?? null
  const kind = works[0]?.kind === 'model' ? 'model, ' : ''
  const what = tool === null ? kind : `${workText('call', tool)}, `
  return `${style('strong', node)}  ${what}${works.length} items from ${Math.min(...items)} to ${Math.max(...items)}, ${formatDuration(now - since)}`
}

/** The item of a map that a step is, or that it is inside of; of several maps around it the outermost. */
function placeOf({ item, items }: OpenWork): number | undefined {
  return items?.[0] ?? item
}

function openText({ node, kind, attempt, tool, item, items, since }: OpenWork, now: number, style: Style): string {
  const isAsked = kind === 'approval' || kind === 'unknown'
  const about = tool === null ? '' : ` about ${workText('call', tool)}`
  const what = isAsked ? `waits for a person${about}` : workText(kind, tool, item)
  const parts = [what, attempt > 1 ? `attempt ${attempt}` : '', formatDuration(now - since)]
  return `${style('strong', nodeText(node, items))}  ${parts.filter((part) => part !== '').join(', ')}`
}

function lastEdge({ lastDecision }: Progress, { graph, style }: BlockContext): readonly string[] {
  if (lastDecision === null || lastDecision.to === null) return []
  const reason = reasonText(lastDecision)
  return [
    `  last  ${lastDecision.node} ${lastDecision.outcome} ${wayText(lastDecision, graph)}${reason === '' ? '' : style('quiet', `  because ${reason}`)}`,
  ]
}

function tail(text: string, length: number): string {
  return text.length <= length ? text : `…${text.slice(text.length - length + 1)}`
}

/** Cuts a styled line to a number of columns, so that the block never wraps and can be drawn over. */
function clip(line: string, columns: number): string {
  if (displayWidth(line) <= columns) return line
  let [text, width] = ['', 0]
  for (const part of line.match(styledPart) ?? []) {
    if (part.startsWith('\u001b')) {
      text += part
      continue
    }
    width += displayWidth(part)
    if (width > columns - 1) return text.includes('\u001b') ? `${text}…\u001b[0m` : `${text}…`
    text += part
  }
  return text
}

// oxlint-disable-next-line no-control-regex -- escape sequences of our own style, which have no width
const styledPart = /\u001b\[\d+m|[\s\S]/gu
