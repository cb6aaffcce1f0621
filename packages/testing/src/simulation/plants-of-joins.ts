import type { CompiledWorkflow, Snapshot } from '@waystone/core'
import { changedAfter, movedWith, withContext, withNodes } from './plants-shared.ts'

/** Compiled with branches that share no name any more: they do not take turns. */
export function withoutTurns(spec: CompiledWorkflow): CompiledWorkflow {
  return withNodes(spec, (node) => {
    const own = { ...node }
    Reflect.deleteProperty(own, 'exclusive')
    return own
  })
}

/** A branch begins as soon as another one that held its name has been cancelled, whether that one has stopped or not. */
export function withoutStopping(spec: CompiledWorkflow): CompiledWorkflow {
  return movedWith(spec, (move) => (snapshot, event) => {
    const next = move(snapshot, event)
    const { closing, forks = {} } = next.context
    const join = Object.keys(forks).find((name) => Object.values(forks[name]?.branches ?? {}).includes('ready'))
    if (join === undefined) return next
    const blind = withContext(next, { ...next.context, closing: Object.freeze({}) })
    const begun = move(blind, { ...event, type: `waystone.freed.${join}` })
    return withContext(begun, { ...begun.context, closing })
  })
}

/** Whatever a join leads into is entered once more, under the next step index. */
export function firingTwice(spec: CompiledWorkflow): CompiledWorkflow {
  const isJoin = (node: string): boolean => spec.graph.nodes[node]?.kind === 'join'
  return changedAfter(spec, (next, before) => {
    const { context } = next
    const join = Object.keys(context.visits).find(
      (node) => isJoin(node) && context.visits[node] !== before.context.visits[node],
    )
    const again = Object.entries(context.open).find(([index]) => before.context.open[index] === undefined)
    if (join === undefined || again === undefined) return next
    const visits = Object.freeze({ ...context.visits, [join]: (context.visits[join] ?? 0) + 1 })
    const open = Object.freeze({ ...context.open, [context.steps]: again[1] })
    return withContext(next, { ...context, visits, open, steps: context.steps + 1 })
  })
}

/** Compiled with joins that wait for any branch, under the author's name and hash. */
export function withoutPatience(spec: CompiledWorkflow): CompiledWorkflow {
  return withNodes(spec, (node) => (node.kind === 'join' ? { ...node, atLeast: 1 } : node))
}

/** Compiled with joins that count what failed as if it had come, where they were to drop it. */
export function countingWhatIsDropped(spec: CompiledWorkflow): CompiledWorkflow {
  return withNodes(spec, (node) =>
    node.kind === 'join' && node.failed === 'drop' ? { ...node, failed: 'keep' } : node,
  )
}

/** Compiled with deadlines of joins that come after half their time. */
export function withHaste(spec: CompiledWorkflow): CompiledWorkflow {
  return withNodes(spec, (node) =>
    node.kind === 'join' && node.deadlineMs !== null ? { ...node, deadlineMs: node.deadlineMs / 2 } : node,
  )
}

/** A fork whose join has a deadline stays in the ledger once that has fired, so that its deadline will come. */
export function keepingDeadlines(spec: CompiledWorkflow): CompiledWorkflow {
  return changedAfter(spec, (next, before) => {
    const { forks = {}, visits } = next.context
    const over = Object.entries(before.context.forks ?? {}).filter(
      ([join, { until }]) =>
        until !== undefined && forks[join] === undefined && visits[join] !== before.context.visits[join],
    )
    if (over.length === 0) return next
    return withContext(next, { ...next.context, forks: Object.freeze({ ...forks, ...Object.fromEntries(over) }) })
  })
}

/** A redirect out of a fork leaves the first of its branches open. */
export function leavingBranchesOpen(spec: CompiledWorkflow): CompiledWorkflow {
  return movedWith(spec, (move) => (snapshot, event) => {
    const next = move(snapshot, event)
    const { open, closing, forks } = next.context
    const kept = Object.entries(snapshot.context.open).find(([index]) => open[index] === undefined)
    if (!event.type.startsWith('waystone.redirect.') || forks !== undefined || kept === undefined) return next
    if (snapshot.context.forks === undefined) return next
    const { [kept[0]]: _, ...rest } = closing
    const withKept = Object.freeze({ ...open, [kept[0]]: kept[1] })
    return withContext(next, { ...next.context, open: withKept, closing: Object.freeze(rest) })
  })
}

/** Puts the items of the trail back into the order in which they came. */
export function withoutOrder(spec: CompiledWorkflow): CompiledWorkflow {
  return changedAfter(spec, (next, old) => {
    const [before, after] = [trailOf(old), trailOf(next)]
    const added = after.filter((item) => !before.includes(item))
    return before.every((item, place) => after[place] === item) ? next : withTrail(next, [...before, ...added])
  })
}

/** What a move adds to the trail is added twice. */
export function appendingTwice(spec: CompiledWorkflow): CompiledWorkflow {
  return changedAfter(spec, (next, old) => {
    const [before, after] = [trailOf(old), trailOf(next)]
    const added = after.slice(before.length)
    // Not always, or it would be seen at the first step.
    return added.length === 0 || after.length % 3 !== 0 ? next : withTrail(next, [...after, ...added])
  })
}

function trailOf({ context }: Snapshot): readonly string[] {
  return (context.state['trail'] ?? []) as readonly string[]
}

function withTrail(snapshot: Snapshot, trail: readonly string[]): Snapshot {
  const state = Object.freeze({ ...snapshot.context.state, trail: Object.freeze([...trail]) })
  return withContext(snapshot, { ...snapshot.context, state })
}
