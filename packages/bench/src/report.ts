import { availableParallelism, cpus, loadavg } from 'node:os'
import type { Figure, Target } from './measure.ts'
import { peers, peerVersions } from './peers.ts'
import { verdictOf } from './verdict.ts'

/** Where and how figures were taken. */
export interface Circumstances {
  readonly node: string
  readonly processor: string
  readonly cores: number
  /** Of the last minute, before the first and after the last measure. More than the cores: everything was slower than it is. */
  readonly load: readonly [before: number, after: number]
  readonly isQuick: boolean
}

/** The circumstances of this process. @param loadBefore - {@link loadNow} before the first measure */
export function circumstances(loadBefore: number, isQuick: boolean): Circumstances {
  return {
    node: process.version,
    processor: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    load: [loadBefore, loadNow()],
    isQuick,
  }
}

/** The machine's load over the last minute. */
export function loadNow(): number {
  return Math.round((loadavg()[0] ?? 0) * 10) / 10
}

/** The figures as JSON, with verdicts and what others reached. */
export function jsonReport(figures: readonly Figure[], where: Circumstances): string {
  const judged = figures.map((figure) => ({ ...figure, verdict: verdictOf(figure), peers: peers[figure.name] ?? null }))
  return `${JSON.stringify({ circumstances: where, peerVersions, figures: judged }, null, 2)}\n`
}

const headings = ['', 'reached', 'target', '', 'floor', 'ratio', 'best to worst round'] as const

/** The figures as a table, with a second list of notes and of what others reached. */
export function textReport(figures: readonly Figure[], where: Circumstances): string {
  const rows = [headings, ...figures.map(cellsOf)]
  const widths = headings.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)))
  const table = rows.map((row) =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0))),
  )
  const notes = figures.flatMap(notesOf)
  return [
    `Node ${where.node}, ${where.processor}, ${where.cores} cores, load ${where.load.join(' to ')}`,
    ...(where.isQuick ? ['Quick: a tenth of the work; the figures say little.'] : []),
    ...(Math.max(...where.load) > where.cores
      ? ['The machine was busy with other work: times are longer than they need be.']
      : []),
    '',
    ...table.map((cells) => cells.join('  ').trimEnd()),
    '',
    `Warm medians. "Reported earlier" was taken before, on like hardware: ${peerVersions}.`,
    ...notes,
    '',
  ].join('\n')
}

function cellsOf(figure: Figure): readonly string[] {
  const { name, value, unit, target, floor, ratio, rounds } = figure
  const isHigherBetter = unit === 'steps/s' || target?.is === 'at least'
  const [least, most] = [Math.min(...rounds), Math.max(...rounds)]
  const [best, worst] = isHigherBetter ? [most, least] : [least, most]
  return [
    name,
    `${formatNumber(value)} ${unit}`,
    target === undefined ? '' : formatTarget(target),
    verdictOf(figure),
    floor === undefined ? '' : formatNumber(floor.value),
    ratio === undefined
      ? ''
      : `${formatNumber(ratio.value)}${ratio.target === undefined ? '' : ` (${formatTarget(ratio.target)})`}`,
    rounds.length < 2 ? '' : `${formatNumber(best)} to ${formatNumber(worst)}`,
  ]
}

function notesOf({ name, floor, note }: Figure): readonly string[] {
  const lines = [
    ...(floor === undefined ? [] : [`floor: ${floor.name}`]),
    ...(note === undefined ? [] : [note]),
    ...(peers[name] === undefined ? [] : [`reported earlier: ${peers[name]}`]),
  ]
  return lines.length === 0 ? [] : [`  ${name.replace(/^… /, '')}: ${lines.join('; ')}`]
}

function formatTarget({ is, value, stretch }: Target): string {
  const sign = is === 'at least' ? '≥' : '≤'
  return `${sign} ${formatNumber(value)}${stretch === undefined ? '' : ` (${formatNumber(stretch)})`}`
}

/** Three digits that count, and a comma at thousands. */
function formatNumber(value: number): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2
  return value.toLocaleString('en', { minimumFractionDigits: 0, maximumFractionDigits: digits })
}
