import type { Coverage } from './coverage.ts'
import { combinationRow, constructs, moves, pairRow } from './oracle/combinations.ts'

/** How often each move came amid each construct, and how often two constructs were under way at once, as two tables. */
export function toMatrix(coverage: Coverage): string {
  const ofMoves = constructs.map((one) => moves.map((move) => coverage.of(combinationRow(move, one))))
  const ofPairs = constructs.map((one, index) =>
    constructs.slice(0, index).map((other) => coverage.of(pairRow(other, one))),
  )
  return `${tableOf(moves, ofMoves)}\n\n${tableOf(constructs, ofPairs)}`
}

/** Rows are constructs. Columns have numbers, which a line above the table names. */
function tableOf(columns: readonly string[], counts: readonly (readonly number[])[]): string {
  const names = columns.map((name, index) => `${index + 1} ${name}`).join(' · ')
  const width = Math.max(...constructs.map((name) => name.length)) + 3
  const head = ''.padEnd(width) + columns.map((_, index) => cell(String(index + 1))).join('')
  const lines = counts.map((row, index) => {
    const name = `${String(index + 1).padStart(2)} ${constructs[index] ?? ''}`.padEnd(width)
    return name + row.map((count) => cell(short(count))).join('')
  })
  return [names, head, ...lines].join('\n')
}

function cell(text: string): string {
  return text.padStart(6)
}

function short(count: number): string {
  if (count === 0) return '·'
  return count < 10_000 ? String(count) : `${Math.floor(count / 1_000)}k`
}
