import { formatPlace } from '../errors/definition-error.ts'
import {
  boundNames,
  noBound,
  type BoundAmount,
  type BoundName,
  type BoundRow,
  type CheckReport,
  type DominatingCycle,
  type Finding,
} from './report.ts'

/**
 * Writes a report for people: findings with place, code and what to do, then the worst case of a run. No colour; ends without a
 * line break.
 */
export function formatReport(report: CheckReport): string {
  const head = `${report.workflow} version ${report.version}: ${countFindings(report.findings)}`
  return [head, ...report.findings.map((finding) => formatFinding(finding)), formatBounds(report)].join('\n\n')
}

/** Writes one finding: place, severity and code; message; hint. */
export function formatFinding({ place, severity, code, message, hint }: Finding): string {
  return `${severity} ${code} at ${formatPlace(place)}\n  ${message}\n  → ${hint}`
}

function countFindings(findings: readonly Finding[]): string {
  const errors = findings.filter((finding) => finding.severity === 'error').length
  const counts = [count(errors, 'error'), count(findings.length - errors, 'warning')].filter((text) => text !== '')
  return counts.length === 0 ? 'no findings' : counts.join(', ')
}

function count(number: number, what: string): string {
  if (number === 0) return ''
  return number === 1 ? `1 ${what}` : `${number} ${what}s`
}

const titles: { readonly [name in BoundName]: string } = {
  steps: 'steps',
  modelCalls: 'model calls',
  toolCalls: 'tool calls',
  tokens: 'tokens',
  costUsd: 'cost',
  durationMs: 'duration',
}

/** Writes the bounds as a table, with the reasons for what is unknown below. */
function formatBounds({ bounds }: CheckReport): string {
  const notes: string[] = []
  const mark = (amount: BoundAmount): string => {
    if (amount.note === null) return ''
    if (!notes.includes(amount.note)) notes.push(amount.note)
    return ` [${notes.indexOf(amount.note) + 1}]`
  }
  const cells = boundNames.map((name) => rowCells(name, bounds[name], mark))
  const rows = [['at most', 'graph', 'with limits', 'cycle that adds most'], ...cells]
  const widths = rows[0]?.map((_cell, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? []
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
  return [...lines, ...notes.map((note, index) => `[${index + 1}] ${note}`)].join('\n')
}

function rowCells(
  name: BoundName,
  { graph, limited, cycle }: BoundRow,
  mark: (amount: BoundAmount) => string,
): string[] {
  const cell = (amount: BoundAmount): string =>
    (amount.max === null ? missingAmount(amount) : formatAmount(name, amount.max)) + mark(amount)
  return [titles[name], cell(graph), cell(limited), cycle === null ? '' : formatCycle(name, cycle)]
}

function formatCycle(name: BoundName, { nodes, edge, times, round }: DominatingCycle): string {
  return `${nodes.join(' → ')}, ${times} × ${formatAmount(name, round)} by ${edge}`
}

function missingAmount({ note }: BoundAmount): string {
  return note === noBound ? 'unbounded' : 'unknown'
}

function formatAmount(name: BoundName, amount: number): string {
  if (name === 'durationMs') return formatDuration(amount)
  const digits = name === 'costUsd' ? { minimumFractionDigits: 2, maximumFractionDigits: 6 } : {}
  const text = new Intl.NumberFormat('en-US', digits).format(amount)
  return name === 'costUsd' ? `$${text}` : text
}

const units: readonly (readonly [name: string, ms: number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
]

function formatDuration(ms: number): string {
  let rest = Math.ceil(ms)
  const parts: string[] = []
  for (const [name, size] of units) {
    const whole = Math.floor(rest / size)
    if (whole > 0) parts.push(`${whole}${name}`)
    rest -= whole * size
  }
  return parts.length === 0 ? '0s' : parts.join(' ')
}
