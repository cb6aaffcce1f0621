import type { ApprovalRecord, CompiledWorkflow } from '@waystone/core'
import type { Coverage } from '../coverage.ts'
import type { Passage } from './nested.ts'
import { factsOf, partsOf, type Part } from './parts.ts'
import type { RunFacts } from './run-facts.ts'

/** What can happen to a run from the side, whatever is under way in it. */
export const moves = [
  'redirect',
  'patch',
  'hold',
  'release',
  'cancel',
  'outside event',
  'deadline',
  'expiry',
  'escalation',
  'limit hit',
  'stall',
  'kill',
  'fork of the run',
] as const

type Move = (typeof moves)[number]

/** What can be under way in a run when that happens. */
export const constructs = [
  'a fork',
  'branches that meet',
  'an event between nodes',
  'a nested workflow',
  'a workflow of an item',
  'a map',
  'a wait',
  'a question',
  'a question that escalates',
  'a quorum',
  'a chain of handoffs',
  'a group',
  'a store of a group',
  'a use of the memory',
  'a hold',
  'a loser left to finish',
  'what can be undone',
  'undoing',
] as const

type Construct = (typeof constructs)[number]

const [pairsOf, amids] = [
  constructs.map((one, index) => constructs.slice(0, index).map((other) => pairRow(other, one))),
  new Map(moves.map((move) => [move, constructs.map((construct) => combinationRow(move, construct))])),
]

/** Counts what came together: `cancel amid a map`, `a map beside a wait`. */
export function countCombinations(facts: RunFacts, passage: Passage): void {
  const { before, after, coverage } = passage
  const move = moveOf(facts, passage)
  if (move !== null) countMove(move, underWay(facts, before), coverage)
  const isThere = underWay(facts, after)
  const timeline = timelines.get(facts) ?? []
  timeline.push(isThere)
  timelines.set(facts, timeline)
  for (const [index, row] of pairsOf.entries())
    if (isThere[index] === true)
      for (const [other, name] of row.entries()) if (isThere[other] === true) coverage.count(name)
}

/** What was under way after each checkpoint of a run. */
const timelines = new WeakMap<RunFacts, (readonly boolean[])[]>()

/** A run was forked at one of its checkpoints. */
export function countFork(facts: RunFacts, sequence: number, coverage: Coverage): void {
  countMove('fork of the run', timelines.get(facts)?.[sequence] ?? [], coverage)
}

/** The process that drove a run has died. */
export function countKill(facts: RunFacts, coverage: Coverage): void {
  countMove('kill', underWay(facts, partsOf(facts.context)), coverage)
}

function countMove(move: Move, isThere: readonly boolean[], coverage: Coverage): void {
  for (const [index, row] of (amids.get(move) ?? []).entries()) if (isThere[index] === true) coverage.count(row)
}

/** The row of a move amid a construct. */
export function combinationRow(move: Move, construct: Construct): string {
  return `${move} amid ${construct}`
}

/** The row of two constructs that are under way at once; the first is the earlier one in the list. */
export function pairRow(one: Construct, other: Construct): string {
  return `${one} beside ${other}`
}

/** Events that are a move by their type alone. */
const moveBy: { readonly [type: string]: Move } = {
  'run.redirect': 'redirect',
  'run.patch': 'patch',
  'run.hold': 'hold',
  'run.release': 'release',
  'run.cancel': 'cancel',
  'event.received': 'outside event',
}

function moveOf({ spec }: RunFacts, { checkpoint: { event, decision }, home }: Passage): Move | null {
  if (decision?.limit !== undefined || decision?.taken === 'limits.exhausted') return 'limit hit'
  if (decision?.taken.startsWith('limits.stall') === true) return 'stall'
  if (event.type !== 'timer.due') return moveBy[event.type] ?? null
  if (event.payload.timer.startsWith('escalate/')) return 'escalation'
  const isDeadline = home?.holder === null ? spec.graph.nodes[decision?.node ?? '']?.kind === 'join' : false
  return isDeadline || decision?.outcome === 'deadline' ? 'deadline' : 'expiry'
}

/** By index of {@link constructs}. */
function underWay(facts: RunFacts, parts: readonly Part[]): readonly boolean[] {
  const found = constructs.map(() => false)
  for (const part of parts) {
    const own = inPart(factsOf(facts, part), part)
    for (const [index, construct] of constructs.entries()) if (own[construct] === true) found[index] = true
  }
  if (facts.deeds.size > 0) found[constructs.indexOf('what can be undone')] = true
  return found
}

function inPart(
  { forks, spec }: RunFacts,
  { context, holder, around }: Part,
): { readonly [construct in Construct]?: boolean } {
  const open = Object.values(context.open)
  const meshes = [...forks.values()].filter(({ mesh }) => mesh !== undefined).length
  const isItem = holder !== null && around?.context.open[holder]?.item !== undefined
  return {
    'a fork': forks.size > meshes,
    'branches that meet': meshes > 0,
    'an event between nodes': spec.graph.edges.some(
      ({ emits, fork }) => emits !== undefined && forks.has(fork?.join ?? ''),
    ),
    'a nested workflow': holder !== null && !isItem,
    'a workflow of an item': isItem,
    'a map': Object.values(context.maps ?? {}).some(({ over }) => over === undefined),
    'a wait': open.some(({ kind }) => kind === 'wait'),
    'a question': open.some(({ kind }) => kind === 'approval' || kind === 'resolve'),
    ...asked(spec, open),
    'a chain of handoffs': (context.handoffs?.made ?? []).length > 0,
    ...owned(spec, open),
    'a hold': context.held !== null,
    'a loser left to finish': Object.values(context.closing).some(({ finishes }) => finishes === true),
    undoing: context.undoing !== undefined,
  }
}

type OpenSteps = readonly Part['context']['open'][string][]

type Deciders = Pick<ApprovalRecord, 'escalations' | 'quorum'>

/** How persons are asked. */
function asked({ graph }: CompiledWorkflow, open: OpenSteps): { readonly [construct in Construct]?: boolean } {
  const deciders = open.flatMap(({ kind, node, tool }): readonly Deciders[] => {
    const record = graph.nodes[node]
    if (kind !== 'approval' || record === undefined) return []
    if (record.kind === 'approval') return [record]
    const rule = record.kind === 'agent' ? record.toolRules?.[tool ?? '']?.approval : undefined
    return rule === undefined || rule === null ? [] : [rule]
  })
  return {
    'a question that escalates': deciders.some(({ escalations }) => escalations !== undefined),
    'a quorum': deciders.some(({ quorum }) => quorum !== undefined),
  }
}

/** What work may reach. */
function owned({ graph }: CompiledWorkflow, open: OpenSteps): { readonly [construct in Construct]?: boolean } {
  const records = open.flatMap(({ node }) => graph.nodes[node] ?? [])
  const groups = records.flatMap(({ group }) => graph.groups?.[group ?? ''] ?? [])
  return {
    'a group': groups.length > 0,
    'a store of a group': groups.some(({ own }) => own?.includes('store') === true),
    'a use of the memory': records.some((record) => 'memory' in record && typeof record.memory === 'object'),
  }
}
