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
