import type { NodeRecord } from './graph.ts'
import { handoffsOf } from './handoff.ts'

/** True for a node that others may hear: it gives a verdict, or hands over. */
export function speaks(record: NodeRecord | undefined): boolean {
  if (record === undefined) return false
  if (record.kind === 'agent') return Object.keys(handoffsOf(record)).length > 0
  return record.kind === 'gate' || record.kind === 'approval' || record.kind === 'join'
}
