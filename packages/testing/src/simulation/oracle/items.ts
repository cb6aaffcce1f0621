import type { Checkpoint, MapRecord, RunContext } from '@waystone/core'
import type { Coverage } from '../coverage.ts'
import { textOf, type KnownMap, type Report, type RunFacts } from './run-facts.ts'

/** The step that runs an item, by what its effect id ends with; the text itself for anything else. */
export function stepOfEffect(facts: RunFacts | undefined, suffix: string): string {
  return facts?.items.get(suffix) ?? suffix
}

/** What the effect of a step is known by outside. */
export function effectSuffix(facts: RunFacts | undefined, step: string): string {
  for (const [suffix, own] of facts?.items ?? []) if (own === step) return suffix
  return step
}

/** Follows the maps of a run by the events alone, and holds what is stored against it. */
export function followMaps(
  facts: RunFacts,
  checkpoint: Checkpoint,
  {
    before,
    after,
    report,
    coverage,
  }: {
    readonly before: RunContext | null
    readonly after: RunContext
    readonly report: Report
    readonly coverage: Coverage
  },
): void {
  noteEnd(facts, checkpoint, { before, coverage })
  noteBegun(facts, after, { report, coverage })
  for (const [node, map] of facts.maps) {
    const record = facts.spec.graph.nodes[node]
    const stored = after.maps?.[node]
    if (record?.kind !== 'map') continue
    const running = Object.values(after.open).filter((step) => step.node === node && step.item !== undefined).length
    if (running > record.concurrency)
      report('maps-keep-results', `${node} has ${running} items under way; it may have ${record.concurrency}`)
    if (stored === undefined) {
      facts.maps.delete(node)
      continue
    }
    checkResults(node, { map, stored }, report)
    const due = dueOutcome(record, map)
    if ((stored.over?.outcome ?? null) !== due)
      report(
        'maps-keep-results',
        `${node} is ${stored.over?.outcome ?? 'under way'}; by its items it is ${due ?? 'under way'}`,
      )
    if (stored.over !== undefined && before?.maps?.[node]?.over === undefined) countOver(map, stored.over, coverage)
  }
}

type StoredMap = NonNullable<RunContext['maps']>[string]

function countOver(map: KnownMap, over: NonNullable<StoredMap['over']>, coverage: Coverage): void {
  coverage.count(`map ${over.outcome}`)
  if (over.left.length > 0) coverage.count('item left')
  if (map.failed.size > 0 && over.outcome === 'done') coverage.count('map in spite of a failed item')
  if (map.hasWanted) coverage.count('first item that is wanted')
}

function noteEnd(
  facts: RunFacts,
  { event, decision, step }: Checkpoint,
  { before, coverage }: { readonly before: RunContext | null; readonly coverage: Coverage },
): void {
  if (step?.item === undefined || before?.open[step.index] === undefined) return
  const map = facts.maps.get(step.node)
  if (decision?.taken.endsWith(':retry') === true && step.kind !== 'item') coverage.count('item tried again')
  if (map === undefined || decision?.taken.endsWith(':retry') === true || decision?.taken.endsWith(':person') === true)
    return
  if (event.type !== 'effect.ended' && event.type !== 'request.decided') return
  const { payload } = event
  // What it holds has only begun.
  if (payload.outcome === 'begun') return
  if (payload.outcome === 'done' || payload.outcome === 'happened') {
    const output = event.type === 'effect.ended' ? event.payload.output : event.payload.result
    map.outputs.set(step.item, output ?? null)
    if (payload.isWanted === true) map.hasWanted = true
  } else {
    if (event.type === 'effect.ended' && event.payload.error?.code === 'WAYSTONE_NODE_NOT_APPROVED')
      coverage.count('item not approved')
    map.failed.add(step.item)
  }
}

function noteBegun(
  facts: RunFacts,
  after: RunContext,
  { report, coverage }: { readonly report: Report; readonly coverage: Coverage },
): void {
  for (const [index, { node, item, kind }] of Object.entries(after.open)) {
    const stored = after.maps?.[node]
    if (item === undefined || stored === undefined) continue
    const map = facts.maps.get(node) ?? newMap(stored)
    facts.maps.set(node, map)
    const suffix = `${stored.step}/${item}`
    const known = facts.items.get(suffix)
    if (known !== undefined && known !== index)
      report('effect-ids-are-stable', `item ${item} of ${node} is step ${index} and was step ${known}`)
    if (known === undefined) coverage.count('item begun')
    if (stored.cut !== undefined) coverage.count('list cut')
    facts.items.set(suffix, index)
    if (kind === 'resolve') coverage.count('person asked about an item')
  }
}

function newMap({ items }: StoredMap): KnownMap {
  return { total: items.length, outputs: new Map(), failed: new Set(), hasWanted: false }
}

function checkResults(
  node: string,
  { map, stored }: { readonly map: KnownMap; readonly stored: StoredMap },
  report: Report,
): void {
  const flat = Array.from(
    { length: map.total },
    (_, item) => stored.results[Math.floor(item / 100)]?.[item % 100] ?? null,
  )
  const expected = Array.from({ length: map.total }, (_, item) => map.outputs.get(item) ?? null)
  if (textOf(flat) !== textOf(expected))
    report('maps-keep-results', `results of ${node} are ${textOf(flat)}; its items gave ${textOf(expected)}`)
  const failed = Object.values(stored.errors ?? {}).flatMap((piece) => Object.keys(piece).map(Number))
  if (textOf(failed) !== textOf([...map.failed].toSorted((one, other) => one - other)))
    report('maps-keep-results', `failed items of ${node} are ${failed.join()}; by the events ${[...map.failed].join()}`)
}

/** Whether a map is over by what its items came to; null: it goes on. */
function dueOutcome(record: MapRecord, { total, outputs, failed, hasWanted }: KnownMap): 'done' | 'unsatisfied' | null {
  const ended = outputs.size + failed.size
  if (record.done === 'first') {
    if (hasWanted) return 'done'
    return ended === total ? 'unsatisfied' : null
  }
  const needed = record.done === 'all' ? total : record.done
  const counted = record.failed === 'keep' ? ended : outputs.size
  if (counted >= needed) return 'done'
  const possible = record.failed === 'keep' ? total : total - failed.size
  return possible < needed ? 'unsatisfied' : null
}
