import { assign, createMachine, type AnyMachineSnapshot, type AnyStateMachine } from 'xstate'
import { endTarget, exhaustedTarget, failTarget } from '../graph/graph.ts'
import type { MachineInput } from './machine-event.ts'
import type { RunContext } from '../snapshot/snapshot.ts'
import { cancelledState, compensatingState, eventNames } from './names.ts'
import { limitFailure } from './failure-of.ts'
import type { RouteMemo } from './route-memo.ts'
import type { RouteParts } from './route-parts.ts'
import { closeAll, initialContext, withContext } from './steps.ts'
import { stubActor } from './stub-actor.ts'
import {
  joinAction,
  settledAction,
  stateId,
  targetId,
  type ActionArgs,
  type ContextChange,
  type Parts,
  type StateConfig,
  type TransitionConfig,
} from './machine-parts.ts'
import { gatedForks, joinsOf, nodeStates, raiseJoined, raiseSettled } from './machine-forks.ts'
import { compensating, raiseUndo, undoAction, undoTargets } from './machine-undo.ts'
import { redirectsInto } from './machine-redirects.ts'
import { invokedActors } from './machine-nodes.ts'

/**
 * Builds the XState machine of a graph: a state per node, a guarded transition per edge, a final state per way to end.
 *
 * Guards only compare: {@link RouteMemo} decides once per event which transition is taken.
 *
 * @param options - `isLean`: the same states and transitions for pure moves only. Nothing is invoked, since a pure transition starts
 * nothing and would make an actor to throw away; and a changed context is taken as it is, where `assign` makes a copy of it and
 * of what XState keeps beside it.
 */
export function buildMachine(
  routeParts: RouteParts,
  memo: RouteMemo,
  options: { readonly isLean: boolean } = { isLean: false },
): AnyStateMachine {
  const parts: Parts = { ...routeParts, ...options, memo, undoTargets: undoTargets(routeParts), changes: new Map() }
  const { graph } = parts
  const states = nodeStates(parts)
  for (const [name, status] of finalStates) states[name] = finalState(parts, name, status)
  if (parts.undoTargets !== null) states[compensatingState] = compensating(parts)
  const config = {
    id: graph.name,
    context: ({ input }: { readonly input?: MachineInput }) =>
      initialContext(input?.state ?? Object.freeze({}), input?.at ?? 0, input),
    initial: graph.start,
    on: rootTransitions(parts),
    states,
  }
  const actions = {
    ...Object.fromEntries(
      [...parts.changes].map(([name, change]) => [
        name,
        parts.isLean ? replaceContext(change) : assign((args) => wholeChange(change, args as unknown as ActionArgs)),
      ]),
    ),
    ...Object.fromEntries(joinsOf(graph).map(({ id }) => [joinAction(id), raiseJoined(id)])),
    ...(parts.undoTargets !== null && { [undoAction]: raiseUndo() }),
    ...Object.fromEntries(gatedForks(parts).map((join) => [settledAction(join), raiseSettled(join)])),
  }
  const actors = Object.fromEntries(invokedActors(Object.values(graph.nodes)).map((name) => [name, stubActor]))
  const chosen = ({ context, event }: ActionArgs, params: { readonly transition: string }): boolean =>
    memo.routeOf(context, event)?.transition === params.transition
  const stands = ({ context }: ActionArgs, { join, branch, as }: Standing): boolean => {
    const status = context.forks?.[join]?.branches[branch]
    return status !== undefined && as.includes(status)
  }
  // XState infers its types from literals; a machine built from data has none to infer, and they end here.
  return createMachine(
    config as unknown as Parameters<typeof createMachine>[0],
    {
      actions,
      actors,
      guards: { chosen, stands },
    } as unknown as Parameters<typeof createMachine>[1],
  )
}

type Standing = Extract<TransitionConfig['guard'], { type: 'stands' }>['params']

/** XState's assign adds to the context it has: what is gone from the next one has to be said. */
function wholeChange(change: ContextChange, args: ActionArgs): object {
  const next = change(args)
  const gone = (['forks', 'maps', 'handoffs', 'undo', 'undoing'] as const).filter(
    (key) => args.context[key] !== undefined && next[key] === undefined,
  )
  return gone.length === 0 ? next : { ...next, ...Object.fromEntries(gone.map((key) => [key, undefined])) }
}

/** An action as XState's own are made: `resolve` gives the snapshot after it. The pinned version calls it so, which tests of both machines hold. */
function replaceContext(change: ContextChange): object {
  const resolve = (_scope: unknown, snapshot: AnyMachineSnapshot, args: ActionArgs): readonly unknown[] => [
    { ...snapshot, context: change(args) },
    undefined,
    undefined,
  ]
  return Object.assign((): void => undefined, { type: 'waystone.replace-context', resolve })
}

const finalStates = [
  [endTarget, 'completed'],
  [failTarget, 'failed'],
  [exhaustedTarget, 'exhausted'],
  [cancelledState, 'cancelled'],
] as const

function finalState(parts: Parts, name: string, status: (typeof finalStates)[number][1]): StateConfig {
  const action = `end:${status}`
  parts.changes.set(action, ({ context, event }) => {
    const at = event.at ?? 0
    const closed = withoutUndo(closeAll(context), status)
    if (status === 'failed')
      return withContext(closed, { ending: Object.freeze({ status, at, error: context.error ?? routedToFail }) })
    if (status === 'exhausted')
      return withContext(closed, {
        ending: Object.freeze({ status, at, ...(context.exhausted !== null && { limit: context.exhausted.limit }) }),
      })
    if (status === 'cancelled') {
      const { by = '', reason = '' } = context.undoing ?? event
      return withContext(closed, { ending: Object.freeze({ status, at, by, reason }) })
    }
    return withContext(closed, { ending: Object.freeze({ status, at }) })
  })
  return { id: stateId(name).slice(1), type: 'final', entry: [action] }
}

/** What was undone is told in the report. What a nested workflow did that has completed is left for the one around it. */
function withoutUndo(context: RunContext, status: (typeof finalStates)[number][1]): RunContext {
  if (status === 'completed' || (context.undo === undefined && context.undoing === undefined)) return context
  const { undo: _, undoing: __, ...rest } = context
  return Object.freeze(rest)
}

const routedToFail = Object.freeze({
  name: 'NodeError',
  code: 'WAYSTONE_NODE_FAIL_TAKEN',
  message: 'an edge led to FAIL',
  retryable: false,
})

function rootTransitions(parts: Parts): { readonly [event: string]: readonly TransitionConfig[] } {
  const stop = 'stop:duration'
  const { graph } = parts
  parts.changes.set(stop, ({ context, event }) => {
    const limit = event.limit ?? 'durationMs'
    return withContext(closeAll(context), {
      exhausted: context.exhausted ?? Object.freeze({ limit, at: event.at ?? 0 }),
      ...(graph.limits.exhausted === failTarget && { error: limitFailure(graph, limit) }),
    })
  })
  return {
    [eventNames.cancel]: [{ target: targetId(parts, cancelledState), reenter: true, actions: [] }],
    [eventNames.duration]: [{ target: targetId(parts, parts.graph.limits.exhausted), reenter: true, actions: [stop] }],
    ...redirectsInto(parts, undefined),
  }
}
