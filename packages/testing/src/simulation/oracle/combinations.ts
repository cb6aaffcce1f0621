import type { Coverage } from '../coverage.ts'
import type { Passage } from './nested.ts'
import { factsOf, type Part } from './parts.ts'
import type { RunFacts } from './run-facts.ts'

/** What can happen to a run from the side, whatever is under way in it. */
export const moves = ['redirect', 'patch', 'hold', 'release', 'cancel', 'outside event', 'deadline', 'expiry'] as const

type Move = (typeof moves)[number]

/** What can be under way in a run when that happens. */
export const constructs = [
  'a fork',
  'branches that meet',
  'a nested workflow',
  'a workflow of an item',
  'a map',
  'a wait',
  'a question',
  'a chain of handoffs',
  'a group',
  'a loser left to finish',
  'what can be undone',
  'undoing',
] as const

type Construct = (typeof constructs)[number]

/** Counts what came together: `cancel amid a map`. */
export function countCombinations(facts: RunFacts, passage: Passage): void {
  const move = moveOf(passage)
  if (move === null) return
  for (const construct of underWay(facts, passage.before)) count(passage.coverage, move, construct)
}

/** The row of a move amid a construct. */
export function combinationRow(move: Move, construct: Construct): string {
  return `${move} amid ${construct}`
}

function count(coverage: Coverage, move: Move, construct: Construct): void {
  coverage.count(combinationRow(move, construct))
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

function moveOf({ checkpoint: { event, decision } }: Passage): Move | null {
  if (event.type === 'timer.due') return decision?.outcome === 'deadline' ? 'deadline' : 'expiry'
  return moveBy[event.type] ?? null
}

function underWay(facts: RunFacts, parts: readonly Part[]): ReadonlySet<Construct> {
  const found = new Set<Construct>()
  for (const part of parts) for (const one of inPart(factsOf(facts, part), part)) found.add(one)
  if (facts.deeds.size > 0) found.add('what can be undone')
  return found
}

function inPart({ forks, spec }: RunFacts, { context, holder, around }: Part): readonly Construct[] {
  const open = Object.values(context.open)
  const meshes = [...forks.values()].filter(({ mesh }) => mesh !== undefined).length
  const isItem = holder !== null && around?.context.open[holder]?.item !== undefined
  const has: readonly (readonly [Construct, boolean])[] = [
    ['a fork', forks.size > meshes],
    ['branches that meet', meshes > 0],
    ['a nested workflow', holder !== null && !isItem],
    ['a workflow of an item', isItem],
    ['a map', Object.values(context.maps ?? {}).some(({ over }) => over === undefined)],
    ['a wait', open.some(({ kind }) => kind === 'wait')],
    ['a question', open.some(({ kind }) => kind === 'approval' || kind === 'resolve')],
    ['a chain of handoffs', (context.handoffs?.made ?? []).length > 0],
    ['a group', open.some(({ node }) => spec.graph.nodes[node]?.group !== undefined)],
    ['a loser left to finish', Object.values(context.closing).some(({ finishes }) => finishes === true)],
    ['undoing', context.undoing !== undefined],
  ]
  return has.flatMap(([construct, isSo]) => (isSo ? [construct] : []))
}
