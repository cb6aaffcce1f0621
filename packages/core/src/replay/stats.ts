import { own } from '../base/own.ts'
import type { RunRow, Store } from '../checkpoint/store.ts'
import type { NodeRecord } from '../graph/graph.ts'
import { handoffOfTool } from '../graph/handoff.ts'
import { nodeAt } from '../graph/nested-graphs.ts'
import type { Checkpoint } from '../snapshot/checkpoint.ts'
import { modelOfStep } from '../graph/asked-models.ts'
import { calledOffIn } from '../run/called-off.ts'
import { isModelCall, type OpenStep } from '../snapshot/snapshot.ts'
import { closingIn, openIn } from '../snapshot/tree.ts'
import { addUsage, noUsage, type Usage } from '../snapshot/usage.ts'
import { readHistory, type History } from './history.ts'

/** What rows of {@link readStats} are about. */
export const statsGroups = ['workflow', 'node', 'item', 'agent', 'model', 'tool', 'handoff', 'compensation'] as const
/** See {@link statsGroups}. */
export type StatsGroup = (typeof statsGroups)[number]

/** Figures of one workflow, node, items of a map, agent, model, tool, handoff or compensation over a period. */
export interface StatsRow {
  readonly group: StatsGroup
  /** `workflow` or `workflow/node` (by path in a nested workflow: `workflow/research/draft`), or the name of the model or tool; `workflow/node → handoff`. */
  readonly name: string
  /** Runs, attempts of steps or calls that have ended; of a map its visits, and its items in a row of their own; handoffs that were asked for. The sum of the three. */
  readonly count: number
  /** Of these, ended well: run `completed`; any outcome but `failed`, `timeout`, `unknown`, `lost`; handoffs that were made and not one too many. */
  readonly succeeded: number
  readonly failed: number
  /** Neither: runs that were cancelled; steps that were called off and stopped without a result (the losers of a join, what a deadline, a limit or a cancel stopped). */
  readonly calledOff: number
  readonly usage: Usage
  /**
   * Ms, without what was called off: of runs and of visits of maps from start to end, of attempts from begin to end, of items and nested workflows from
   * their first step to their last end (in a fork from its begin, when they had begun before it). Null: nothing has ended.
   */
  readonly medianMs: number | null
  readonly p95Ms: number | null
}

interface Tally {
  readonly group: StatsGroup
  readonly name: string
  succeeded: number
  failed: number
  calledOff: number
  usage: Usage
  readonly durations: number[]
}

/** What to count. */
export interface StatsOptions {
  /** Runs created at or after, ms since the epoch. */
  readonly since?: number
  readonly workflow?: string
}

/**
 * Success, errors, cost, tokens and latency over the runs that are in a store: those that were deleted are not counted.
 *
 * Order: by group, then by name. Cost: O(checkpoints of those runs).
 */
export async function readStats(store: Store, options: StatsOptions = {}): Promise<readonly StatsRow[]> {
  const tallies = new Map<string, Tally>()
  let after: string | undefined
  do {
    const page = await store.list({ ...options, limit: 100, ...(after !== undefined && { after }) })
    for (const row of page.rows) countRun(tallies, row, await readHistory(store, row.runId))
    after = page.next ?? undefined
  } while (after !== undefined)
  return [...tallies.values()].map(rowOf).toSorted((left, right) => compare(left, right))
}

function compare(left: StatsRow, right: StatsRow): number {
  return statsGroups.indexOf(left.group) - statsGroups.indexOf(right.group) || (left.name < right.name ? -1 : 1)
}

function countRun(tallies: Map<string, Tally>, row: RunRow, history: History): void {
  const run = tallyOf(tallies, 'workflow', row.workflow)
  run.usage = addUsage(run.usage, row.usage)
  const { ending, startedAt } = history.at(history.last).snapshot.context
  if (ending?.status === 'cancelled') run.calledOff += 1
  else if (ending !== null) count(run, ending.status === 'completed', ending.at - startedAt)
  const lists = new Map<string, number>()
  const begins = new Map<number, number>()
  const calledOff = calledOffIn(history.checkpoints)
  for (const checkpoint of history.checkpoints) {
    countStep(tallies, { row, history, checkpoint, begins, isCalledOff: calledOff.has(checkpoint.sequence) })
    countMap(tallies, { row, history, checkpoint, lists })
    countHandoffs(tallies, row, checkpoint)
  }
}

interface Counted {
  readonly row: RunRow
  readonly history: History
  readonly checkpoint: Checkpoint
}

interface CountedStep extends Counted {
  /** When workflows that are nested in steps have begun, by step; ms since the epoch. */
  readonly begins: Map<number, number>
  readonly isCalledOff: boolean
}

function countStep(tallies: Map<string, Tally>, { row, history, checkpoint, begins, isCalledOff }: CountedStep): void {
  const { step, event, usage } = checkpoint
  if (step === null || event.type !== 'effect.ended') return
  // What is nested in it counts by itself, and the node when that has ended.
  if (event.payload.outcome === 'begun') {
    begins.set(step.index, step.startedAt)
    return
  }
  const record = nodeAt(history.graph, step.node)?.node
  const before = history.at(checkpoint.sequence - 1).snapshot.context
  // A late end is that of a step that was cancelled before.
  const ended = openIn(before)[step.index] ?? closingIn(before)[step.index]
  const tool = ended?.tool ?? (record?.kind === 'tool' ? record.tool : undefined)
  const name = `${row.workflow}/${step.node}`
  const node = tallyOf(tallies, 'node', name)
  const group = step.undoes !== undefined ? 'compensation' : step.item !== undefined ? 'item' : 'node'
  // What a node used is all of that; a map ends once, whatever steps it has.
  if (group !== 'node' || record?.kind === 'map') node.usage = addUsage(node.usage, usage ?? undefined)
  const tallied = group !== 'node' ? [tallyOf(tallies, group, name)] : record?.kind === 'map' ? [] : [node]
  if (record?.kind === 'agent') tallied.push(tallyOf(tallies, 'agent', name))
  if (isModelCall(step)) tallied.push(tallyOf(tallies, 'model', askedOf(record, ended)))
  if (tool !== undefined) tallied.push(tallyOf(tallies, 'tool', tool))
  const isGood = !['failed', 'timeout', 'unknown', 'lost'].includes(event.payload.outcome)
  // Its last step only gives its output.
  const startedAt =
    step.kind === 'output' ? (begins.get(step.index) ?? history.at(0).checkpoint.event.at) : step.startedAt
  for (const tally of tallied) {
    tally.usage = addUsage(tally.usage, usage ?? undefined)
    if (isCalledOff) tally.calledOff += 1
    else count(tally, isGood, step.endedAt - startedAt)
  }
}

/** A map ends once a visit, with its results, with an item or with its list; that took from its list to there. */
function countMap(
  tallies: Map<string, Tally>,
  { row, history, checkpoint, lists }: Counted & { readonly lists: Map<string, number> },
): void {
  const { step, event, decision, items = [] } = checkpoint
  if (step === null || step.undoes !== undefined || nodeAt(history.graph, step.node)?.node.kind !== 'map') return
  const key = `${step.node} ${items.join(' ')}`
  if (step.kind === 'map') lists.set(key, step.startedAt)
  const hasLed = decision !== null && decision.node === step.node && decision.to !== null && decision.to !== ':person'
  if (!hasLed || decision.taken.startsWith(':undo')) return
  const isGood = !['failed', 'timeout', 'unknown'].includes(decision.outcome)
  count(tallyOf(tallies, 'node', `${row.workflow}/${step.node}`), isGood, event.at - (lists.get(key) ?? event.at))
}

/** Handoffs take no time of their own, and what they used is the model's. */
function countHandoffs(tallies: Map<string, Tally>, row: RunRow, { step, event, decision }: Checkpoint): void {
  const tallyFor = (node: string, handoff: string): Tally =>
    tallyOf(tallies, 'handoff', `${row.workflow}/${node} → ${handoff}`)
  if (decision?.handoff !== undefined) {
    const tally = tallyFor(decision.node, decision.outcome)
    if (decision.handoff.tooMany === undefined) tally.succeeded += 1
    else tally.failed += 1
  }
  if (event.type !== 'effect.ended' || step === null) return
  const { refusedCalls = {}, message } = event.payload
  for (const { id, name } of message?.calls ?? []) {
    const rule = own(refusedCalls, id)?.rule
    if (rule === 'handoff' || rule === 'contract') tallyFor(step.node, handoffOfTool(name) ?? name).failed += 1
  }
}

/** The name by which a model was asked: its provider may call it otherwise, and says nothing where it gave no answer. */
function askedOf(record: NodeRecord | undefined, ended: OpenStep | undefined): string {
  if (ended === undefined || (record?.kind !== 'agent' && record?.kind !== 'gate')) return 'unknown'
  return modelOfStep(record, ended)
}

function tallyOf(tallies: Map<string, Tally>, group: StatsGroup, name: string): Tally {
  const key = `${group} ${name}`
  const known = tallies.get(key)
  if (known !== undefined) return known
  const tally: Tally = { group, name, succeeded: 0, failed: 0, calledOff: 0, usage: noUsage, durations: [] }
  tallies.set(key, tally)
  return tally
}

function count(tally: Tally, isGood: boolean, durationMs: number): void {
  if (isGood) tally.succeeded += 1
  else tally.failed += 1
  tally.durations.push(durationMs)
}

function rowOf({ group, name, succeeded, failed, calledOff, usage, durations }: Tally): StatsRow {
  const sorted = durations.toSorted((left, right) => left - right)
  return {
    group,
    name,
    count: succeeded + failed + calledOff,
    succeeded,
    failed,
    calledOff,
    usage,
    medianMs: quantile(sorted, 0.5),
    p95Ms: quantile(sorted, 0.95),
  }
}

function quantile(sorted: readonly number[], part: number): number | null {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? null
}
