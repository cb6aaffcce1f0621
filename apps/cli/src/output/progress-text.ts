import type { NodeProgress, ProgressStatus } from '@waystone/core'
import { printableLine } from './printable.ts'
import type { Style } from './style.ts'
import { table } from './table.ts'

const tones: { readonly [status in ProgressStatus]: Parameters<Style>[0] } = {
  pending: 'quiet',
  'in-flight': 'accent',
  waiting: 'warn',
  completed: 'good',
  failed: 'bad',
  stopped: 'quiet',
}

/** How far each node is, one line a node. */
export function progressLines(nodes: readonly NodeProgress[], style: Style): readonly string[] {
  const columns = [{ title: 'NODE' }, { title: 'STATUS' }, { title: 'VISITS', align: 'right' as const }, { title: '' }]
  const rows = nodes.map(({ node, status, visits, outcome, items }) => [
    printableLine(node),
    style(tones[status], status),
    visits === 0 ? '' : `${visits}`,
    items === undefined
      ? outcome === null || outcome === 'done'
        ? ''
        : printableLine(outcome)
      : `${items.done} of ${items.of} items${items.failed === 0 ? '' : `, ${items.failed} failed`}`,
  ])
  return table(columns, rows)
}
