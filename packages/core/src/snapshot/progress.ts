import { nodePath } from '../base/node-path.ts'
import type { Graph } from '../graph/graph.ts'
import { nestedIn } from '../graph/nested-graphs.ts'
import type { Checkpoint } from './checkpoint.ts'
import type { Decision } from './decision.ts'
import { isIdle, type OpenStep, type RunContext, type Snapshot } from './snapshot.ts'

/**
 * How far a node is: not come to, at work, waiting for a person, an event or a time, over, over with a failure, or begun and told to stop.
 *
 * A node that is visited again is at work again.
 */
export type ProgressStatus = 'pending' | 'in-flight' | 'waiting' | 'completed' | 'failed' | 'stopped'

/** How far one node of a run is. */
export interface NodeProgress {
  /** A path in a nested workflow: `research/draft`. */
  readonly node: string
  readonly status: ProgressStatus
  /** Of its last visit that is over; null: none is; empty: that was before the run was forked, and the history of its origin says how (status `completed`). */
  readonly outcome: string | null
  /** Entries so far; inside of a nested workflow those of its last visit. */
  readonly visits: number
  /** Of a map under way: how many items there are, ended well, failed. */
  readonly items?: { readonly of: number; readonly done: number; readonly failed: number }
}

interface Known {
  visits: number
  end: { readonly outcome: string; readonly isFailure: boolean } | null
}

/**
 * How far every node of a run was at a checkpoint. Pure; needs no author code.
 *
 * Order: by their distance from the start, those of a nested workflow behind the node that holds it, and last what only limits lead to.
 * Cost: O(checkpoints).
 *
 * @param checkpoints - of the run, from the first to that one
 * @param snapshot - after that one
 */
export function progressOf(
  graph: Graph,
  checkpoints: readonly Checkpoint[],
  snapshot: Snapshot,
): readonly NodeProgress[] {
  const known = new Map<string, Known>()
  const knownOf = (node: string): Known => {
    const found = known.get(node) ?? { visits: 0, end: null }
    known.set(node, found)
    return found
  }
  const [first] = checkpoints
  // What was before a fork is over, and how is in the history of the run it came from.
  if (first?.event.type === 'run.forked') noteVisits(first.event.payload.snapshot.context, knownOf)
  for (const checkpoint of checkpoints) noteEnds(checkpoint, { known, knownOf })
  const open = new Map<string, OpenStep[]>()
  const maps = new Map<string, NodeProgress['items']>()
  gather(snapshot.context, [], { open, maps, knownOf })
  return pathsFrom(graph).map((node): NodeProgress => {
    const { visits, end } = known.get(node) ?? { visits: 0, end: null }
    const items = maps.get(node)
    return {
      node,
      status: statusIn(open.get(node), { visits, end }),
      outcome: end?.outcome ?? null,
      visits,
      ...(items !== undefined && { items }),
    }
  })
}

/** A stored graph has its nodes by name; people read them from the start on. */
function pathsFrom(graph: Graph): readonly string[] {
  const met = new Set([graph.start])
  for (const here of met) {
    for (const { from, to, otherwise, fork } of graph.edges) {
      if (from !== here) continue
      for (const target of [...(fork?.branches ?? []), to, otherwise ?? to]) if (target in graph.nodes) met.add(target)
    }
  }
  for (const name of Object.keys(graph.nodes)) met.add(name)
  return [...met].flatMap((name) => {
    const nested = nestedIn(graph, graph.nodes[name])
    return nested === undefined ? [name] : [name, ...pathsFrom(nested).map((path) => nodePath([name], path))]
  })
}

function statusIn(open: readonly OpenStep[] | undefined, { visits, end }: Known): ProgressStatus {
  if (open !== undefined) return open.length > 0 && open.every((step) => isIdle(step)) ? 'waiting' : 'in-flight'
  if (end !== null) return end.isFailure ? 'failed' : 'completed'
  return visits === 0 ? 'pending' : 'stopped'
}

function noteVisits({ visits }: RunContext, knownOf: (node: string) => Known): void {
  for (const [node, count] of Object.entries(visits)) {
    const known = knownOf(node)
    known.visits = count
    known.end = { outcome: '', isFailure: false }
  }
}

function noteEnds(
  { decision, event }: Checkpoint,
  { known, knownOf }: { readonly known: Map<string, Known>; readonly knownOf: (node: string) => Known },
): void {
  if (event.type.startsWith('run.')) return
  for (let one: Decision | undefined = decision ?? undefined; one !== undefined; one = one.next) {
    // A nested workflow begins anew.
    if (one.taken.endsWith(':begin'))
      for (const node of known.keys()) if (node.startsWith(nodePath([one.node], ''))) known.delete(node)
    if (one.to === null || one.to === ':person' || one.outcome === 'limit') continue
    const found = knownOf(one.node)
    found.visits = Math.max(found.visits, one.visit)
    found.end = { outcome: one.outcome, isFailure: isFailure(one) }
  }
}

const failed: ReadonlySet<string> = new Set(['failed', 'timeout', 'unknown', 'exhausted'])

/** A run that has stalled goes elsewhere after a node that ended well. */
function isFailure({ outcome, failure, stall }: Decision): boolean {
  return failed.has(outcome) || (failure !== undefined && stall === undefined)
}

interface Gathered {
  readonly open: Map<string, OpenStep[]>
  readonly maps: Map<string, NodeProgress['items']>
  readonly knownOf: (node: string) => Known
}

/** What is open now, by the node it belongs to, and whatever holds that. */
function gather(context: RunContext, around: readonly string[], gathered: Gathered): void {
  const { open, maps, knownOf } = gathered
  for (const index in context.open) {
    const step = context.open[index]
    if (step === undefined) continue
    const node = nodePath(around, step.node)
    const known = knownOf(node)
    if (step.visit > known.visits) Object.assign(known, { visits: step.visit, end: null })
    const child = step.kind === 'workflow' ? context.children?.[index] : undefined
    const inside = child === undefined ? [step] : stepsIn(child.context, step)
    open.set(node, [...(open.get(node) ?? []), ...inside])
    if (child !== undefined) gather(child.context, [...around, step.node], gathered)
  }
  // Under way, also while nothing of it fits beside what others have set aside.
  for (const node of context.short?.nodes ?? []) {
    const path = nodePath(around, node)
    open.set(path, open.get(path) ?? [])
  }
  for (const [node, map] of Object.entries(context.maps ?? {})) {
    const { items, done, failed: lost = 0 } = map
    maps.set(nodePath(around, node), { of: items.length, done, failed: lost })
  }
  // Entered, and neither open nor over: told to stop.
  for (const [node, count] of Object.entries(context.visits)) {
    const known = knownOf(nodePath(around, node))
    if (count > known.visits) Object.assign(known, { visits: count, end: null })
  }
}

/** A nested workflow waits when all that is open in it does. */
function stepsIn(context: RunContext, holder: OpenStep): readonly OpenStep[] {
  const inside = Object.entries(context.open).flatMap(([index, step]) => {
    const child = step.kind === 'workflow' ? context.children?.[index] : undefined
    return child === undefined ? [step] : stepsIn(child.context, step)
  })
  return inside.length === 0 ? [holder] : inside
}
