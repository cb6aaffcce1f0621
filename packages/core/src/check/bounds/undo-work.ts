import { compensationsOf } from '../../graph/compensations.ts'
import type { CompensationRecord, Graph, NodeRecord } from '../../graph/graph.ts'
import type { Work } from '../call-cost.ts'
import type { BoundAmount, BoundName } from '../report.ts'
import type { CheckOptions } from '../rule.ts'
import { attemptsTime, callsOf, reasonOf, workSite } from './work.ts'

/** The most that undoing takes, by amount; what is not among them is nothing. */
export type UndoBounds = { readonly [name in BoundName]?: BoundAmount }

/**
 * What undoing one visit of a node takes at most: a step for each piece of work that can be undone, its attempts as tool calls, one after the other.
 *
 * @param nested - of nested workflows, by name: what they did is undone by them or by the workflow around them, once
 */
export function undoWorkOf(
  name: BoundName,
  node: NodeRecord,
  site: { readonly graph: Graph; readonly options: CheckOptions; readonly nested: ReadonlyMap<string, UndoBounds> },
): Work {
  if (node.kind === 'workflow') return nestedUndo(site.nested.get(node.workflow)?.[name])
  if (node.kind === 'map' && node.workflow !== undefined) {
    const one = nestedUndo(site.nested.get(node.workflow)?.[name])
    return typeof one === 'number' ? one * node.maxItems * node.retry.attempts : one
  }
  const records = compensationsOf(site.graph, node).map(({ record }) => record)
  if (records.length === 0) return 0
  const times =
    node.kind === 'map' ? node.maxItems : node.kind === 'agent' ? callsOf(node, workSite(site.graph, site.options)) : 1
  const each = records.map((record) => undoOf(name, record))
  const unknown = each.find((work) => typeof work !== 'number')
  return unknown ?? times * Math.max(...each.map((work) => Number(work)))
}

function nestedUndo(amount: BoundAmount | undefined): Work {
  if (amount === undefined) return 0
  return amount.max ?? { unknown: reasonOf(amount) }
}

function undoOf(name: BoundName, record: CompensationRecord): Work {
  switch (name) {
    case 'steps':
      return 1
    case 'toolCalls':
      return record.kind === 'tool' ? record.retry.attempts : 0
    case 'durationMs':
      if (record.effect === 'unsafe' && record.whenUnknown === 'ask')
        return { unknown: `a person may be asked what became of undoing "${record.id}"` }
      if (record.timeoutMs === null) return { unknown: `undoing "${record.id}" has no timeout` }
      return attemptsTime(record.retry, record.timeoutMs)
    case 'modelCalls':
    case 'tokens':
    case 'costUsd':
      return 0
  }
}
